#include "app/commands.h"
#include "app/nearest.h"
#include "crypto/node_key.h"
#include <stdio.h>
#include <string.h>

static const struct command *const commands[] = {
    &command_init,
    &command_start,
    &command_demo,
    &command_show_node_id,
    &command_version,
};
#define COMMANDS_N (sizeof commands / sizeof *commands)

static const struct command *command_find(const char *name)
{
    for (size_t i = 0; i < COMMANDS_N; i++)
        if (strcmp(commands[i]->name, name) == 0)
            return commands[i];
    return NULL;
}

static int misuse_command(const char *name)
{
    for (size_t i = 0; i < COMMANDS_N; i++) {
        if (edit_distance(name, commands[i]->name, 2) <= 2) {
            fprintf(stderr, "luapex: unknown command '%s', did you mean %s? See luapex help\n",
                name, commands[i]->name);
            return EXIT_MISUSE;
        }
    }
    fprintf(stderr, "luapex: unknown command '%s'; see luapex help\n", name);
    return EXIT_MISUSE;
}

static void print_usage(FILE *out)
{
    fputs("luapex: a peer-exchange node for Tendermint and CometBFT networks, steered by Lua\n\n"
          "Usage: luapex COMMAND [FLAGS]\n\nCommands:\n",
        out);
    for (size_t i = 0; i < COMMANDS_N; i++)
        fprintf(out, "  %-14s %s\n", commands[i]->name, commands[i]->summary);
    fprintf(out, "  %-14s %s\n", "help [COMMAND]", "print this, or what a command does");
    fputs("\nExit status: 0 all well, 1 something failed, 2 wrong usage.\n", out);
}

static int help(int argc, char **argv)
{
    if (argc == 0) {
        print_usage(stdout);
        return EXIT_OK;
    }
    const struct command *command = command_find(argv[0]);
    if (!command)
        return misuse_command(argv[0]);
    flags_help(command);
    return EXIT_OK;
}

static int run(const struct command *command, int argc, char **argv)
{
    static struct flags flags;
    if (!flags_parse(command, argc, argv, &flags))
        return EXIT_MISUSE;
    if (flags.wants_help) {
        flags_help(command);
        return EXIT_OK;
    }
    if (!crypto_init()) {
        fprintf(stderr, "luapex: error: this machine has no entropy\n");
        return EXIT_FAILED;
    }
    return command->run(&flags);
}

int main(int argc, char **argv)
{
    if (argc < 2) {
        print_usage(stderr);
        return EXIT_MISUSE;
    }
    const char *name = argv[1];
    if (strcmp(name, "help") == 0 || strcmp(name, "--help") == 0 || strcmp(name, "-h") == 0)
        return help(argc - 2, argv + 2);
    if (strcmp(name, "--version") == 0)
        name = "version";
    const struct command *command = command_find(name);
    return command ? run(command, argc - 2, argv + 2) : misuse_command(name);
}
