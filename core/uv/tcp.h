/* One TCP connection of a host and the link that runs over it.
 *
 *     dialed:   connecting --.
 *     accepted: waiting -----+--> open --> flushing --> lingering --> closed
 *
 * waiting: for ACTION_ACCEPT, nothing is read. flushing: ACTION_CLOSE with time to write what is
 * queued; what arrives is thrown away. lingering: everything is given to the socket and the sending
 * side is shut down; the socket is read until the peer closes, because closing with unread input
 * would send a reset that destroys our last bytes on their way. It ends after TCP_LINGER_MS if the
 * peer has got everything by then, else when the time to flush is over. What a closing connection
 * still sends is read up to TCP_DISCARD_MAX. Whoever has not taken our bytes at the end is cut off
 * with a reset, so that the system does not keep them.
 *
 * Two kinds are limited here, and the oldest makes room for the newest: those that are being closed
 * (TCP_CLOSING_MAX; the system goes on delivering what it has taken), and accepted ones in
 * handshake (max_handshaking, F24). Of the latter those go first that have not said a word: an
 * honest peer's key comes with its connection, so thousands of silent ones displace each other and
 * nobody else.
 *
 * A connection holds no buffer while it is idle. Bytes that the socket does not take at once, and
 * those held back by write_delay_ms, are copied into one block; no more is taken from the link
 * until it is written. A peer that does not take a block within write_timeout_ms fails with
 * ERR_TIMEOUT, however many pongs it sends.
 *
 * Nothing here may be called from inside a handler of the link, except through host_event. */
#ifndef UV_TCP_H
#define UV_TCP_H

#include "base/heap.h"
#include "link/link.h"
#include "node/event.h"
#include <uv.h>

/* The node has forgotten connections that are being closed, so none of its limits counts them, and
 * peers that ask and never read could pile them up until descriptors run out. */
#define TCP_CLOSING_MAX 512
#define TCP_LINGER_MS 1000
#define TCP_DISCARD_MAX 262144 /* bytes */

struct host;
struct line;
struct tcp_block;

enum tcp_state { TCP_CONNECTING, TCP_WAITING, TCP_OPEN, TCP_FLUSHING, TCP_LINGERING, TCP_CLOSED };

struct tcp {
    uv_tcp_t handle; /* first: a handle is its connection */
    struct host *host;
    struct link *link;       /* of an open or flushing connection */
    struct tcp_block *block; /* bytes on their way, NULL: none */
    struct heap_item deadline;
    uint64_t number;
    uint32_t place;          /* in host->tcps */
    int32_t connect_ms;      /* -1: accepted */
    int64_t until_ms;        /* end of connecting, flushing or lingering */
    uint64_t received, sent; /* bytes of messages: decoded, queued */
    int64_t flush_by_ms;
    struct line *line; /* NULL: in none */
    struct tcp *line_before, *line_after;
    uint32_t discarded; /* bytes thrown away while closing */
    struct endpoint remote;
    struct peer_id dialed; /* expected ID of an outbound connection */
    uint8_t state;         /* enum tcp_state */
    bool outbound, established;
    bool reading, read_all; /* read_all: the peer has closed its sending side */
    bool dead;              /* the node has closed or refused its number, or was told of its end */
};

/* ACTION_DIAL. A failure, also an immediate one, is told by EVENT_DIAL_FAILED. */
void tcp_dial(struct host *host, uint64_t number, const struct addr *to);
/* Takes fd, which was accepted from `remote`, and numbers it: EVENT_ACCEPTED. */
void tcp_accepted(struct host *host, int fd, const struct endpoint *remote);
/* ACTION_ACCEPT: the handshake begins. */
void tcp_accept(struct tcp *tcp);
/* ACTION_SEND. */
void tcp_send(struct tcp *tcp, const struct pex_message *message);
/* ACTION_CLOSE: no event comes any more. */
void tcp_close(struct tcp *tcp, int64_t flush_ms);
/* Its link has taken bytes. */
void tcp_heard(struct tcp *tcp);
/* Its deadline has come. */
void tcp_due(struct tcp *tcp);

/* Closes at once, without an event. What the socket has taken is still delivered. */
void tcp_drop(struct tcp *tcp);
/* The same, but the system does not keep what the peer has not taken either. */
void tcp_cut(struct tcp *tcp);
/* Closes at once and tells the node why, unless the number is dead already. */
void tcp_fail(struct tcp *tcp, enum err err);
/* Finds the next moment at which tcp_due must be called. */
void tcp_schedule(struct tcp *tcp);

static inline struct tcp *tcp_of_deadline(struct heap_item *item)
{
    return (struct tcp *)((char *)item - offsetof(struct tcp, deadline));
}

#endif
