/* A node that records what it is told and answers what the test says, in place of core/node's: the
 * test program defines node.h's functions itself, so the linker takes these. */
#ifndef TESTS_UV_FAKE_NODE_H
#define TESTS_UV_FAKE_NODE_H

#include "node/node.h"
#include "node/outbox.h"
#include <assert.h>
#include <string.h>

#define SEEN_MAX 256

struct seen {
    enum event_kind kind;
    uint64_t conn;
    enum err err;
    struct peer_id id;
    struct endpoint remote;
    bool id_proven;
    int32_t ms; /* connect_ms, round trip */
    enum pex_kind message;
    size_t n;     /* addresses of a list or look-up */
    struct ip ip; /* first of a look-up */
};

struct node {
    struct seen seen[SEEN_MAX];
    size_t seen_n;
    int64_t deadline_ms;
    bool entered;
    /* Accepts sockets unless set; may answer any event with actions. */
    void (*react)(struct node *node, const struct event *event, struct outbox *outbox);
    bool refuses; /* accepted sockets are refused */
    void *test;
};

static inline void fake_node_init(struct node *node)
{
    memset(node, 0, sizeof *node);
    node->deadline_ms = NEVER_MS;
}

static inline struct seen record_of(const struct event *event)
{
    struct seen seen = {.kind = event->kind, .conn = event->conn};
    switch (event->kind) {
    case EVENT_ACCEPTED:
        seen.remote = event->accepted.remote;
        break;
    case EVENT_ESTABLISHED:
        seen.id = event->established.id;
        seen.remote = event->established.remote;
        seen.ms = event->established.connect_ms;
        break;
    case EVENT_DIAL_FAILED:
        seen.err = event->dial_failed.err;
        seen.id_proven = event->dial_failed.id_proven;
        break;
    case EVENT_MESSAGE:
        seen.message = event->message->kind;
        seen.n = event->message->addrs_n;
        break;
    case EVENT_ROUND_TRIP:
        seen.ms = event->round_trip.ms;
        break;
    case EVENT_CLOSED:
        seen.err = event->closed.err;
        seen.id = event->closed.id;
        break;
    case EVENT_RESOLVED:
        seen.err = event->resolved.err;
        seen.n = event->resolved.ips_n;
        if (seen.n > 0)
            seen.ip = event->resolved.ips[0];
        break;
    case EVENT_STORED:
        seen.err = event->stored.err;
        break;
    case EVENT_EXPORTED:
        seen.err = event->exported.err;
        break;
    default:
        break;
    }
    return seen;
}

void node_step(struct node *node, struct now now, const struct event *event, struct outbox *outbox);
int64_t node_deadline(const struct node *node);

void node_step(struct node *node, struct now now, const struct event *event, struct outbox *outbox)
{
    assert(!node->entered && now.mono_ms > 0);
    node->entered = true;
    if (node->seen_n < SEEN_MAX)
        node->seen[node->seen_n++] = record_of(event);
    if (event->kind == EVENT_ACCEPTED)
        outbox_add(outbox, node->refuses ? ACTION_REFUSE : ACTION_ACCEPT, event->conn);
    if (event->kind == EVENT_TICK)
        node->deadline_ms = NEVER_MS;
    if (node->react)
        node->react(node, event, outbox);
    node->entered = false;
}

int64_t node_deadline(const struct node *node)
{
    return node->deadline_ms;
}

static inline size_t seen_count(const struct node *node, enum event_kind kind)
{
    size_t n = 0;
    for (size_t i = 0; i < node->seen_n; i++)
        n += node->seen[i].kind == kind;
    return n;
}

/* The last record of this kind; NULL: none. */
static inline const struct seen *seen_last(const struct node *node, enum event_kind kind)
{
    for (size_t i = node->seen_n; i-- > 0;)
        if (node->seen[i].kind == kind)
            return &node->seen[i];
    return NULL;
}

static inline void act_dial(struct outbox *outbox, uint64_t number, const struct addr *to)
{
    outbox_add(outbox, ACTION_DIAL, number)->dial.addr = *to;
}

static inline void act_request(struct outbox *outbox, uint64_t conn)
{
    outbox_add(outbox, ACTION_SEND, conn)->send = (struct pex_message){.kind = PEX_REQUEST};
}

static inline void act_list(struct outbox *outbox, uint64_t conn, size_t n)
{
    struct addr *addrs = outbox_alloc(outbox, n * sizeof *addrs);
    for (size_t i = 0; i < n; i++) {
        memset(&addrs[i], 0, sizeof addrs[i]);
        memset(addrs[i].id.bytes, (int)(i + 1), PEER_ID_SIZE);
        addrs[i].at.ip = ip_of_v4(0x08080000u + (uint32_t)i);
        addrs[i].at.port = 26656;
    }
    outbox_add(outbox, ACTION_SEND, conn)->send =
        (struct pex_message){.kind = PEX_ADDRS, .addrs = addrs, .addrs_n = n, .listed_n = n};
}

static inline void act_close(struct outbox *outbox, uint64_t conn, int64_t flush_ms)
{
    struct action *action = outbox_add(outbox, ACTION_CLOSE, conn);
    action->close.why = ERR_GRACEFUL;
    action->close.flush_ms = flush_ms;
}

#endif
