/* The command line of one subcommand: its own flags, and settings given as flags.
 *
 *     --home DIR   --home=DIR   --json   --p2p.seed_mode   --p2p.pex=false   --p2p.external-address
 * X
 *
 * '-' and '_' are the same inside a name. A boolean setting needs no value; "=false" switches it
 * off. The last of two equal flags counts. After "--" only arguments follow.
 */
#ifndef APP_FLAGS_H
#define APP_FLAGS_H

#include "app/settings/settings.h"

#define FLAGS_MAX 128 /* of one command line */
#define ARGUMENTS_ANY SIZE_MAX

enum { EXIT_OK = 0, EXIT_FAILED = 1, EXIT_MISUSE = 2 };

/* A flag of a subcommand's own. */
struct flag {
    const char *name;  /* "home" */
    const char *value; /* what stands for its value in help: "DIR"; NULL: a switch */
    const char *doc;
};

#define FLAG_HOME                                                                                  \
    {                                                                                              \
        "home", "DIR", "Directory of this node; default: $LUAPEX_HOME, else ~/.luapex."            \
    }

struct flags;

struct command {
    const char *name;
    const char *arguments; /* "" or as in help: "[COMMAND]" */
    size_t arguments_max;
    const char *summary; /* one line */
    const char *about;   /* paragraphs for its help, lines already cut; ends with a newline */
    const struct flag *flags;
    size_t flags_n;
    bool takes_settings; /* every setting is a flag too ... */
    bool hides_settings; /* ... but its help does not list them */
    void (*more)(void);  /* prints the end of its help; NULL: there is none */
    int (*run)(const struct flags *flags);
    int (*run_words)(int argc, char **argv); /* instead of run: it reads its command line itself */
};

/* Borrows argv, whose beginning becomes the arguments and a NULL behind them. */
struct flags {
    const struct command *command;
    bool wants_help;
    struct settings_override own[FLAGS_MAX]; /* switches have the value "" */
    size_t own_n;
    struct settings_override settings[FLAGS_MAX];
    size_t settings_n;
    const char **arguments;
    size_t arguments_n;
};

/* argv begins after the subcommand's name. False: misuse, which was told to the user. */
bool flags_parse(const struct command *command, int argc, char **argv, struct flags *flags);

/* The value of an own flag; NULL: not given. */
const char *flags_value(const struct flags *flags, const char *name);
/* Of a flag that may be given several times: how often, and the value of each. */
size_t flags_count(const struct flags *flags, const char *name);
const char *flags_nth(const struct flags *flags, const char *name, size_t n);
bool flags_has(const struct flags *flags, const char *name);
/* The value as a number or in milliseconds; *value keeps what it holds when the flag is not given.
 * False: misuse, which was told to the user. */
bool flags_integer(
    const struct flags *flags, const char *name, int64_t min, int64_t max, int64_t *value);
bool flags_duration(
    const struct flags *flags, const char *name, int64_t min_ms, int64_t max_ms, int64_t *ms);

/* Tells what is wrong with the command line, in one line with a hint; returns EXIT_MISUSE. */
__attribute__((format(printf, 2, 3))) int flags_misuse(
    const struct command *command, const char *format, ...);

/* The help page of a subcommand, to standard output. */
void flags_help(const struct command *command);

#endif
