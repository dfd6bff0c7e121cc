/* Another policy: load, roll-back. */
#include "app/control/control_policy_inside.h"
#include "app/policy/policy_keep.h"
#include "app/settings/settings_value.h"

#include <limits.h>
#include <stdio.h>

void control_refuse_script(
    struct control_request *request, const char *what, const struct script_error *error)
{
    char text[SCRIPT_ERROR_TEXT_MAX];
    control_refuse(request, CONTROL_REFUSED, "%s: %s", what, script_error_text(error, text));
}

/* ---- what the journal tells ---- */

void control_note_policy(const struct controller *controller, enum happening_kind kind,
    const char *name, const char *hash)
{
    char text[HAPPENING_TEXT_MAX + 1];
    snprintf(
        text, sizeof text, "%.*s %s", (int)(HAPPENING_TEXT_MAX - SCRIPT_HASH_TEXT - 1), name, hash);
    journal_note(controller->runner->journal, control_now(controller), kind, text);
}

void control_note_live(const struct controller *controller, enum happening_kind kind)
{
    struct script_stats stats;
    script_stats(control_script(controller), &stats);
    control_note_policy(controller, kind, stats.name, stats.hash);
}

/* ---- another one ---- */

static json_t *live_json(const struct controller *controller)
{
    struct script_stats stats;
    script_stats(control_script(controller), &stats);
    json_t *json = json_pack("{s:o, s:I, s:s, s:I}", "name", report_text(stats.name), "version",
        (json_int_t)stats.version, "hash", stats.hash, "generation", (json_int_t)stats.generation);
    control_put_state(json, &stats);
    return json;
}

void control_policy_changed(struct controller *controller, struct control_request *request)
{
    runner_policy_changed(controller->runner);
    control_answer(request, live_json(controller));
}

/* After a load: which file HUP and the watch go on with. */
static json_t *loaded_json(const struct controller *controller)
{
    json_t *result = live_json(controller);
    const char *follows = controller->runner->policy_path;
    if (follows)
        json_object_set_new(result, "follows", report_text(follows));
    return result;
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
    char ignored[SETTING_CAUSE_MAX], old[PATH_MAX];
    const struct setting *setting = setting_find("policy", "file");
    snprintf(old, sizeof old, "%s", controller->settings->policy.file);
    setting_set(setting, controller->settings, path, ignored);
    control_note_change(controller, setting, old, true);
    if (runner_follow_policy(controller->runner, controller->ops) != ERR_OK) {
        control_refuse(request, CONTROL_INTERNAL,
            "it runs and is saved, but the file before is followed still: out of memory");
        return;
    }
    json_t *result = loaded_json(controller);
    json_object_set_new(result, "saved", report_text(path));
    json_t *outranked_by = control_outranked_by(controller, setting);
    if (outranked_by)
        json_object_set_new(result, "outranked_by", outranked_by);
    control_answer(request, result);
}

/* False: it was refused, by its trial (prepared is NULL) or now. */
static bool adopt(
    struct controller *controller, struct script_prepared *prepared, struct script_error *error)
{
    struct script *script = control_script(controller);
    double now = control_seconds(controller);
    if (prepared)
        return script_adopt(script, prepared, now, error) == ERR_OK;
    script_note_refused(script, error, now);
    return false;
}

static void on_tried_to_load(void *context, struct control_request *request,
    struct script_prepared *prepared, const struct script_error *error)
{
    struct controller *controller = context;
    if (controller->is_closed) {
        script_prepared_free(prepared);
        control_refuse(request, CONTROL_REFUSED, "not loaded: the node is stopping");
        return;
    }
    struct script_error refused = *error;
    if (!adopt(controller, prepared, &refused)) {
        runner_policy_refused(controller->runner, &refused);
        control_refuse_script(request, "not loaded, the policy that ran goes on", &refused);
        return;
    }
    runner_policy_loaded(controller->runner);
    if (control_flag(request, "save"))
        keep(controller, request);
    else
        control_answer(request, loaded_json(controller));
}

void control_try_policy(
    struct controller *controller, struct control_request *request, policy_tried tried)
{
    const struct script_settings settings = runner_script_settings(controller->runner);
    if (policy_trial_begin(controller->runner->options.workspace->loop, &settings, request, tried,
            controller) != ERR_OK)
        control_refuse(request, CONTROL_INTERNAL, "out of memory");
}

void control_policy_load(void *context, struct control_request *request)
{
    control_try_policy(context, request, on_tried_to_load);
}

void control_policy_rollback(void *context, struct control_request *request)
{
    struct controller *controller = context;
    struct script *script = control_script(controller);
    const char *hash = control_text(request, "hash");
    struct script_error error = {0};
    struct script_stats before, after;
    script_stats(script, &before);
    enum err err = hash ? script_rollback_to(script, hash, control_seconds(controller), &error)
                        : script_rollback(script, control_seconds(controller), &error);
    script_stats(script, &after);
    if (err == ERR_NOT_FOUND || err == ERR_INVALID)
        control_refuse(
            request, CONTROL_REFUSED, "not rolled back: %s; see luapex ctl policy", error.message);
    else if (err)
        control_refuse_script(request, "not rolled back", &error);
    else if (before.generation == after.generation)
        control_refuse(request, CONTROL_REFUSED, "not rolled back: %s runs already", after.hash);
    else {
        control_note_live(controller, HAPPENING_ROLLED_BACK);
        control_policy_changed(controller, request);
    }
}
