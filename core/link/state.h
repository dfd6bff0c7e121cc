/* What a link is made of. For the files of this folder only. */
#ifndef LINK_STATE_H
#define LINK_STATE_H

#include "crypto/frame_cipher.h"
#include "link/buffer.h"
#include "link/chatter.h"
#include "link/link.h"
#include "link/ping.h"
#include "link/rate.h"

enum link_stage { STAGE_KEY_EXCHANGE, STAGE_AUTHENTICATION, STAGE_NODE_INFO, STAGE_PACKETS };

/* A channel we own, at the place of its settings. */
struct channel {
    struct outgoing *last;   /* queue as a ring: last->next is the first; NULL: empty */
    struct buffer *incoming; /* message being put together */
    uint64_t recently_sent;  /* encoded bytes, decaying (wire.md 5.3) */
    uint32_t queued_n;       /* messages in the queue, the waiting one included */
    bool announced;          /* by the peer: we may send on it */
};

struct link {
    const struct link_settings *settings;
    struct link_handler handler;
    enum link_stage stage;
    enum err failure; /* not OK: over */
    bool authenticated;
    bool flushing;
    struct peer_id peer_id;
    struct handshake *handshake; /* NULL once established */
    char *detail;                /* heap; of a failure, or NULL */
    struct frame_cipher seal, open;
    struct buffer *frame;   /* part of an incoming sealed frame */
    struct buffer *message; /* part of an incoming delimited message */
    struct buffer *ready;   /* handshake bytes to hand out, sealed already */
    int64_t seen_ms;        /* latest time given to any call */
    int64_t flush_from_ms;  /* queued messages may be handed out from then on; NEVER_MS: none */
    int64_t decayed_ms;
    size_t queued_bytes; /* of all queues, not yet handed out */
    struct rate sent, received;
    struct bucket chatter;
    struct ping ping;
    struct channel channels[LINK_CHANNELS_MAX];
};

#endif
