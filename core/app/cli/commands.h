/* The subcommands; main.c lists them. */
#ifndef APP_COMMANDS_H
#define APP_COMMANDS_H

#include "app/cli/flags.h"

extern const struct command command_book_check;
extern const struct command command_book_export;
extern const struct command command_book_find;
extern const struct command command_book_import;
extern const struct command command_book_merge;
extern const struct command command_book_show;
extern const struct command command_book_stats;
extern const struct command command_ctl;
extern const struct command command_demo;
extern const struct command command_init;
extern const struct command command_policy_check;
extern const struct command command_policy_diff;
extern const struct command command_policy_doc;
extern const struct command command_policy_new;
extern const struct command command_policy_show;
extern const struct command command_replay;
extern const struct command command_show_node_id;
extern const struct command command_sim;
extern const struct command command_start;
extern const struct command command_version;

#endif
