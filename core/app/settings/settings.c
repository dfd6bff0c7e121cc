#include "app/settings/settings.h"

#include "app/settings/settings_table.h"
#include "app/settings/settings_value.h"
#include "app/settings/settings_variable.h"
#include "base/nearest.h"
#include "ops/file.h"
#include "ops/toml.h"
#include <assert.h>
#include <ctype.h>
#include <inttypes.h>
#include <limits.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static_assert(SETTINGS_FILE_MAX == TOML_SIZE_MAX, "toml_read takes every file that we read");

#define WHERE_MAX sizeof((struct settings_problem *)0)->where

struct loading {
    struct settings *settings;
    struct settings_problems *problems;
    const char *path;        /* of the file */
    char section_warned[64]; /* the last one that was warned about */
    char where[SETTINGS_MAX]
              [WHERE_MAX]; /* of each setting: its last source, "" if it is the default */
};

/* ---- problems ---- */

__attribute__((format(printf, 5, 6))) static void report(struct settings_problems *problems,
    bool is_error, const char *where, const char *key, const char *format, ...)
{
    problems->errors_n += is_error;
    if (problems->n == SETTINGS_PROBLEMS_MAX)
        return;
    struct settings_problem *problem = &problems->items[problems->n++];
    problem->is_error = is_error;
    snprintf(problem->where, sizeof problem->where, "%s", where);
    snprintf(problem->key, sizeof problem->key, "%s", key);
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(problem->cause, sizeof problem->cause, format, arguments);
    va_end(arguments);
}

char *settings_problem_text(const struct settings_problem *problem, char *out, size_t cap)
{
    bool says_key = *problem->key && strncmp(problem->where, "--", 2) != 0;
    snprintf(out, cap, "%s: %s%s%s", problem->where, says_key ? problem->key : "",
        says_key ? ": " : "", problem->cause);
    return out;
}

/* ---- one value from any source ---- */

static void apply(struct loading *loading, const struct setting *setting,
    enum settings_source source, const char *where, const char *text)
{
    const char *name = setting_name(setting);
    char cause[SETTING_CAUSE_MAX];
    bool is_set = setting_set(setting, loading->settings, text, cause);
    loading->settings->sources[setting - settings_table] = (uint8_t)source;
    snprintf(loading->where[setting - settings_table], WHERE_MAX, "%s", where);
    if (!is_set)
        report(loading->problems, true, where, name, "%s", cause);
    else if (setting->is_unused && setting->doc &&
        (!setting->initial || strcmp(text, setting->initial) != 0))
        report(loading->problems, false, where, name, "has no effect: %s", setting->doc);
}

static void apply_defaults(struct loading *loading)
{
    for (size_t i = 0; i < settings_table_n; i++)
        if (settings_table[i].initial)
            apply(loading, &settings_table[i], FROM_DEFAULT, "default", settings_table[i].initial);
    char host[HOST_NAME_MAX + 1] = "";
    gethostname(host, sizeof host - 1);
    const struct setting *moniker = setting_find("", "moniker");
    char cause[SETTING_CAUSE_MAX];
    if (!setting_set(moniker, loading->settings, host, cause))
        apply(loading, moniker, FROM_DEFAULT, "default", "anonymous");
}

/* ---- config.toml ---- */

static void unknown_key(struct loading *loading, const struct settings_section *section,
    const char *where, const char *key)
{
    if (strcmp(section->name, "p2p") == 0 && strncmp(key, "test_", 5) == 0)
        return;
    const struct setting *near = setting_nearest(section->name, key);
    if (!near && !section->is_ours)
        return;
    char name[2 * SETTING_NAME_MAX];
    snprintf(name, sizeof name, "%s%s%.60s", section->name, *section->name ? "." : "", key);
    if (near)
        report(loading->problems, false, where, name, "unknown key, ignored; did you mean %s?",
            setting_name(near));
    else
        report(loading->problems, false, where, name, "unknown key, ignored");
}

