/* What is on its way to one side of a connection: a TCP stream, whole messages for bytes.
 *
 * Segments leave and arrive in order. One that has not left yet (flush_throttle) can still be cut
 * off; one that has left arrives one_way_ms later, or, while the pipe is held, that long after it
 * is let go. All-zero, with one_way_ms set, is an empty pipe. */
#ifndef SIM_PIPE_H
#define SIM_PIPE_H

#include "sim/state.h"

enum segment_kind {
    SEGMENT_SYN,
    SEGMENT_SYN_ACK,
    SEGMENT_KEYS,      /* the dialer's; a mute one sends just its ACK */
    SEGMENT_AUTH,      /* the listener's keys and authentication */
    SEGMENT_AUTH_INFO, /* the dialer's authentication and node info */
    SEGMENT_INFO,      /* the listener's */
    SEGMENT_MESSAGE,
    SEGMENT_END, /* closed or reset: `err` is what the receiver calls it */
};

struct segment {
    struct segment *next;
    int64_t leaves_ms;
    enum segment_kind kind;
    enum err err;
    struct pex_message message;
    struct addr addrs[]; /* of the message */
};

struct pipe {
    struct due due; /* the first segment arrives */
    struct segment *first, *last;
    uint32_t messages;
    int64_t one_way_ms;
    int64_t not_before_ms; /* nothing arrives earlier */
    bool held;
};

/* A copy of the message, if there is one. */
struct segment *segment_new(enum segment_kind kind, const struct pex_message *message);

/* Takes the segment. */
void pipe_put(struct sim *sim, struct pipe *pipe, struct segment *segment, int64_t leaves_ms);
/* The first segment; the caller frees it. */
struct segment *pipe_take(struct sim *sim, struct pipe *pipe);
void pipe_hold(struct sim *sim, struct pipe *pipe);
void pipe_let_go(struct sim *sim, struct pipe *pipe);
/* What has not left yet leaves now ... */
void pipe_flush(struct sim *sim, struct pipe *pipe);
/* ... or is lost. */
void pipe_cut(struct sim *sim, struct pipe *pipe);
void pipe_clear(struct sim *sim, struct pipe *pipe);

#endif
