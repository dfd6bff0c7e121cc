/* A peer-exchange node without I/O: one event in, actions out.
 *
 * node_step never reads a clock, a socket, a file or entropy: a run is a function of its events,
 * its seed and its policy's answers. The host keeps one timer per node, set to node_deadline. Nodes
 * share nothing; a process can hold many.
 *
 * The default rules are behaviour.md sections 1 - 4 with the fixes of section 8.
 */
#ifndef NODE_NODE_H
#define NODE_NODE_H

#include "base/log.h"
#include "book/book.h"
#include "node/event.h"
#include "node/metrics.h"
#include "node/outbox.h"
#include "node/settings.h"
#include "policy/policy.h"

struct node;

/* Copies settings; takes book (new or loaded), whose selection_max is at most PEX_SELECTION_MAX;
 * borrows policy, which must outlive the node. NULL when out of memory: the book is still the
 * caller's. */
struct node *node_new(
    const struct node_settings *settings, struct book *book, struct policy *policy, struct now now);
void node_free(struct node *node); /* NULL is fine; frees the book */

/* Takes one event and appends actions to outbox. */
void node_step(struct node *node, struct now now, const struct event *event, struct outbox *outbox);
/* mono_ms at which the host must send EVENT_TICK. */
int64_t node_deadline(const struct node *node);

/* Someone who watches every step, whatever the host: journal, trace, metrics. `before` is called
 * with what the node is told, `after` with what it wants, before any of it is done; either may be
 * NULL. Must not change the node. */
struct node_observer {
    void (*before)(void *context, struct now now, const struct event *event);
    void (*after)(void *context, struct now now, const struct action *actions, size_t n);
    void *context;
    struct node_observer *next; /* the node's */
};

/* Adds one behind the others, who are called in this order; borrows it as long as the node
 * lives. Not during a step. */
void node_observe(struct node *node, struct node_observer *observer);

struct node_counts {
    uint32_t outbound, inbound; /* unconditional peers not counted (S5) */
    uint32_t peers;             /* all established */
    uint32_t dialing, handshaking;
    uint64_t dials, dials_failed, requests_sent, requests_received, requests_refused;
    uint64_t lists_received, lists_unsolicited, addresses_received, addresses_added;
    uint64_t bans, rounds;
};

struct node_counts node_counts(const struct node *node);
const struct node_metrics *node_metrics(const struct node *node);
/* Mono: no peer since then; NEVER_MS while there is one. */
int64_t node_alone_since(const struct node *node);
const struct book *node_book(const struct node *node);

/* What people and reports see of one peer. */
struct node_peer {
    struct peer_id id;
    struct endpoint remote;
    bool outbound, persistent, unconditional, is_seed;
    int64_t connected_ms; /* mono */
    int32_t rtt_ms;       /* -1: unknown */
    uint32_t useful;      /* addresses of its lists that were new to us */
    const char *version;  /* valid until the next step */
};

/* A seed or persistent peer, as people see it. */
struct node_configured {
    const struct addr_text *text; /* valid until the next step */
    enum {
        CONFIGURED_WAITS,
        CONFIGURED_CONNECTED,
        CONFIGURED_DIALING,
        CONFIGURED_RESOLVING,
        CONFIGURED_OURSELVES
    } state;
    uint32_t failures; /* tries in a row: look-ups and dials */
    enum err error;    /* of the last try or connection; ERR_OK: it is well, or there was none */
    int64_t next_ms;   /* mono: the next look-up or dial; NEVER_MS: none is planned */
};

enum node_list { NODE_SEEDS, NODE_PERSISTENT };
void node_configured(const struct node *node, enum node_list list,
    void (*visit)(void *context, const struct node_configured *peer), void *context);

/* Calls visit for every established peer. */
void node_peers(const struct node *node, void (*visit)(void *context, const struct node_peer *peer),
    void *context);

#endif
