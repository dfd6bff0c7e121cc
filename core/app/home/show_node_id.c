#include "app/cli/commands.h"
#include "app/home/home.h"
#include "app/text/complain.h"
#include <stdio.h>

static const struct flag own_flags[] = {FLAG_HOME};

static int show_node_id(const struct flags *flags)
{
    struct settings settings;
    int code = home_settings(flags, &settings);
    if (code != EXIT_OK)
        return code;
    struct node_key key;
    char cause[HOME_CAUSE_MAX], id[PEER_ID_TEXT + 1];
    enum err err = home_node_key(&settings, &key, cause);
    if (err) {
        complain("luapex: error: %s", cause);
    } else {
        puts(peer_id_text(&key.id, id));
        crypto_wipe(&key, sizeof key);
    }
    settings_free(&settings);
    return err ? EXIT_FAILED : EXIT_OK;
}

const struct command command_show_node_id = {
    .name = "show-node-id",
    .arguments = "",
    .summary = "print the ID of a node",
    .about = "The ID is made from the node key: 40 hex digits. Others reach this node at "
             "ID@host:port.\n",
    .flags = own_flags,
    .flags_n = sizeof own_flags / sizeof *own_flags,
    .takes_settings = true,
    .hides_settings = true,
    .run = show_node_id,
};