/* Sections of CometBFT that mean nothing to us are silent, those that look like ours are not. */
static void unknown_section(struct loading *loading, const char *where, const char *name)
{
    if (strcmp(loading->section_warned, name) == 0)
        return;
    for (size_t i = 1; i < settings_sections_n; i++) {
        const char *known = settings_sections[i].name;
        if (!settings_sections[i].is_ours || edit_distance(name, known, 1) > 1)
            continue;
        snprintf(loading->section_warned, sizeof loading->section_warned, "%s", name);
        report(loading->problems, false, where, name,
            "unknown section, ignored; did you mean [%s]?", known);
    }
}

static void take_value(void *context, const struct toml_value *value)
{
    struct loading *loading = context;
    char where[WHERE_MAX];
    snprintf(where, sizeof where, "%s:%u", loading->path, value->line);
    const struct settings_section *section = settings_section_find(value->section);
    if (!section) {
        unknown_section(loading, where, value->section);
        return;
    }
    const struct setting *setting = setting_find(value->section, value->key);
    if (!setting) {
        unknown_key(loading, section, where, value->key);
        return;
    }
    const char *name = setting_name(setting);
    char expected[SETTING_CAUSE_MAX];
    bool is_scalar = value->kind != TOML_OTHER && value->kind != TOML_LIST;
    bool is_list = value->kind == TOML_LIST && setting_is_list(setting);
    const char *text = (const char *)value->text.at;
    if (!is_scalar && !is_list)
        report(loading->problems, true, where, name, "expected %s",
            setting_expected(setting, expected));
    else if (strlen(text) != value->text.n)
        report(loading->problems, true, where, name, "holds a NUL");
    else
        apply(loading, setting, FROM_FILE, where, text);
}

static void take_file(struct loading *loading, const char *home)
{
    struct file_text file;
    char cause[FILE_CAUSE_MAX];
    enum err err = file_read(loading->path, SETTINGS_FILE_MAX, false, &file, cause);
    if (err == ERR_NOT_FOUND) {
        report(loading->problems, true, loading->path, "",
            "not found; make a home with: luapex init --home %s --network NAME, or name another "
            "with --home",
            home);
        return;
    } else if (err) {
        report(loading->problems, true, loading->path, "", "%s", cause);
        return;
    }
    struct toml_problem problem;
    err = toml_read(span_of(file.text, file.n), take_value, loading, &problem);
    free(file.text);
    if (!err)
        return;
    char where[WHERE_MAX];
    snprintf(where, sizeof where, "%s:%u", loading->path, problem.line);
    report(loading->problems, true, problem.line ? where : loading->path, "", "%s", problem.cause);
}

/* ---- environment ---- */

static void take_environment(struct loading *loading, char *const *environment)
{
    char name[SETTINGS_VARIABLE_MAX], meant[SETTINGS_VARIABLE_MAX];
    for (size_t i = 0; i < settings_table_n; i++) {
        const char *value = settings_variable(environment, &settings_table[i], name);
        if (value)
            apply(loading, &settings_table[i], FROM_VARIABLE, name, value);
    }
    for (; *environment; environment++)
        if (settings_variable_is_slip(*environment, name, meant))
            report(loading->problems, false, name, "",
                "unknown variable, ignored; did you mean %s?", meant);
}

/* ---- command line and the whole ---- */

static void take_flags(struct loading *loading, const struct settings_override *flags, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        char where[SETTINGS_VARIABLE_MAX];
        snprintf(where, sizeof where, "--%s", flags[i].name);
        const struct setting *setting = setting_find_name(flags[i].name);
        if (setting)
            apply(loading, setting, FROM_FLAG, where, flags[i].value);
        else
            report(loading->problems, true, where, "", "unknown setting");
    }
}

bool settings_problems_are_of_flags(const struct settings_problems *problems)
{
    for (unsigned i = 0; i < problems->n; i++)
        if (problems->items[i].is_error && strncmp(problems->items[i].where, "--", 2) != 0)
            return false;
    return problems->errors_n > 0;
}

