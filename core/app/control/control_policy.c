/* Which rules decide: policy. */
#include "app/control/control_policy_inside.h"
#include "ops/policy_files.h"
#include "policy/schema.h"
#include "script/source.h"

#include <stdlib.h>
#include <string.h>

static json_t *hooks_json(const struct script_stats *stats)
{
    json_t *rows = json_array();
    for (size_t i = 0; i < HOOK_COUNT; i++) {
        const struct script_hook_stats *hook = &stats->live[i];
        if (hook->calls == 0)
            continue;
        json_array_append_new(rows,
            json_pack("{s:s, s:I, s:I, s:I, s:f, s:f, s:b}", "hook", schema_hooks[i].name, "calls",
                (json_int_t)hook->calls, "errors", (json_int_t)hook->errors, "skipped",
                (json_int_t)hook->skipped, "mean_us",
                (double)hook->time_ns / 1000 / (double)hook->calls, "max_us",
                (double)hook->time_max_ns / 1000, "fallen_back", hook->fallen_back));
    }
    return rows;
}

/* The policy in the binary was there from the start. */
static double loaded_at(const struct controller *controller, double loaded_at_s)
{
    struct now now = control_now(controller);
    return loaded_at_s > 0 ? loaded_at_s
                           : (double)(now.wall_ms - (now.mono_ms - controller->started_ms)) / 1000;
}

static json_t *generations_json(const struct controller *controller)
{
    struct script_generation list[SCRIPT_GENERATIONS_MAX];
    size_t n = script_generations(control_script(controller), list);
    json_t *rows = json_array();
    for (size_t i = 0; i < n; i++)
        json_array_append_new(rows,
            json_pack("{s:I, s:o, s:I, s:s, s:f}", "number", (json_int_t)list[i].number, "name",
                report_text(list[i].name), "version", (json_int_t)list[i].version, "hash",
                list[i].hash, "loaded", loaded_at(controller, list[i].loaded_at)));
    return rows;
}

static void compare_with_file(const char *path, const char *hash, char *text, size_t cap)
{
    char found[SCRIPT_HASH_TEXT + 1], cause[POLICY_CAUSE_MAX];
    struct policy_files files = {0};
    if (policy_files_read(path, &files, cause) != ERR_OK) {
        snprintf(text, cap, "%s", cause);
        return;
    }
    source_hash(&files.source, found);
    policy_files_free(&files);
    if (strcmp(found, hash) != 0)
        snprintf(text, cap, "%.300s holds %s", path, found);
}

/* How the next start would run another policy, in words; "": it would not. */
static void compare_with_config(
    const struct controller *controller, const char *hash, char *text, size_t cap)
{
    const struct settings *settings = controller->settings;
    const char *next = control_next_start(controller, setting_find("policy", "file"));
    const char *file = next ? next : settings->policy.file;
    char *path = *file ? settings_path(settings, file) : NULL;
    char found[SCRIPT_HASH_TEXT + 1];
    struct script_source builtin;
    text[0] = 0;
    if (path) {
        compare_with_file(path, hash, text, cap);
    } else if (script_builtin("default", &builtin) == ERR_OK) {
        source_hash(&builtin, found);
        if (strcmp(found, hash) != 0)
            snprintf(text, cap, "config.toml names no file, so the next start runs default");
    }
    free(path);
}

/* The last load that failed, unless one has succeeded since. */
static void put_refusal(
    json_t *into, const struct script *script, const struct script_stats *running)
{
    const struct script_refusal *refusal = script_refused(script);
    if (!refusal)
        return;
    const struct script_error *error = &refusal->error;
    char cause[SCRIPT_ERROR_TEXT_MAX];
    struct script_error placeless = *error;
    placeless.file[0] = 0;
    placeless.line = 0;
    json_t *row = json_pack("{s:f, s:o, s:o}", "time", refusal->time, "cause",
        report_text(script_error_text(&placeless, cause)), "in_force",
        json_sprintf("%s version %lld", running->name, (long long)running->version));
    json_object_set_new(row, "taken_back", json_boolean(refusal->taken_back));
    if (*error->file)
        json_object_set_new(row, "file", report_text(error->file));
    if (error->line > 0)
        json_object_set_new(row, "line", json_integer(error->line));
    json_object_set_new(into, "refused", row);
}

void control_policy(void *context, struct control_request *request)
{
    const struct controller *controller = context;
    struct script *script = control_script(controller);
    struct script_stats stats;
    char differs[POLICY_CAUSE_MAX], error[SCRIPT_ERROR_TEXT_MAX];
    script_stats(script, &stats);
    compare_with_config(controller, stats.hash, differs, sizeof differs);
    json_t *json =
        json_pack("{s:o, s:I, s:s, s:I, s:f, s:o, s:o, s:o, s:I, s:I, s:I, s:I, s:o, s:o, s:o}",
            "name", report_text(stats.name), "version", (json_int_t)stats.version, "hash",
            stats.hash, "generation", (json_int_t)stats.generation, "loaded",
            loaded_at(controller, stats.loaded_at), "file",
            report_text(controller->settings->policy.file), "differs", report_text(differs),
            "last_error", report_text(script_error_text(&stats.last_error, error)), "memory",
            (json_int_t)stats.memory, "loads", (json_int_t)stats.loads, "load_errors",
            (json_int_t)stats.load_errors, "rollbacks", (json_int_t)stats.rollbacks, "hooks",
            hooks_json(&stats), "params", control_params_json(script), "generations",
            generations_json(controller));
    control_put_state(json, &stats);
    put_refusal(json, script, &stats);
    control_answer(request, json);
}
