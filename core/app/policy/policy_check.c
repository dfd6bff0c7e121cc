#include "app/cli/commands.h"
#include "app/text/complain.h"
#include "app/text/report_json.h"
#include "base/text.h"
#include "ops/policy_files.h"
#include "policy/schema.h"
#include "script/script.h"
#include "uv/machine.h"
#include <stdio.h>
#include <string.h>

static const struct flag own_flags[] = {
    {"json", NULL, "Print one JSON object for each file, a line each."},
};

/* What became of one file. */
struct finding {
    const char *path;
    bool passed;
    struct script_report report;
    struct script_error error;
    char cause[POLICY_CAUSE_MAX]; /* the files could not be read; "": see error */
};

/* As the live load does: same reading, same limits, same trial. */
static void check(const char *path, struct finding *finding)
{
    *finding = (struct finding){.path = path};
    struct script_settings settings = script_settings_default();
    settings.clock_ns = machine_clock_ns;
    settings.cpu_ns = machine_cpu_ns;
    struct policy_files files = {0};
    if (policy_files_read(path, &files, finding->cause) != ERR_OK)
        return;
    *finding->cause = 0;
    enum err err = script_check(&settings, &files.source, &finding->report, &finding->error);
    finding->passed = !err;
    text_make_ascii(finding->error.message); /* a script's words reach a terminal */
    if (err == ERR_NO_MEMORY)
        snprintf(finding->cause, sizeof finding->cause, "%s: out of memory", path);
    policy_files_free(&files);
}

/* No example asks this hook: it was tried with default values alone. */
static bool is_without_example(const struct finding *finding, size_t hook)
{
    return finding->passed && finding->report.defines[hook] && finding->report.examples[hook] == 0;
}

/* ---- for people ---- */

/* The file of the error as a path: it lies beside the policy, unless it is in the binary. */
static void print_place(const struct finding *finding)
{
    const char *slash = strrchr(finding->path, '/');
    int folder_n = slash ? (int)(slash + 1 - finding->path) : 0;
    bool is_main = !*finding->error.file || strchr(finding->error.file, '/');
    if (is_main && *finding->error.file)
        complain_part("%s", finding->error.file);
    else if (is_main)
        complain_part("%s", finding->path);
    else
        complain_part("%.*s%s", folder_n, finding->path, finding->error.file);
    if (finding->error.line > 0)
        complain_part(":%d", finding->error.line);
}

static void print_error(const struct finding *finding)
{
    const struct script_error *error = &finding->error;
    if (*finding->cause) {
        complain("%s", finding->cause);
        return;
    }
    print_place(finding);
    complain(": %s%s%s", error->hook, *error->hook ? ": " : "", error->message);
}

static void print_without_example(const struct finding *finding)
{
    unsigned n = 0;
    for (size_t hook = 0; hook < HOOK_COUNT; hook++) {
        if (!is_without_example(finding, hook))
            continue;
        if (n++ == 0)
            complain_part("%s: warning: tried with default values alone, as no example asks: ",
                finding->path);
        complain_part("%s%s", n > 1 ? ", " : "", schema_hooks[hook].name);
    }
    if (n > 0)
        complain("%s", "");
}

static void print_changed(const struct finding *finding)
{
    for (unsigned i = 0; i < finding->report.changed_n; i++)
        complain(
            "%s: warning: local '%s' changes; that is lost after a load and differs in a replay, "
            "keep it in policy.state",
            finding->path, finding->report.changed[i]);
}

static void print_text(const struct finding *finding)
{
    if (finding->passed && finding->report.examples_n == 0)
        printf("%s: loads, but has no examples; luapex policy new writes a policy that has one\n",
            finding->path);
    else if (finding->passed)
        printf("%s: %u %s passed\n", finding->path, finding->report.examples_n,
            finding->report.examples_n == 1 ? "example" : "examples");
    else
        print_error(finding);
    print_without_example(finding);
    print_changed(finding);
}

/* ---- for programs ---- */

static json_t *error_json(const struct finding *finding)
{
    const struct script_error *error = &finding->error;
    if (*finding->cause)
        return json_pack("{s:o}", "message", report_text(finding->cause));
    return json_pack("{s:o, s:o, s:o, s:s, s:o}", "file", report_text_or_null(error->file), "line",
        error->line > 0 ? json_integer(error->line) : json_null(), "hook",
        report_text_or_null(error->hook), "outcome", script_outcome_name(error->outcome), "message",
        report_text(error->message));
}

static json_t *without_example_json(const struct finding *finding)
{
    json_t *names = json_array();
    for (size_t hook = 0; hook < HOOK_COUNT; hook++)
        if (is_without_example(finding, hook))
            json_array_append_new(names, json_string(schema_hooks[hook].name));
    return names;
}

static json_t *changed_json(const struct finding *finding)
{
    json_t *names = json_array();
    for (unsigned i = 0; i < finding->report.changed_n; i++)
        json_array_append_new(names, json_string(finding->report.changed[i]));
    return names;
}

static void print_json(const struct finding *finding)
{
    json_t *json =
        json_pack("{s:o, s:b}", "policy", report_text(finding->path), "passed", finding->passed);
    if (finding->passed) {
        json_object_set_new(json, "examples", json_integer(finding->report.examples_n));
        json_object_set_new(json, "without_example", without_example_json(finding));
        json_object_set_new(json, "changed_locals", changed_json(finding));
    } else {
        json_object_set_new(json, "error", error_json(finding));
    }
    report_print(json);
}

static int policy_check(const struct flags *flags)
{
    static struct finding finding;
    bool as_json = flags_has(flags, "json");
    int code = EXIT_OK;
    if (flags->arguments_n == 0)
        return flags_misuse(flags->command, "which policy? Give FILE");
    for (size_t i = 0; i < flags->arguments_n; i++) {
        check(flags->arguments[i], &finding);
        if (as_json)
            print_json(&finding);
        else
            print_text(&finding);
        if (!finding.passed)
            code = EXIT_FAILED;
    }
    return code;
}

const struct command command_policy_check = {
    .name = "policy check",
    .arguments = "FILE...",
    .arguments_max = ARGUMENTS_ANY,
    .summary = "try policies out: load them and run their examples",
    .about =
        "Does what a node does before it loads a policy: reads the file and the .lua files beside\n"
        "it, runs it in the sandbox, checks it against the schema, runs its examples and asks its\n"
        "other hooks with default values, in a fresh VM and again in the used one. Says file,\n"
        "line and cause of an error; then exit 1. Warns of hooks that no example asks, and of\n"
        "locals that the policy changes.\n",
    .flags = own_flags,
    .flags_n = sizeof own_flags / sizeof *own_flags,
    .run = policy_check,
};
