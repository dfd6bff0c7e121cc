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
#include "node/outbox.h"
#include "policy/policy.h"

#define OWN_ADDRESSES_MAX 8

struct node_settings {
    struct peer_id id;                            /* our own */
    struct addr own_addresses[OWN_ADDRESSES_MAX]; /* listen and external addresses (B30) */
    size_t own_addresses_n;

    /* Lists are copied by node_new. Hosts may be names: the node asks the host to resolve them. */
    const struct addr_text *seeds;
    size_t seeds_n;
    const struct addr_text *persistent_peers;
    size_t persistent_peers_n;
    const struct peer_id *unconditional_ids;
    size_t unconditional_ids_n;
    const struct peer_id *private_ids;
    size_t private_ids_n;

    bool pex;       /* false: no exchange at all */
    bool seed_mode; /* crawl, answer once, close */
    bool strict;    /* addr_book_strict */
    bool allow_duplicate_ip;
    uint32_t max_inbound, max_outbound;
    uint32_t max_handshaking; /* accepted sockets that have not authenticated (F24) */
    /* Accepted connections from one IP (IPv6: its /64) and from one group of B14; 0: only what
     * allow_duplicate_ip says. */
    uint32_t max_inbound_per_ip, max_inbound_per_group;
    int64_t persistent_max_dial_period_ms; /* 0: no cap (R53) */
    int64_t ensure_peers_period_ms;        /* 30 s (R40) */
    int64_t request_interval_min_ms;       /* 10 s: what we grant to others (R27) */
    int64_t own_request_spacing_ms;        /* 12 s: what we keep ourselves, per ID (P8) */
    /* F13: answers to one IP, over all its connections; off with allow_duplicate_ip. */
    uint32_t ip_answers_burst;            /* 20 */
    double ip_answers_per_s;              /* 1 */
    int64_t seed_disconnect_wait_ms;      /* 28 h (R65) */
    int64_t crawl_period_ms;              /* 30 s (R60) */
    uint32_t crawl_concurrency;           /* dials in flight while crawling (F17) */
    uint32_t crawl_outbound_max;          /* outbound peers and dials while crawling (F17, P19) */
    uint32_t dial_concurrency;            /* dials in flight, all kinds (P3) */
    uint32_t dial_rate;                   /* dials per second (P3); 0: 10, in seed mode 200 */
    int64_t book_store_interval_ms;       /* 1 s: ACTION_STORE; 0: the host keeps no store */
    int64_t book_save_interval_ms;        /* 2 min (B50): ACTION_EXPORT */
    int64_t configured_dial_delay_max_ms; /* 3 s: random delay before configured dials (S16, P26) */

    uint64_t rng_seed; /* decisions only, never keys */
    struct log log;
};

/* Go's constants and behaviour.md's defaults; id, lists and rng_seed are left empty. */
struct node_settings node_settings_default(void);

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

struct node_counts {
    uint32_t outbound, inbound; /* unconditional peers not counted (S5) */
    uint32_t peers;             /* all established */
    uint32_t dialing, handshaking;
    uint64_t dials, dials_failed, requests_sent, requests_received, requests_refused;
    uint64_t lists_received, lists_unsolicited, addresses_received, addresses_added;
    uint64_t bans, rounds;
};

struct node_counts node_counts(const struct node *node);
const struct book *node_book(const struct node *node);

/* What people and reports see of one peer. */
struct node_peer {
    struct peer_id id;
    struct endpoint remote;
    bool outbound, persistent, unconditional, is_seed;
    int64_t connected_ms; /* mono */
    int32_t rtt_ms;       /* -1: unknown */
    const char *version;  /* valid until the next step */
};

/* Calls visit for every established peer. */
void node_peers(const struct node *node, void (*visit)(void *context, const struct node_peer *peer),
    void *context);

#endif
