/* A policy that answers too, without effect: shadow runs and their promotion. */
#include "app/control/control_policy_inside.h"

#include "policy/schema.h"
#include "script/shadow.h"

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
    char error[SCRIPT_ERROR_TEXT_MAX];
    if (!script_shadow_stats(control_script(controller), &stats)) {
        control_answer(request, json_pack("{s:b}", "runs", 0));
        return;
    }
    control_answer(request,
        json_pack("{s:b, s:o, s:I, s:s, s:f, s:o, s:o, s:o}", "runs", 1, "name",
            report_text(stats.name), "version", (json_int_t)stats.version, "hash", stats.hash,
            "loaded", stats.loaded_at, "last_error",
            report_text(script_error_text(&stats.last_error, error)), "hooks",
            shadow_hooks_json(&stats), "differences",
            differences_json(control_script(controller))));
}

static void note_end(const struct controller *controller)
{
    journal_note(controller->runner->journal, control_now(controller), HAPPENING_SHADOW_END, NULL);
}

static void note_shadow(const struct controller *controller)
{
    struct shadow_stats stats;
    if (script_shadow_stats(control_script(controller), &stats))
        control_note_policy(controller, HAPPENING_SHADOW, stats.name, stats.hash);
}

static void on_tried_to_shadow(void *context, struct control_request *request,
    struct script_prepared *prepared, const struct script_error *error)
{
    struct controller *controller = context;
    struct script_error adopting = *error;
    struct shadow_stats before;
    if (controller->is_closed) {
        script_prepared_free(prepared);
        control_refuse(request, CONTROL_REFUSED, "not begun: the node is stopping");
        return;
    }
    bool ends_another = script_shadow_stats(control_script(controller), &before);
    if (!prepared ||
        script_shadow_adopt(control_script(controller), prepared, control_seconds(controller),
            &adopting) != ERR_OK) {
        control_refuse_script(request, "no shadow run", &adopting);
        return;
    }
    if (ends_another)
        note_end(controller);
    note_shadow(controller);
    answer_shadow(controller, request);
}

void control_policy_shadow(void *context, struct control_request *request)
{
    struct controller *controller = context;
    if (control_flag(request, "off")) {
        if (script_shadow_stop(control_script(controller)) != ERR_OK) {
            control_refuse(request, CONTROL_REFUSED, "there is no shadow run");
            return;
        }
        note_end(controller);
        answer_shadow(controller, request);
    } else if (json_object_get(control_params(request), "source")) {
        control_try_policy(controller, request, on_tried_to_shadow);
    } else {
        answer_shadow(controller, request);
    }
}

/* True: it failed, which `force` does not excuse. */
static bool refuse_failing(const struct controller *controller, struct control_request *request)
{
    struct shadow_stats stats;
    char text[SCRIPT_ERROR_TEXT_MAX];
    if (control_flag(request, "force") || !script_shadow_stats(control_script(controller), &stats))
        return false;
    uint64_t asked = 0, errors = 0;
    for (size_t i = 0; i < HOOK_COUNT; i++) {
        asked += stats.hooks[i].asked;
        errors += stats.hooks[i].errors;
    }
    if (errors > 0)
        control_refuse(request, CONTROL_REFUSED,
            "not promoted: %s failed %llu of %llu questions, last %s; --force promotes it all the "
            "same",
            stats.name, (unsigned long long)errors, (unsigned long long)asked,
            script_error_text(&stats.last_error, text));
    return errors > 0;
}

void control_policy_promote(void *context, struct control_request *request)
{
    struct controller *controller = context;
    if (refuse_failing(controller, request))
        return;
    if (script_shadow_promote(control_script(controller), control_seconds(controller)) == ERR_OK) {
        control_note_live(controller, HAPPENING_PROMOTED);
        control_policy_changed(controller, request);
    } else
        control_refuse(request, CONTROL_REFUSED, "there is no shadow run; begin one first");
}
