#include "app/cli/flags.h"

#include "app/settings/settings_table.h"
#include "app/settings/settings_template.h"
#include "app/text/complain.h"
#include "app/text/duration.h"
#include "app/text/wrap.h"
#include "base/nearest.h"
#include <errno.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define FLAG_NAME_MAX 64

int flags_misuse(const struct command *command, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    complain_part("luapex %s: ", command->name);
    complain_list(format, arguments);
    complain(" (see luapex %s --help)", command->name);
    va_end(arguments);
    return EXIT_MISUSE;
}

/* ---- parsing ---- */

/* A flag as it was found: --NAME, --NAME=VALUE or --NAME VALUE. */
struct found {
    const char *spelled; /* the whole argument */
    char name[FLAG_NAME_MAX];
    const char *value; /* after '=', NULL: none */
};

static bool split(const char *argument, struct found *found)
{
    const char *name = argument + 2;
    size_t n = strcspn(name, "=");
    *found = (struct found){.spelled = argument, .value = name[n] ? name + n + 1 : NULL};
    if (n >= sizeof found->name)
        return false;
    memcpy(found->name, name, n);
    return true;
}

static bool same_name(const char *a, const char *b)
{
    for (; *a && *b; a++, b++)
        if (*a != *b && !((*a == '-' || *a == '_') && (*b == '-' || *b == '_')))
            return false;
    return *a == *b;
}

static const struct flag *own_flag(const struct command *command, const char *name)
{
    for (size_t i = 0; i < command->flags_n; i++)
        if (same_name(command->flags[i].name, name))
            return &command->flags[i];
    return NULL;
}

static void misuse_unknown(const struct command *command, const struct found *found)
{
    struct nearest nearest = nearest_to(found->name);
    size_t settings_n = command->takes_settings ? settings_table_n : 0;
    for (size_t i = 0; i < command->flags_n; i++)
        nearest_try(&nearest, command->flags[i].name);
    for (size_t i = 0; i < settings_n; i++)
        nearest_try(&nearest, setting_name(&settings_table[i]));
    if (nearest.found)
        flags_misuse(command, "unknown flag %s, did you mean --%s?", found->spelled, nearest.found);
    else
        flags_misuse(command, "unknown flag %s", found->spelled);
}

/* The value of a flag that needs one: after '=', or the next argument. */
static bool take_value(
    const struct command *command, struct found *found, int argc, char **argv, int *at)
{
    if (!found->value && *at + 1 < argc)
        found->value = argv[++*at];
    if (!found->value)
        flags_misuse(command, "%s needs a value", found->spelled);
    return found->value != NULL;
}

static bool add(struct flags *flags, bool is_own, const char *name, const char *value)
{
    if (flags->own_n + flags->settings_n == FLAGS_MAX) {
        flags_misuse(flags->command, "more than %d flags", FLAGS_MAX);
        return false;
    }
    struct settings_override *slot =
        is_own ? &flags->own[flags->own_n++] : &flags->settings[flags->settings_n++];
    *slot = (struct settings_override){name, value};
    return true;
}

static bool take_own(struct flags *flags, const struct flag *flag, struct found *found, int argc,
    char **argv, int *at)
{
    if (!flag->value && found->value) {
        flags_misuse(flags->command, "--%s takes no value", flag->name);
        return false;
    }
    if (!flag->value)
        return add(flags, true, flag->name, "");
    return take_value(flags->command, found, argc, argv, at) &&
        add(flags, true, flag->name, found->value);
}

static bool take_setting(struct flags *flags, const struct setting *setting, struct found *found,
    int argc, char **argv, int *at)
{
    if (setting->type == SETTING_BOOLEAN && !found->value)
        found->value = "true";
    return take_value(flags->command, found, argc, argv, at) &&
        add(flags, false, setting_name(setting), found->value);
}

static bool take_flag(struct flags *flags, int argc, char **argv, int *at)
{
    struct found found;
    if (split(argv[*at], &found)) {
        const struct flag *own = own_flag(flags->command, found.name);
        if (own)
            return take_own(flags, own, &found, argc, argv, at);
        const struct setting *setting = setting_find_name(found.name);
        if (setting && flags->command->takes_settings)
            return take_setting(flags, setting, &found, argc, argv, at);
    }
    misuse_unknown(flags->command, &found);
    return false;
}

static void misuse_argument(const struct flags *flags, const char *argument)
{
    bool is_word = strcmp(argument, "true") == 0 || strcmp(argument, "false") == 0;
    const char *last = flags->settings_n > 0 ? flags->settings[flags->settings_n - 1].name : NULL;
    if (is_word && last && setting_find_name(last)->type == SETTING_BOOLEAN)
        flags_misuse(
            flags->command, "unexpected argument '%s'; write --%s=%s", argument, last, argument);
    else
        flags_misuse(flags->command, "unexpected argument '%s'", argument);
}

