/* What the files about policies share. */
#ifndef APP_CONTROL_POLICY_INSIDE_H
#define APP_CONTROL_POLICY_INSIDE_H

#include "app/control/control_inside.h"
#include "app/policy/policy_trial.h"

static inline struct script *control_script(const struct controller *controller)
{
    return controller->runner->script;
}

/* Unix time, as policies count it. */
static inline double control_seconds(const struct controller *controller)
{
    return (double)control_now(controller).wall_ms / 1000;
}

json_t *control_params_json(struct script *script);

void control_refuse_script(
    struct control_request *request, const char *what, const struct script_error *error);

/* Of a policy, its name and hash are told to the journal. */
void control_note_policy(const struct controller *controller, enum happening_kind kind,
    const char *name, const char *hash);
void control_note_live(const struct controller *controller, enum happening_kind kind);

/* What became of what the live policy remembers, unless there was nothing. */
static inline void control_put_state(json_t *into, const struct script_stats *stats)
{
    if (*stats->state)
        json_object_set_new(into, "state", report_text(stats->state));
}

/* Tries the policy of the request out. */
void control_try_policy(
    struct controller *controller, struct control_request *request, policy_tried tried);
/* Another policy answers: the node is told, then whoever asked. */
void control_policy_changed(struct controller *controller, struct control_request *request);

#endif
