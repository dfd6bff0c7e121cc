/* Which rules decide: policy, its load and roll-back, parameters, shadow runs. */
#include "app/control/control_inside.h"
#include "app/policy/policy_keep.h"
#include "app/policy/policy_trial.h"
#include "app/settings/settings_value.h"
#include "ops/policy_files.h"
#include "policy/schema.h"
#include "script/shadow.h"
#include "script/source.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

static struct script *script_of(const struct controller *controller)
{
    return controller->runner->script;
}

static double seconds_now(const struct controller *controller)
{
    return (double)control_now(controller).wall_ms / 1000;
}

static void refuse_script(
    struct control_request *request, const char *what, const struct script_error *error)
{
    if (error->line > 0)
        control_refuse(request, CONTROL_REFUSED, "%s: %s:%d: %s%s%s", what, error->file,
            error->line, *error->hook ? error->hook : "", *error->hook ? ": " : "", error->message);
    else
        control_refuse(request, CONTROL_REFUSED, "%s: %s", what, error->message);
}

/* ---- what runs ---- */

static json_t *hooks_json(const struct script_stats *stats)
{
    json_t *rows = json_array();
    for (size_t i = 0; i < HOOK_COUNT; i++) {
        const struct script_hook_stats *hook = &stats->hooks[i];
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
    size_t n = script_generations(script_of(controller), list);
    json_t *rows = json_array();
    for (size_t i = 0; i < n; i++)
        json_array_append_new(rows,
            json_pack("{s:I, s:o, s:I, s:s, s:f}", "number", (json_int_t)list[i].number, "name",
                report_text(list[i].name), "version", (json_int_t)list[i].version, "hash",
                list[i].hash, "loaded", loaded_at(controller, list[i].loaded_at)));
    return rows;
}

static void put_number(json_t *into, const char *name, double value)
{
    if (isfinite(value))
        json_object_set_new(into, name, json_real(value));
}

static void add_param(void *context, const struct script_param *param)
{
    json_t *row = json_pack("{s:o, s:o, s:o, s:o, s:o, s:o, s:s}", "name", report_text(param->name),
        "value", report_text(param->value), "default", report_text(param->initial), "unit",
        report_text(param->unit ? param->unit : ""), "doc",
        report_text(param->doc ? param->doc : ""), "policy", report_text(param->policy), "kind",
        param->kind);
    put_number(row, "min", param->min);
    put_number(row, "max", param->max);
    json_array_append_new(context, row);
}

static json_t *params_json(struct script *script)
{
    json_t *rows = json_array();
    script_params(script, add_param, rows);
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
    char *path = *settings->policy.file ? settings_path(settings, settings->policy.file) : NULL;
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

void control_policy(void *context, struct control_request *request)
{
    const struct controller *controller = context;
    struct script *script = script_of(controller);
    struct script_stats stats;
    char differs[POLICY_CAUSE_MAX];
    script_stats(script, &stats);
    compare_with_config(controller, stats.hash, differs, sizeof differs);
    control_answer(request,
        json_pack("{s:o, s:I, s:s, s:I, s:f, s:o, s:o, s:I, s:I, s:I, s:I, s:o, s:o, s:o}", "name",
            report_text(stats.name), "version", (json_int_t)stats.version, "hash", stats.hash,
            "generation", (json_int_t)stats.generation, "loaded",
            loaded_at(controller, stats.loaded_at), "file",
            report_text(controller->settings->policy.file), "differs", report_text(differs),
            "memory", (json_int_t)stats.memory, "loads", (json_int_t)stats.loads, "load_errors",
            (json_int_t)stats.load_errors, "rollbacks", (json_int_t)stats.rollbacks, "hooks",
            hooks_json(&stats), "params", params_json(script), "generations",
            generations_json(controller)));
}

void control_params_list(void *context, struct control_request *request)
{
    control_answer(request, json_pack("{s:o}", "params", params_json(script_of(context))));
}

/* ---- what the journal tells ---- */

static void note(const struct controller *controller, enum happening_kind kind, const char *text)
{
    journal_note(controller->runner->journal, control_now(controller), kind, text);
}

static void note_policy(const struct controller *controller, enum happening_kind kind,
    const char *name, const char *hash)
{
    char text[HAPPENING_TEXT_MAX + 1];
    snprintf(
        text, sizeof text, "%.*s %s", (int)(HAPPENING_TEXT_MAX - SCRIPT_HASH_TEXT - 1), name, hash);
    note(controller, kind, text);
}

static void note_live(const struct controller *controller, enum happening_kind kind)
{
    struct script_stats stats;
    script_stats(script_of(controller), &stats);
    note_policy(controller, kind, stats.name, stats.hash);
}

/* ---- another one ---- */

static json_t *live_json(const struct controller *controller)
{
    struct script_stats stats;
    script_stats(script_of(controller), &stats);
    return json_pack("{s:o, s:I, s:s, s:I}", "name", report_text(stats.name), "version",
        (json_int_t)stats.version, "hash", stats.hash, "generation", (json_int_t)stats.generation);
}

static void changed(struct controller *controller, struct control_request *request)
{
    runner_policy_loaded(controller->runner);
    control_answer(request, live_json(controller));
}

static void keep(struct controller *controller, struct control_request *request)
{
    char path[POLICY_KEEP_PATH_MAX], cause[POLICY_KEEP_CAUSE_MAX];
    struct script_file files[CONTROL_FILES_MAX];
    struct script_source source = policy_trial_source(request, files);
    if (policy_keep(controller->settings, &source, path, cause) != ERR_OK) {
        control_refuse(request, CONTROL_REFUSED, "it runs, but is not saved: %s", cause);
        return;
    }
    char ignored[SETTING_CAUSE_MAX];
    setting_set(setting_find("policy", "file"), controller->settings, path, ignored);
    json_t *result = live_json(controller);
    json_object_set_new(result, "saved", report_text(path));
    control_answer(request, result);
}

static void on_tried_to_load(void *context, struct control_request *request,
    struct script_prepared *prepared, const struct script_error *error)
{
    struct controller *controller = context;
    struct script_error adopting = *error;
    if (controller->is_closed) {
        script_prepared_free(prepared);
        control_refuse(request, CONTROL_REFUSED, "not loaded: the node is stopping");
        return;
    }
    if (!prepared ||
        script_adopt(script_of(controller), prepared, seconds_now(controller), &adopting)) {
        refuse_script(request, "not loaded, the policy that ran goes on", &adopting);
        return;
    }
    if (control_flag(request, "save")) {
        runner_policy_loaded(controller->runner);
        keep(controller, request);
        return;
    }
    changed(controller, request);
}

static void try_out(
    struct controller *controller, struct control_request *request, policy_tried tried)
{
    const struct script_settings settings = runner_script_settings(controller->runner);
    if (policy_trial_begin(controller->runner->options.workspace->loop, &settings, request, tried,
            controller) != ERR_OK)
        control_refuse(request, CONTROL_INTERNAL, "out of memory");
}

void control_policy_load(void *context, struct control_request *request)
{
    try_out(context, request, on_tried_to_load);
}

void control_policy_rollback(void *context, struct control_request *request)
{
    struct controller *controller = context;
    const char *hash = control_text(request, "hash");
    struct script_error error = {0};
    enum err err = hash
        ? script_rollback_to(script_of(controller), hash, seconds_now(controller), &error)
        : script_rollback(script_of(controller), seconds_now(controller));
    if (!err) {
        note_live(controller, HAPPENING_ROLLED_BACK);
        changed(controller, request);
    } else if (*error.message)
        refuse_script(request, "not rolled back", &error);
    else
        control_refuse(request, CONTROL_REFUSED,
            err == ERR_NOT_FOUND ? "not rolled back: there is no such generation; see policy"
                                 : "not rolled back: several generations begin so; see policy");
}

/* ---- parameters ---- */

#define VALUE_MAX 8192

void control_policy_set(void *context, struct control_request *request)
{
    struct controller *controller = context;
    const char *name = control_text(request, "param"), *value = control_text(request, "value");
    char was[VALUE_MAX] = "", is[VALUE_MAX] = "", noted[HAPPENING_TEXT_MAX + 1];
    struct script_error error = {0};
    script_param_get(script_of(controller), name, was, sizeof was);
    if (script_param_set(script_of(controller), name, value, &error) != ERR_OK) {
        refuse_script(request, "not set", &error);
        return;
    }
    script_param_get(script_of(controller), name, is, sizeof is);
    snprintf(noted, sizeof noted, "%s = %s", name, is);
    note(controller, HAPPENING_PARAM, noted);
    control_answer(request,
        json_pack("{s:o, s:o, s:o}", "set", report_text(name), "was", report_text(was), "is",
            report_text(is)));
}

/* ---- shadow ---- */

#define DIFFERENCES 20

static json_t *shadow_hooks_json(const struct shadow_stats *stats)
{
    json_t *rows = json_array();
    for (size_t i = 0; i < HOOK_COUNT; i++) {
        const struct shadow_hook_stats *hook = &stats->hooks[i];
        if (hook->asked == 0)
            continue;
        json_array_append_new(rows,
            json_pack("{s:s, s:I, s:I, s:I, s:I, s:f}", "hook", schema_hooks[i].name, "asked",
                (json_int_t)hook->asked, "differs", (json_int_t)hook->differs, "errors",
                (json_int_t)hook->errors, "skipped", (json_int_t)hook->skipped, "mean_us",
                (double)hook->time_ns / 1000 / (double)hook->asked));
    }
    return rows;
}

static json_t *differences_json(const struct script *script)
{
    struct shadow_difference list[DIFFERENCES];
    size_t n = script_shadow_differences(script, list, DIFFERENCES);
    json_t *rows = json_array();
    for (size_t i = n; i-- > 0;)
        json_array_append_new(rows,
            json_pack("{s:f, s:s, s:o, s:o, s:o}", "time", list[i].now, "hook",
                schema_hooks[list[i].hook].name, "subject", report_text(list[i].subject), "live",
                report_text(list[i].live), "shadow", report_text(list[i].shadow)));
    return rows;
}

static void answer_shadow(const struct controller *controller, struct control_request *request)
{
    struct shadow_stats stats;
    if (!script_shadow_stats(script_of(controller), &stats)) {
        control_answer(request, json_pack("{s:b}", "runs", 0));
        return;
    }
    control_answer(request,
        json_pack("{s:b, s:o, s:I, s:s, s:f, s:o, s:o, s:o}", "runs", 1, "name",
            report_text(stats.name), "version", (json_int_t)stats.version, "hash", stats.hash,
            "loaded", stats.loaded_at, "last_error", report_text(stats.last_error.message), "hooks",
            shadow_hooks_json(&stats), "differences", differences_json(script_of(controller))));
}

static void note_shadow(const struct controller *controller)
{
    struct shadow_stats stats;
    if (script_shadow_stats(script_of(controller), &stats))
        note_policy(controller, HAPPENING_SHADOW, stats.name, stats.hash);
}

static void on_tried_to_shadow(void *context, struct control_request *request,
    struct script_prepared *prepared, const struct script_error *error)
{
    struct controller *controller = context;
    struct script_error adopting = *error;
    if (controller->is_closed) {
        script_prepared_free(prepared);
        control_refuse(request, CONTROL_REFUSED, "not begun: the node is stopping");
        return;
    }
    if (!prepared ||
        script_shadow_adopt(script_of(controller), prepared, seconds_now(controller), &adopting) !=
            ERR_OK) {
        refuse_script(request, "no shadow run", &adopting);
        return;
    }
    note_shadow(controller);
    answer_shadow(controller, request);
}

void control_policy_shadow(void *context, struct control_request *request)
{
    struct controller *controller = context;
    if (control_flag(request, "off")) {
        if (script_shadow_stop(script_of(controller)) != ERR_OK) {
            control_refuse(request, CONTROL_REFUSED, "there is no shadow run");
            return;
        }
        note(controller, HAPPENING_SHADOW_END, NULL);
        answer_shadow(controller, request);
    } else if (json_object_get(control_params(request), "source")) {
        try_out(controller, request, on_tried_to_shadow);
    } else {
        answer_shadow(controller, request);
    }
}

void control_policy_promote(void *context, struct control_request *request)
{
    struct controller *controller = context;
    if (script_shadow_promote(script_of(controller), seconds_now(controller)) == ERR_OK) {
        note_live(controller, HAPPENING_PROMOTED);
        changed(controller, request);
    } else
        control_refuse(request, CONTROL_REFUSED, "there is no shadow run; begin one first");
}
