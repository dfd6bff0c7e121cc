/* Who has to go, and who may not be made to (P18, P20). */
#include "sim/picture.h"

#define SHARE_MAX 4 /* of a node's peers, one in so many in a round, rounded up */
#define ROTATE_SLACK_MS SECONDS_MS(2)

/* Whom the node closes of its own accord: nothing that the step told it gives a reason. */
static bool is_own_accord(const struct exam *exam, const struct action *action)
{
    return action->kind == ACTION_CLOSE && action->close.why == ERR_GRACEFUL &&
        action->conn != exam->step->event->conn && exam->step->event->kind == EVENT_TICK;
}

void exam_closes(const struct exam *exam)
{
    const struct node_settings *settings = exam->settings;
    const struct sim_step *step = exam->step;
    size_t closed = 0, peers = 0;
    for (uint32_t i = 0; i < exam->picture->n; i++)
        peers += exam->picture->at[i].state == SEEN_PEER;
    for (size_t i = 0; i < step->actions_n; i++) {
        const struct seen_conn *conn = picture_find(exam->picture, step->actions[i].conn);
        if (!conn || !is_own_accord(exam, &step->actions[i]))
            continue;
        closed++;
        exam_rule(exam, !picture_persistent(settings, &conn->id), "lets a persistent peer go",
            conn->number);
        exam_rule(exam, settings->seed_mode || !picture_unconditional(settings, &conn->id),
            "lets an unconditional peer go", conn->number);
    }
    exam_rule(exam, settings->seed_mode || closed <= (peers + SHARE_MAX - 1) / SHARE_MAX,
        "lets too many peers go at once", 0);
}

void exam_stays(const struct exam *exam)
{
    const struct node_settings *settings = exam->settings;
    const struct sim_step *step = exam->step;
    int64_t longest_ms = settings->seed_disconnect_wait_ms + ROTATE_SLACK_MS;
    for (uint32_t i = 0; settings->seed_mode && i < exam->picture->n; i++) {
        const struct seen_conn *conn = &exam->picture->at[i];
        bool over = conn->state == SEEN_PEER && step->now.mono_ms - conn->since_ms > longest_ms;
        exam_rule(exam, !over || picture_persistent(settings, &conn->id),
            "keeps a peer longer than the disconnect wait", conn->number);
    }
}
