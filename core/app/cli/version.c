#include "app/cli/commands.h"
#include "wire/node_info.h"
#include <stdio.h>

static const struct flag own_flags[] = {{"json", NULL, "As a JSON object."}};

static int version(const struct flags *flags)
{
    if (!flags_has(flags, "json")) {
        puts("luapex " LUAPEX_VERSION);
        return EXIT_OK;
    }
    printf("{\"luapex\":\"%s\",\"p2p_protocol\":%d,\"block_protocol\":%d}\n", LUAPEX_VERSION,
        P2P_PROTOCOL, BLOCK_PROTOCOL);
    return EXIT_OK;
}

const struct command command_version = {
    .name = "version",
    .arguments = "",
    .summary = "print the version",
    .about = "With --json also the versions of the protocol that it speaks.\n",
    .flags = own_flags,
    .flags_n = sizeof own_flags / sizeof *own_flags,
    .run = version,
};
