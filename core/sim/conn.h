/* The connections between machines: two sides, each with a pipe of what is on its way to it.
 *
 *     dialer's side:    dialing --> keys --> info --> open --> closed
 *     listener's side:  none ----> waiting --> auth --> open --> closed
 *
 * A side knows its machine from the start (none: the dial meets nobody), but only from `waiting` on
 * is it one of the machine's connections. What is in the pipe of a closed side is lost. A
 * connection is freed when neither side is open or on its way to be. */
#ifndef SIM_CONN_H
#define SIM_CONN_H

#include "sim/pipe.h"

enum side_state {
    SIDE_NONE,
    SIDE_DIALING, /* SYN sent */
    SIDE_KEYS,    /* connected: waits for keys and authentication */
    SIDE_INFO,    /* waits for node info */
    SIDE_WAITING, /* for ACCEPT or REFUSE */
    SIDE_AUTH,    /* waits for authentication and node info */
    SIDE_OPEN,
    SIDE_CLOSED,
};

struct side {
    struct due due; /* the end of its patience, or its next ping */
    struct pipe in;
    struct conn *conn;
    struct machine *machine;
    struct side *next, *previous; /* of the machine */
    uint64_t number;
    enum side_state state;
    bool proven;     /* it has authenticated the other side */
    int64_t ping_ms; /* it awaits a pong since; NEVER_MS: it does not */
    struct endpoint remote;
};

#define DIALER 0
#define LISTENER 1

struct conn {
    struct side sides[2];
    uint32_t place; /* in sim->conns */
    int64_t dialed_ms;
    struct addr dialed;
    enum err dial_err; /* what its patience while dialing ends with */
    bool vanished;     /* a machine died without a word */
};

static inline bool side_is_dialer(const struct side *side)
{
    return side == &side->conn->sides[DIALER];
}

static inline struct side *side_other(struct side *side)
{
    return &side->conn->sides[side_is_dialer(side) ? LISTENER : DIALER];
}

static inline struct sim *side_sim(const struct side *side)
{
    return side->conn->sides[DIALER].machine->sim;
}

/* What programs want. Numbers that they have lost are ignored. */
void conn_dial(struct machine *machine, uint64_t number, const struct addr *to);
void conn_accept(struct machine *machine, uint64_t number);
void conn_send(struct machine *machine, uint64_t number, const struct pex_message *message);
void conn_close(struct machine *machine, uint64_t number, int64_t flush_ms);
bool conn_is_known(const struct machine *machine, uint64_t number);

/* The queue's. */
void conn_pipe_due(struct pipe *pipe);
void conn_side_due(struct side *side);

/* All connections of a machine end, without a word to its program. */
void conn_end_all(struct machine *machine, enum sim_end how);
/* Both sides see a reset. */
void conn_reset(struct side *side);
void conn_islands_changed(struct sim *sim);
void conn_free_all(struct sim *sim);

/* For the handshake. */

/* Sends a segment without contents to the other side. */
void side_push(struct side *side, enum segment_kind kind);
/* Makes it one of its machine's connections. */
void side_attach(struct side *side, uint64_t number);
/* Waits for the next segment, for so long. */
void side_expect(struct side *side, enum side_state state, int64_t patience_ms);
/* The handshake is done on this side: tells its program, and begins to ping. */
void side_open(struct side *side);
/* Ends this side and tells its program why. The other side sees `seen`; ERR_OK: it knows. */
void side_fail(struct side *side, enum err err, enum err seen);
/* Ends this side without a word to its program; what has not left it yet is lost. */
void side_close(struct side *side, enum err seen);
/* Ends a dial that the machine at its other end does not take; ERR_OK: silently. */
void side_reject(struct side *listener, enum err seen);

/* handshake.c: a segment of the handshake arrived. */
void handshake_arrived(struct side *side, enum segment_kind kind);

#endif
