/* A hostile peer: dials nodes at random, asks too often, tells lists that nobody asked for, with
 * addresses that cannot be or are nobody's, answers with more of them, and closes when it likes. */
#ifndef TESTS_SIM_VANDAL_H
#define TESTS_SIM_VANDAL_H

#include "unit/sim/rig.h"

#define VANDAL_CONNS 16
#define VANDAL_LIST 6

struct vandal {
    struct rng rng;
    const struct addr *victims;
    uint32_t victims_n;
    uint64_t dials;
    uint64_t open[VANDAL_CONNS]; /* established */
    size_t open_n;
    int64_t wake_ms;
};

static inline uint32_t vandal_below(struct vandal *vandal, uint32_t n)
{
    return (uint32_t)rng_below(&vandal->rng, n);
}

static inline void vandal_tell(struct vandal *vandal, struct outbox *outbox, uint64_t conn)
{
    struct addr *addrs = outbox_alloc(outbox, VANDAL_LIST * sizeof *addrs);
    struct action *action = outbox_add(outbox, ACTION_SEND, conn);
    action->send.kind = PEX_ADDRS;
    action->send.bad_address = vandal_below(vandal, 4) == 0;
    action->send.addrs_n = action->send.bad_address ? 0 : vandal_below(vandal, VANDAL_LIST + 1);
    action->send.addrs = addrs;
    for (size_t i = 0; i < VANDAL_LIST; i++) {
        addrs[i] = addr_of(210 + vandal_below(vandal, 8)); /* nobody, twice, ... */
        if (vandal_below(vandal, 3) == 0)
            addrs[i].at = vandal->victims[vandal_below(vandal, vandal->victims_n)].at;
        if (vandal_below(vandal, 6) == 0)
            addrs[i].at.ip = ip_of_v4(0x7f000001);
    }
}

static inline void vandal_forget(struct vandal *vandal, uint64_t conn)
{
    for (size_t i = 0; i < vandal->open_n; i++)
        if (vandal->open[i] == conn) {
            vandal->open[i] = vandal->open[--vandal->open_n];
            return;
        }
}

static inline void vandal_strike(struct vandal *vandal, struct outbox *outbox)
{
    uint64_t conn =
        vandal->open_n ? vandal->open[vandal_below(vandal, (uint32_t)vandal->open_n)] : 0;
    switch (conn ? vandal_below(vandal, 5) : 4) {
    case 0: /* R27 */
        for (int i = 0; i < 4; i++)
            outbox_add(outbox, ACTION_SEND, conn)->send.kind = PEX_REQUEST;
        break;
    case 1: /* F13 */
        outbox_add(outbox, ACTION_SEND, conn)->send.kind = PEX_REQUEST;
        break;
    case 2: /* R32, R33 */
        vandal_tell(vandal, outbox, conn);
        break;
    case 3:
        outbox_add(outbox, ACTION_CLOSE, conn)->close.flush_ms = vandal_below(vandal, 2);
        vandal_forget(vandal, conn);
        break;
    default:
        outbox_add(outbox, ACTION_DIAL, CONN_OUTBOUND + ++vandal->dials)->dial.addr =
            vandal->victims[vandal_below(vandal, vandal->victims_n)];
    }
}

static inline void vandal_step(
    void *self, struct now now, const struct event *event, struct outbox *outbox)
{
    struct vandal *vandal = self;
    switch (event->kind) {
    case EVENT_ACCEPTED:
        outbox_add(outbox, ACTION_ACCEPT, event->conn);
        break;
    case EVENT_ESTABLISHED:
        if (vandal->open_n < VANDAL_CONNS)
            vandal->open[vandal->open_n++] = event->conn;
        break;
    case EVENT_CLOSED:
        vandal_forget(vandal, event->conn);
        break;
    case EVENT_MESSAGE:
        if (event->message->kind == PEX_REQUEST && vandal_below(vandal, 4) > 0)
            vandal_tell(vandal, outbox, event->conn);
        break;
    case EVENT_START:
    case EVENT_TICK:
        vandal_strike(vandal, outbox);
        vandal->wake_ms = now.mono_ms + 1 + vandal_below(vandal, 3000);
        break;
    default:
        break;
    }
}

static inline int64_t vandal_deadline(void *self)
{
    return ((struct vandal *)self)->wake_ms;
}

#endif
