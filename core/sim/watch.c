#include "sim/watch.h"

#include "sim/picture.h"
#include <stdio.h>
#include <stdlib.h>

#define IDLE_TICKS_MAX 5

bool exam_rule(const struct exam *exam, bool holds, const char *rule, uint64_t conn)
{
    struct watch *watch = exam->watch;
    const struct sim_step *step = exam->step;
    if (!holds && !watch->text[0])
        snprintf(watch->text, sizeof watch->text,
            "%s: machine %u at %lld ms, event %d, connection %s%llu", rule, step->machine,
            (long long)step->now.mono_ms, (int)step->event->kind,
            conn > CONN_OUTBOUND ? "outbound " : "", (unsigned long long)(conn & ~CONN_OUTBOUND));
    return holds;
}

/* ---- what the node is told ---- */

static void see_accepted(const struct exam *exam)
{
    const struct event *event = exam->step->event;
    picture_add(exam->picture,
        &(struct seen_conn){
            .number = event->conn,
            .state = SEEN_ACCEPTED,
            .remote = event->accepted.remote,
            .asked_ms = NEVER_MS,
        });
}

static void see_established(const struct exam *exam, struct seen_conn *conn)
{
    const struct event *event = exam->step->event;
    exam_rule(exam, conn->state != SEEN_PEER, "established twice", conn->number);
    conn->state = SEEN_PEER;
    conn->since_ms = exam->step->now.mono_ms;
    conn->id = event->established.id;
    conn->has_pex = node_info_has_channel(event->established.info, PEX_CHANNEL);
}

static void see_failed(const struct exam *exam, struct seen_conn *conn)
{
    enum err err = exam->step->event->dial_failed.err;
    exam_rule(exam, conn->state == SEEN_DIALING, "dial failed that was none", conn->number);
    /* Another ID may well be dialed where this one was wrong (F3). */
    if (conn->configured) {
        int64_t *missed = need(recent_touch(&exam->picture->missed, &conn->id));
        *missed = exam->step->now.mono_ms + 1;
    } else if (err_blame(err) != BLAME_ENVIRONMENT && err != ERR_WRONG_ID) {
        int64_t *failed = need(recent_touch(&exam->picture->failed, &conn->remote));
        *failed = exam->step->now.mono_ms + 1;
    }
    picture_remove(exam->picture, conn);
}

static void see_event(const struct exam *exam)
{
    const struct event *event = exam->step->event;
    struct seen_conn *conn = picture_find(exam->picture, event->conn);
    bool of_conn = event->kind == EVENT_ESTABLISHED || event->kind == EVENT_DIAL_FAILED ||
        event->kind == EVENT_MESSAGE || event->kind == EVENT_SEND_FAILED ||
        event->kind == EVENT_ROUND_TRIP || event->kind == EVENT_CLOSED;
    if (of_conn && !exam_rule(exam, conn, "told of a dead connection", event->conn))
        return;
    switch (event->kind) {
    case EVENT_ACCEPTED:
        see_accepted(exam);
        break;
    case EVENT_ESTABLISHED:
        see_established(exam, conn);
        break;
    case EVENT_DIAL_FAILED:
        see_failed(exam, conn);
        break;
    case EVENT_MESSAGE:
    case EVENT_SEND_FAILED:
        exam_message(exam, event);
        break;
    case EVENT_CLOSED:
        picture_remove(exam->picture, conn);
        break;
    default:
        break;
    }
}

/* ---- what the node wants ---- */

static void see_answer(const struct exam *exam, const struct action *action)
{
    struct seen_conn *conn = picture_find(exam->picture, action->conn);
    bool waiting = conn && conn->state == SEEN_ACCEPTED;
    if (!exam_rule(exam, waiting, "answered a socket that does not wait", action->conn))
        return;
    if (action->kind == ACTION_ACCEPT)
        conn->state = SEEN_HANDSHAKING;
    else
        picture_remove(exam->picture, conn);
}

static void see_close(const struct exam *exam, const struct action *action)
{
    struct seen_conn *conn = picture_find(exam->picture, action->conn);
    bool open = conn && conn->state != SEEN_ACCEPTED;
    if (exam_rule(exam, open, "closed a connection that it does not have", action->conn))
        picture_remove(exam->picture, conn);
}

static void see_action(const struct exam *exam, const struct action *action)
{
    switch (action->kind) {
    case ACTION_DIAL:
        exam_dial(exam, action);
        break;
    case ACTION_ACCEPT:
    case ACTION_REFUSE:
        see_answer(exam, action);
        break;
    case ACTION_SEND:
        exam_send(exam, action);
        break;
    case ACTION_CLOSE:
        see_close(exam, action);
        break;
    case ACTION_RESOLVE:
    case ACTION_STORE:
    case ACTION_EXPORT:
    case ACTION_ANSWER:
    case ACTION_ABORT:
        break;
    }
}

/* ---- what holds after each step ---- */

static void exam_ticks(const struct exam *exam)
{
    struct picture *picture = exam->picture;
    const struct sim_step *step = exam->step;
    bool idle = step->event->kind == EVENT_TICK && step->actions_n == 0 &&
        step->now.mono_ms <= picture->ticked_ms + 1;
    picture->idle_ticks = idle ? picture->idle_ticks + 1 : 0;
    if (step->event->kind == EVENT_TICK)
        picture->ticked_ms = step->now.mono_ms;
    exam_rule(exam, picture->idle_ticks < IDLE_TICKS_MAX, "its deadline stays in the past", 0);
}

static void exam_book(const struct exam *exam)
{
    uint32_t every = exam->watch->book_every;
    if (every == 0 || exam->picture->steps % every != 0)
        return;
    const char *why = book_check(node_book(exam->step->node));
    exam_rule(exam, !why, why ? why : "", 0);
}

static void observe(void *context, const struct sim_step *step)
{
    struct watch *watch = context;
    if (!step->node || step->machine >= watch->pictures_n)
        return;
    const struct exam exam = {
        .watch = watch,
        .step = step,
        .settings = &watch->sim->machines[step->machine]->settings.node,
        .picture = &watch->pictures[step->machine],
    };
    if (step->event->kind == EVENT_START)
        picture_reset(exam.picture, step->machine);
    if (!exam.picture->begun)
        return;
    exam.picture->steps++;
    see_event(&exam);
    exam_closes(&exam);
    for (size_t i = 0; i < step->actions_n; i++)
        see_action(&exam, &step->actions[i]);
    exam_caps(&exam);
    exam_stays(&exam);
    exam_ticks(&exam);
    exam_book(&exam);
}

/* ---- life ---- */

struct watch *watch_new(struct sim *sim, uint32_t book_every)
{
    struct watch *watch = need(calloc(1, sizeof *watch));
    watch->sim = sim;
    watch->book_every = book_every;
    watch->pictures_n = sim->machines_n;
    watch->pictures = need(calloc(sim->machines_n + 1, sizeof *watch->pictures));
    sim_observe(sim, observe, watch);
    return watch;
}

void watch_free(struct watch *watch)
{
    if (!watch)
        return;
    for (uint32_t i = 0; i < watch->pictures_n; i++)
        picture_free(&watch->pictures[i]);
    free(watch->pictures);
    free(watch);
}

const char *watch_broken(const struct watch *watch)
{
    return watch->text[0] ? watch->text : NULL;
}
