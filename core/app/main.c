#include "app/cli/commands.h"
#include "app/text/complain.h"
#include "base/nearest.h"
#include "crypto/node_key.h"
#include <errno.h>
#include <malloc.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#define LARGE_BLOCK (128 * 1024)

static const struct command *const commands[] = {
    &command_init,
    &command_start,
    &command_demo,
    &command_book_show,
    &command_book_stats,
    &command_book_find,
    &command_book_export,
    &command_book_import,
    &command_book_merge,
    &command_book_check,
    &command_policy_new,
    &command_policy_check,
    &command_policy_doc,
    &command_policy_show,
    &command_policy_diff,
    &command_sim,
    &command_ctl,
    &command_replay,
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

/* A group is the first word of commands of two: "policy" of "policy new". */
static bool is_in_group(const struct command *command, const char *group)
{
    size_t n = strlen(group);
    return strncmp(command->name, group, n) == 0 && command->name[n] == ' ';
}

static bool is_group(const char *name)
{
    for (size_t i = 0; i < COMMANDS_N; i++)
        if (is_in_group(commands[i], name))
            return true;
    return false;
}

static int misuse_command(const char *name)
{
    for (size_t i = 0; i < COMMANDS_N; i++) {
        if (edit_distance(name, commands[i]->name, 2) <= 2) {
            complain("luapex: unknown command '%s', did you mean %s? See luapex help", name,
                commands[i]->name);
            return EXIT_MISUSE;
        }
    }
    complain("luapex: unknown command '%s'; see luapex help", name);
    return EXIT_MISUSE;
}

/* Those of a group, or all (group NULL). */
static void print_commands(FILE *out, const char *group)
{
    for (size_t i = 0; i < COMMANDS_N; i++)
        if (!group || is_in_group(commands[i], group))
            fprintf(out, "  %-16s %s\n", commands[i]->name, commands[i]->summary);
}

static void print_usage(FILE *out)
{
    fputs("luapex: a peer-exchange node for Tendermint and CometBFT networks, steered by Lua\n\n"
          "Usage: luapex COMMAND [FLAGS]\n\nCommands:\n",
        out);
    print_commands(out, NULL);
    fprintf(out, "  %-16s %s\n", "help [COMMAND]", "print this, or what a command does");
    fputs("\nExit status: 0 all well, 1 something failed, 2 wrong usage.\n", out);
}

static int print_group(const char *group)
{
    printf("Usage: luapex %s COMMAND [FLAGS]\n\nCommands:\n", group);
    print_commands(stdout, group);
    printf("\nluapex %s COMMAND --help: what it does, and its flags.\n", group);
    return EXIT_OK;
}

static bool is_help(const char *word)
{
    return strcmp(word, "help") == 0 || strcmp(word, "--help") == 0 || strcmp(word, "-h") == 0;
}

/* The command that the first one or two words name. False: misuse, which was told to the user, or
 * help for a group, which was printed; *code says which. */
static bool take_command(
    int argc, char **argv, const struct command **command, int *words, int *code)
{
    char name[64];
    *words = 1;
    *command = command_find(argv[0]);
    if (*command)
        return true;
    bool is_grouped = is_group(argv[0]);
    if (is_grouped && argc > 1 && is_help(argv[1])) {
        *code = print_group(argv[0]);
        return false;
    }
    if (is_grouped && (argc < 2 || argv[1][0] == '-')) {
        complain("luapex %s: which command? See luapex %s --help", argv[0], argv[0]);
        *code = EXIT_MISUSE;
        return false;
    }
    snprintf(
        name, sizeof name, "%s%s%s", argv[0], is_grouped ? " " : "", is_grouped ? argv[1] : "");
    *words = 2;
    *command = is_grouped ? command_find(name) : NULL;
    if (!*command)
        *code = misuse_command(name);
    return *command != NULL;
}

static int help(int argc, char **argv)
{
    const struct command *command;
    int words, code;
    if (argc == 0) {
        print_usage(stdout);
        return EXIT_OK;
    }
    if (argc == 1 && is_group(argv[0]))
        return print_group(argv[0]);
    if (!take_command(argc, argv, &command, &words, &code))
        return code;
    flags_help(command);
    return EXIT_OK;
}

static int run(const struct command *command, int argc, char **argv)
{
    static struct flags flags;
    if (command->run_words)
        return command->run_words(argc, argv);
    if (!flags_parse(command, argc, argv, &flags))
        return EXIT_MISUSE;
    if (flags.wants_help) {
        flags_help(command);
        return EXIT_OK;
    }
    if (!crypto_init()) {
        complain("luapex: error: this machine has no entropy");
        return EXIT_FAILED;
    }
    return command->run(&flags);
}

/* Large blocks go back to the system when they are freed. Left to itself glibc keeps them once the
 * first was freed: images of the book, megabytes each, then leave the heap in pieces. */
static void give_large_blocks_back(void)
{
#ifdef M_MMAP_THRESHOLD
    mallopt(M_MMAP_THRESHOLD, LARGE_BLOCK);
#endif
}

static int start_command(int argc, char **argv)
{
    static char version[] = "version";
    const struct command *command;
    int words, code;
    if (argc < 2) {
        print_usage(stderr);
        return EXIT_MISUSE;
    }
    if (is_help(argv[1]))
        return help(argc - 2, argv + 2);
    if (strcmp(argv[1], "--version") == 0)
        argv[1] = version;
    if (!take_command(argc - 1, argv + 1, &command, &words, &code))
        return code;
    return run(command, argc - 1 - words, argv + 1 + words);
}

/* Of a pipe or a socket: it had enough. */
static bool has_reader_left(void)
{
    struct pollfd output = {.fd = STDOUT_FILENO, .events = POLLOUT};
    return poll(&output, 1, 0) > 0 && (output.revents & POLLERR);
}

/* What was printed is on its way; if not, that is a failure, unless there was one already. */
static int finish(int code)
{
    bool was_bad = ferror(stdout);
    errno = 0;
    if ((fflush(stdout) == 0 && !was_bad) || code != EXIT_OK || has_reader_left())
        return code;
    complain("luapex: error: standard output: %s", errno ? strerror(errno) : "not all was written");
    return EXIT_FAILED;
}

int main(int argc, char **argv)
{
    give_large_blocks_back();
    return finish(start_command(argc, argv));
}
