/* One connection to a peer, as a state machine without I/O.
 *
 *     key exchange -> authentication -> node info -> packet stream -> (failed)
 *
 * The host feeds it received bytes (any split, one byte at a time is fine), takes bytes to write
 * from it, and calls link_tick at link_deadline. Everything of wire.md 3 - 5 happens in here:
 * sealing, packets, channels and their priorities, rate limits, ping and pong, and all handshake
 * checks of wire.md 2.2 steps 3 - 9. Once link_receive or link_tick has returned an error the link
 * has failed and its keys and messages are gone. Only handshake bytes that were sealed before are
 * still handed out by link_transmit: a peer that we find incompatible gets our node info and can
 * tell its operator why, as between Go nodes. The host writes them if the socket takes them at
 * once, closes and frees. Any other call does nothing then.
 *
 * Memory: an established idle link holds only this struct (LINK_IDLE_BYTES); buffers for a frame,
 * a message or a queue are taken when bytes of one are there and given back with its last byte.
 */
#ifndef LINK_LINK_H
#define LINK_LINK_H

#include "base/now.h"
#include "crypto/node_key.h"
#include "wire/node_info.h"
#include "wire/packet.h"

#define LINK_IDLE_BYTES 1024 /* upper bound of sizeof(struct link), checked by a test */
#define LINK_CHANNELS_MAX NODE_INFO_CHANNELS_MAX

struct link_channel {
    uint8_t id;
    uint8_t priority;     /* > 0 */
    uint16_t queue_max;   /* > 0; messages not yet sent whole */
    uint32_t receive_max; /* bytes of one incoming message */
};

/* Shared by all links of a node; borrowed, must outlive them. */
struct link_settings {
    const struct node_key *key;
    struct node_info own;
    struct link_channel channels[LINK_CHANNELS_MAX]; /* those we own, in order of registration */
    size_t channels_n;
    int64_t handshake_timeout_ms; /* for key exchange + authentication, then again for node info */
    int64_t ping_interval_ms;     /* 60 s; pong_timeout_ms must be less */
    int64_t pong_timeout_ms;      /* 45 s */
    int64_t flush_throttle_ms;    /* 100 ms */
    int64_t send_timeout_ms;      /* 10 s; 0: no message waits for room */
    uint32_t payload_max;         /* > 0; max_packet_msg_payload_size: the packets we accept */
    int64_t send_rate, recv_rate; /* bytes per second; < 1: unlimited */
};

/* What happened, told to the host during link_receive and link_tick. Calls back into the link from
 * inside a handler are limited to link_send. All four functions are set. */
struct link_handler {
    /* Handshake complete and every check passed. `info` and its texts are valid during the call. */
    void (*established)(void *context, const struct peer_id *id, const struct node_info *info);
    /* One whole message; bytes valid during the call. A non-OK return fails the link with it. */
    enum err (*message)(void *context, uint8_t channel, struct span bytes);
    /* A message given to link_send was dropped: its queue stayed full for send_timeout_ms. */
    void (*send_failed)(void *context, uint8_t channel);
    /* A pong came; ms since its ping. */
    void (*round_trip)(void *context, int64_t ms);
    void *context;
};

struct link;

/* expected: the dialed ID, or NULL for an inbound connection. ephemeral_secret: 32 fresh bytes of
 * the host's entropy, copied. NULL when out of memory. */
struct link *link_new(const struct link_settings *settings, struct link_handler handler,
    const struct peer_id *expected, const uint8_t ephemeral_secret[32], struct now now);
void link_free(struct link *link); /* NULL is fine; wipes the keys */

/* Takes all n bytes; `bytes` is scratch memory of the host and may be changed (frames are opened in
 * place). When the receive limit is reached, everything given is still taken: the host should stop
 * reading until link_read_resume_ms.
 *
 * Errors of any stage: ERR_VARINT, ERR_TOO_LONG, ERR_UNDECODABLE, ERR_NO_MEMORY, and once keys are
 * agreed ERR_FRAME_TAG, ERR_FRAME_LENGTH, ERR_FLOOD (chatter.h). In order of the stages:
 *   key exchange     ERR_KEY_EXCHANGE, ERR_LOW_ORDER_POINT, ERR_HANDSHAKE_TIMEOUT
 *   authentication   ERR_AUTH_KEY, ERR_AUTH_SIGNATURE, ERR_WRONG_ID, ERR_HANDSHAKE_TIMEOUT;
 *                    ERR_INVALID when our own node info is too long
 *   node info        ERR_NODE_INFO, ERR_NODE_INFO_ID, ERR_SELF, ERR_OTHER_BLOCK_VERSION,
 *                    ERR_OTHER_NETWORK, ERR_NO_COMMON_CHANNEL, ERR_HANDSHAKE_TIMEOUT
 *   packets          ERR_PACKET_TOO_LONG, ERR_PACKET_KIND, ERR_CHANNEL_UNKNOWN,
 *                    ERR_CHANNEL_CAPACITY, and what the message handler returned */
enum err link_receive(struct link *link, struct now now, uint8_t *bytes, size_t n);
/* mono_ms from which the host may read again; <= now.mono_ms: at once (wire.md 5.5). */
int64_t link_read_resume_ms(const struct link *link, struct now now);

/* Fills out with sealed bytes that are due now and returns how many (0: nothing due). Call it
 * after every other call and whenever the socket takes more, until it returns 0;
 * cap >= LINK_TRANSMIT_MIN.
 *
 * Handshake messages, pings and pongs are due at once. Messages are due together: when they would
 * fill a frame, when a ping or pong goes anyway, or flush_throttle_ms after the first of them was
 * queued, whichever comes first. The send rate can delay them further. */
#define LINK_TRANSMIT_MIN 2088 /* two sealed frames: room for what one packet may need */
size_t link_transmit(struct link *link, struct now now, uint8_t *out, size_t cap);

/* Queues a copy of a message. Into a full queue one more message is taken, to wait for room for up
 * to send_timeout_ms; its end is send_failed if none comes (R16, F12).
 * ERR_CHANNEL_UNKNOWN: we do not own the channel, the peer did not announce it, or the link is not
 * established. ERR_FULL, ERR_NO_MEMORY. Nothing was kept then, and the link goes on. */
enum err link_send(struct link *link, struct now now, uint8_t channel, struct span message);
/* Everything queued was handed out by link_transmit. With a flush pending (link_flush) throttle and
 * ping deadlines no longer apply. */
bool link_is_drained(const struct link *link);
void link_flush(struct link *link);

/* Next moment at which link_tick or link_transmit has something to do; NEVER_MS: none. What
 * link_transmit could do already is not counted, so a full socket does not keep a timer running. */
int64_t link_deadline(const struct link *link);
/* ERR_HANDSHAKE_TIMEOUT, ERR_PONG_TIMEOUT. */
enum err link_tick(struct link *link, struct now now);

bool link_is_established(const struct link *link);
/* The peer's key has come: it is more than a silent socket. */
bool link_has_heard_key(const struct link *link);
/* The ID the peer proved, once authenticated (also when a later check failed), else NULL. */
const struct peer_id *link_peer_id(const struct link *link);
/* After a failure the fact behind its error, for people ("our network is a-1, theirs is
 * b-2"): printable ASCII; NULL where the error says all. Borrowed from the link. */
#define LINK_DETAIL_MAX 191 /* bytes */
const char *link_detail(const struct link *link);
size_t link_pending_bytes(const struct link *link);
/* For tests and metrics: bytes of heap this link holds now, the struct included. */
size_t link_memory(const struct link *link);

#endif