static bool take_argument(struct flags *flags, const char *argument)
{
    if (flags->arguments_n == flags->command->arguments_max) {
        misuse_argument(flags, argument);
        return false;
    }
    flags->arguments[flags->arguments_n++] = argument;
    return true;
}

bool flags_parse(const struct command *command, int argc, char **argv, struct flags *flags)
{
    *flags = (struct flags){.command = command, .arguments = (const char **)argv};
    bool only_arguments = false;
    for (int i = 0; i < argc; i++) {
        bool is_fine = true;
        if (only_arguments || argv[i][0] != '-' || !argv[i][1])
            is_fine = take_argument(flags, argv[i]);
        else if (strcmp(argv[i], "--") == 0)
            only_arguments = true;
        else if (strcmp(argv[i], "--help") == 0 || strcmp(argv[i], "-h") == 0)
            flags->wants_help = true;
        else if (argv[i][1] == '-')
            is_fine = take_flag(flags, argc, argv, &i);
        else
            is_fine = !flags_misuse(command, "unknown flag %s", argv[i]);
        if (!is_fine)
            return false;
    }
    argv[flags->arguments_n] = NULL;
    return true;
}

/* ---- values ---- */

const char *flags_value(const struct flags *flags, const char *name)
{
    const char *value = NULL;
    for (size_t i = 0; i < flags->own_n; i++)
        if (strcmp(flags->own[i].name, name) == 0)
            value = flags->own[i].value;
    return value;
}

size_t flags_count(const struct flags *flags, const char *name)
{
    size_t n = 0;
    for (size_t i = 0; i < flags->own_n; i++)
        n += strcmp(flags->own[i].name, name) == 0;
    return n;
}

const char *flags_nth(const struct flags *flags, const char *name, size_t n)
{
    for (size_t i = 0; i < flags->own_n; i++)
        if (strcmp(flags->own[i].name, name) == 0 && n-- == 0)
            return flags->own[i].value;
    return NULL;
}

bool flags_has(const struct flags *flags, const char *name)
{
    return flags_value(flags, name) != NULL;
}

bool flags_integer(
    const struct flags *flags, const char *name, int64_t min, int64_t max, int64_t *value)
{
    const char *text = flags_value(flags, name);
    if (!text)
        return true;
    char *end;
    errno = 0;
    long long number = strtoll(text, &end, 10);
    if (end == text || *end || errno || number < min || number > max) {
        flags_misuse(flags->command, "--%s %s is not an integer from %" PRId64 " to %" PRId64, name,
            text, min, max);
        return false;
    }
    *value = number;
    return true;
}

bool flags_duration(
    const struct flags *flags, const char *name, int64_t min_ms, int64_t max_ms, int64_t *ms)
{
    const char *text = flags_value(flags, name);
    if (!text)
        return true;
    char low[DURATION_TEXT_MAX], high[DURATION_TEXT_MAX];
    int64_t parsed;
    if (!duration_parse(text, &parsed, NULL) || parsed < min_ms || parsed > max_ms) {
        flags_misuse(flags->command, "--%s %s is not a duration from %s to %s", name, text,
            duration_text(min_ms, low), duration_text(max_ms, high));
        return false;
    }
    *ms = parsed;
    return true;
}

/* ---- help ---- */

static void print_flag(const char *name, const char *value, const char *doc)
{
    char spelled[FLAG_NAME_MAX], left[FLAG_COLUMN + FLAG_NAME_MAX];
    snprintf(spelled, sizeof spelled, "%s%s%s", name, value ? " " : "", value ? value : "");
    snprintf(left, sizeof left, FLAG_LEFT, spelled);
    wrap_write(stdout, left, FLAG_INDENT, doc);
}

void flags_help(const struct command *command)
{
    printf("luapex %s: %s\n\n", command->name, command->summary);
    printf("Usage: luapex %s [FLAGS]%s%s\n\n", command->name, *command->arguments ? " " : "",
        command->arguments);
    fputs(command->about, stdout);
    puts("\nFlags:");
    for (size_t i = 0; i < command->flags_n; i++)
        print_flag(command->flags[i].name, command->flags[i].value, command->flags[i].doc);
    print_flag("help", NULL, "This text.");
    if (command->more)
        command->more();
    if (!command->takes_settings)
        return;
    if (command->hides_settings) {
        puts("\nSettings of the node are flags too; luapex start --help has them.");
        return;
    }
    puts("\nSettings, which come before those of config.toml; ranges are written there. Switches:\n"
         "--p2p.pex is on, --p2p.pex=false off. [Default]:\n");
    settings_flags_write(stdout);
}
