#include "app/commands.h"
#include "wire/node_info.h"
#include <luajit.h>
#include <sodium.h>
#include <stdio.h>
#include <uv.h>

static const struct flag own_flags[] = {{"json", NULL, "As a JSON object."}};

static int version(const struct flags *flags)
{
    if (!flags_has(flags, "json")) {
        puts("luapex " LUAPEX_VERSION);
        return EXIT_OK;
    }
    printf("{\"luapex\":\"%s\",\"p2p_protocol\":%d,\"block_protocol\":%d,"
           "\"luajit\":\"%s\",\"libuv\":\"%s\",\"libsodium\":\"%s\"}\n",
        LUAPEX_VERSION, P2P_PROTOCOL, BLOCK_PROTOCOL, LUAJIT_VERSION, uv_version_string(),
        sodium_version_string());
    return EXIT_OK;
}

const struct command command_version = {
    .name = "version",
    .arguments = "",
    .summary = "print the version",
    .about = "With --json also the protocol versions and those of the libraries in use.\n",
    .flags = own_flags,
    .flags_n = sizeof own_flags / sizeof *own_flags,
    .run = version,
};