/* About one key and others together; `where` is where the key was set last. */
static void report_together(
    struct loading *loading, bool is_error, const char *section, const char *key, const char *cause)
{
    const struct setting *setting = setting_find(section, key);
    const char *where = loading->where[setting - settings_table];
    report(loading->problems, is_error, where, setting_name(setting), "%s", cause);
}

static void check_together(struct loading *loading)
{
    const struct settings *settings = loading->settings;
    if (settings->p2p.seed_mode && !settings->p2p.pex)
        report_together(loading, true, "p2p", "seed_mode", "a seed needs p2p.pex = true");
    if (settings->policy.turn_fuse_ms < settings->policy.fuse_ms)
        report_together(loading, true, "policy", "turn_fuse", "is shorter than policy.fuse");
    if (settings->pex.pong_timeout_ms >= settings->pex.ping_interval_ms)
        report_together(loading, true, "pex", "pong_timeout", "is not shorter than ping_interval");
    if (settings->pex.lookup_retry_max_ms < settings->pex.lookup_retry_min_ms)
        report_together(
            loading, true, "pex", "lookup_retry_max", "is shorter than lookup_retry_min");
    if (settings->pex.answer_max < settings->pex.answer_min)
        report_together(loading, true, "pex", "answer_max", "is less than answer_min");
    if (settings->pex.own_request_spacing_ms < 10000)
        report_together(loading, false, "pex", "own_request_spacing",
            "CometBFT peers with default settings ban who asks them twice within 10s");
}

static struct loading *loading_new(struct settings *settings, struct settings_problems *problems)
{
    struct loading *loading = calloc(1, sizeof *loading);
    if (!loading)
        return NULL;
    loading->settings = settings;
    loading->problems = problems;
    return loading;
}

static void take_all(struct loading *loading, const char *home, char *const *environment,
    const struct settings_override *flags, size_t flags_n)
{
    apply_defaults(loading);
    if (home)
        take_file(loading, home);
    if (environment)
        take_environment(loading, environment);
    take_flags(loading, flags, flags_n);
    check_together(loading);
}

enum err settings_load(const char *home, char *const *environment,
    const struct settings_override *flags, size_t flags_n, struct settings *settings,
    struct settings_problems *problems)
{
    problems->n = problems->errors_n = 0;
    struct settings fresh = {.home = strdup(home ? home : "")};
    struct loading *loading = loading_new(&fresh, problems);
    char *path = fresh.home ? settings_path(&fresh, SETTINGS_FILE) : NULL;
    enum err err = loading && path ? ERR_OK : ERR_NO_MEMORY;
    if (!err) {
        loading->path = path;
        take_all(loading, home, environment, flags, flags_n);
        err = problems->errors_n > 0 ? ERR_INVALID : ERR_OK;
    }
    free(path);
    free(loading);
    if (err)
        settings_free(&fresh);
    else
        *settings = fresh;
    return err;
}

enum err settings_default(struct settings *settings)
{
    struct settings_problems *problems = calloc(1, sizeof *problems);
    if (!problems)
        return ERR_NO_MEMORY;
    enum err err = settings_load(NULL, NULL, NULL, 0, settings, problems);
    free(problems);
    return err;
}

void settings_free(struct settings *settings)
{
    for (size_t i = 0; i < settings_table_n; i++)
        setting_clear(&settings_table[i], settings);
    free(settings->home);
    settings->home = NULL;
}

/* ---- paths ---- */

static char *join(const char *folder, const char *name)
{
    char *path;
    return asprintf(&path, "%s/%s", folder, name) < 0 ? NULL : path;
}

char *settings_home(const char *given)
{
    if (given)
        return *given ? strdup(given) : NULL;
    const char *home = getenv(SETTINGS_HOME_VARIABLE);
    if (home && *home)
        return strdup(home);
    home = getenv("HOME");
    return home && *home ? join(home, ".luapex") : NULL;
}

char *settings_path(const struct settings *settings, const char *path)
{
    return *path == '/' || !*settings->home ? strdup(path) : join(settings->home, path);
}
