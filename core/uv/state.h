/* What a host is made of. For the files of this folder only.
 *
 * The rule that keeps it simple: **events at once, actions later**. host_event may be called from
 * anywhere, also from inside a link's handler; it only steps the node. Sockets are closed and links
 * fed or freed only by the outermost callback and by host_settle, which every callback of libuv
 * calls last. */
#ifndef UV_STATE_H
#define UV_STATE_H

#include "base/heap.h"
#include "base/map.h"
#include "uv/host.h"
#include "uv/line.h"
#include "uv/listener.h"
#include "uv/resolver.h"
#include "uv/store.h"

struct tcp;

struct host {
    struct workspace *workspace;
    const struct host_settings *settings;
    struct node *node; /* NULL before host_start */
    struct outbox outbox;
    uv_timer_t timer; /* the only one: the node's deadline, or the earliest of a socket */
    int64_t armed_ms;
    struct listener listener;
    struct resolver resolver;
    struct store store;

    /* Connections whose socket is not yet being closed, dense and by number. */
    struct tcp **tcps;
    uint32_t tcps_n, tcps_cap;
    struct map by_number;
    struct heap deadlines;
    struct line mute, speaking; /* accepted, in handshake: before and after the peer's key (F24) */
    struct line closing;        /* flushing and lingering */

    uint32_t open; /* handles of libuv and work that must end before `stopped` */
    bool settling;
    bool stop_asked; /* the node got COMMAND_STOP: it only hears yet what became of its rows */
    bool torn_down;
    void (*stopped)(void *context);
    void *stopped_context;
    struct host_counts counts;
};

struct now host_now(const struct host *host);
/* Steps the node, unless it is not there yet or stopped. Does no action. After a stop only rows
 * that were not stored are news: the node may try them once more. */
void host_event(struct host *host, const struct event *event);
/* Does the actions that wait, and those which follow from them, then sets the timer. Must be the
 * last call of every callback of libuv: connections may be gone afterwards. */
void host_settle(struct host *host);
/* Registers a connection under its number; false when out of memory. */
bool host_add(struct host *host, struct tcp *tcp);
void host_remove(struct host *host, struct tcp *tcp);
/* A handle or piece of work of this host ended; may end the host's life (`stopped`). */
void host_closed_one(struct host *host);

#endif
