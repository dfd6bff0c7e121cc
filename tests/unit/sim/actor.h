/* A program in place of a node that remembers what it is told and does what a test says. Round
 * trips are 100 ms, so one way is 50, and every machine has its number as in rig.h. */
#ifndef TESTS_SIM_ACTOR_H
#define TESTS_SIM_ACTOR_H

#include "unit/sim/rig.h"

#define ONE_WAY 50
#define HEARD_MAX 64
#define FIRST_DIAL (CONN_OUTBOUND + 1)

struct heard {
    int64_t at_ms;
    enum event_kind kind;
    uint64_t conn;
    enum err err;
    struct peer_id id;
    bool id_proven;
    int32_t ms; /* connect time or round trip */
    struct endpoint remote;
    enum pex_kind message;
    size_t n; /* addresses of a list or a look-up */
    struct addr first;
};

struct actor {
    struct heard heard[HEARD_MAX];
    size_t heard_n;
    bool refuses;
    /* What it answers, beside accepting or refusing sockets; NULL: nothing. */
    void (*react)(struct actor *actor, const struct event *event, struct outbox *outbox);
    int64_t wake_ms; /* then it gets a tick; NEVER_MS: none */
    struct addr to;  /* for reactions that dial */
};

static inline struct heard heard_of(struct now now, const struct event *event)
{
    struct heard heard = {.at_ms = now.mono_ms, .kind = event->kind, .conn = event->conn};
    switch (event->kind) {
    case EVENT_ACCEPTED:
        heard.remote = event->accepted.remote;
        break;
    case EVENT_ESTABLISHED:
        heard.id = event->established.id;
        heard.ms = event->established.connect_ms;
        heard.remote = event->established.remote;
        break;
    case EVENT_DIAL_FAILED:
        heard.err = event->dial_failed.err;
        heard.id_proven = event->dial_failed.id_proven;
        break;
    case EVENT_MESSAGE:
        heard.message = event->message->kind;
        heard.n = event->message->addrs_n;
        if (heard.n > 0)
            heard.first = event->message->addrs[0];
        break;
    case EVENT_ROUND_TRIP:
        heard.ms = event->round_trip.ms;
        break;
    case EVENT_CLOSED:
        heard.err = event->closed.err;
        heard.id = event->closed.id;
        break;
    case EVENT_RESOLVED:
        heard.err = event->resolved.err;
        heard.n = event->resolved.ips_n;
        if (heard.n > 0)
            heard.first.at.ip = event->resolved.ips[0];
        break;
    default:
        break;
    }
    return heard;
}

static inline void actor_step(
    void *self, struct now now, const struct event *event, struct outbox *outbox)
{
    struct actor *actor = self;
    if (event->kind == EVENT_TICK)
        actor->wake_ms = NEVER_MS;
    else if (actor->heard_n < HEARD_MAX)
        actor->heard[actor->heard_n++] = heard_of(now, event);
    if (event->kind == EVENT_ACCEPTED)
        outbox_add(outbox, actor->refuses ? ACTION_REFUSE : ACTION_ACCEPT, event->conn);
    if (actor->react)
        actor->react(actor, event, outbox);
}

static inline int64_t actor_deadline(void *self)
{
    return ((struct actor *)self)->wake_ms;
}

/* The n-th event of this kind that it was told, from 0; NULL: it was not. */
static inline const struct heard *heard_nth(
    const struct actor *actor, enum event_kind kind, size_t n)
{
    for (size_t i = 0; i < actor->heard_n; i++)
        if (actor->heard[i].kind == kind && n-- == 0)
            return &actor->heard[i];
    return NULL;
}

static inline const struct heard *heard_one(const struct actor *actor, enum event_kind kind)
{
    const struct heard *heard = heard_nth(actor, kind, 0);
    assert_non_null(heard);
    assert_null(heard_nth(actor, kind, 1));
    return heard;
}

static inline void act_dial(struct actor *actor, const struct event *event, struct outbox *outbox)
{
    if (event->kind == EVENT_START)
        outbox_add(outbox, ACTION_DIAL, FIRST_DIAL)->dial.addr = actor->to;
}

static inline void act_send(struct outbox *outbox, uint64_t conn, size_t n)
{
    struct addr *addrs = outbox_alloc(outbox, (n + 1) * sizeof *addrs);
    for (size_t i = 0; i < n; i++)
        addrs[i] = addr_of((uint32_t)i);
    struct pex_message message = {
        .kind = n ? PEX_ADDRS : PEX_REQUEST, .addrs = addrs, .addrs_n = n};
    outbox_add(outbox, ACTION_SEND, conn)->send = message;
}

static inline void act_close(struct outbox *outbox, uint64_t conn, int64_t flush_ms)
{
    outbox_add(outbox, ACTION_CLOSE, conn)->close.flush_ms = flush_ms;
}

/* ---- a stage for two ---- */

struct stage {
    struct rig rig;
    struct actor dialer, listener; /* machines 0 and 1 */
    struct sim_machine machines[2];
};

static inline void stage_open(struct stage *stage)
{
    struct sim_settings settings = sim_settings_default();
    settings.rtt_min_ms = settings.rtt_max_ms = 2 * ONE_WAY;
    *stage = (struct stage){.rig = {.sim = sim_new(&settings)}};
    struct actor *actors[] = {&stage->dialer, &stage->listener};
    for (uint32_t i = 0; i < 2; i++) {
        actors[i]->wake_ms = NEVER_MS;
        stage->machines[i] = machine_of(&stage->rig, i);
        stage->machines[i].actor = (struct sim_actor){actor_step, actor_deadline, actors[i]};
    }
    stage->dialer.react = act_dial;
    stage->dialer.to = addr_of(1);
}

/* Adds both machines as the test left them and starts the listener, then the dialer. */
static inline void stage_start(struct stage *stage)
{
    sim_add(stage->rig.sim, &stage->machines[0]);
    sim_add(stage->rig.sim, &stage->machines[1]);
    sim_start(stage->rig.sim, 1);
    sim_start(stage->rig.sim, 0);
}

static inline void stage_run(struct stage *stage, int64_t ms)
{
    rig_run(&stage->rig, ms);
}

static inline void stage_close(struct stage *stage)
{
    sim_free(stage->rig.sim);
}

#endif
