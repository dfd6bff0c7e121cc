/* The connections of a node: dials in progress, accepted sockets in handshake, peers (S1 - S3, S7).
 *
 * Found by number and by ID (dials and peers apart, as an ID may be both for a moment); counted by
 * IP, by range and by group, so that nothing asked at every dial walks the list. Kept dense; the
 * order changes when one leaves. */
#ifndef NODE_CONNS_H
#define NODE_CONNS_H

#include "addr/addr.h"
#include "addr/tags.h"
#include "base/map.h"
#include "base/rng.h"

#define VERSION_KEPT 31

enum conn_state { CONN_DIALING, CONN_HANDSHAKING, CONN_PEER };

/* Why we dialed: decides the bookkeeping when the dial ends. */
enum dial_origin {
    ORIGIN_INBOUND,    /* not dialed */
    ORIGIN_BOOK,       /* chosen in an ensure-peers round or a crawl: counters and back-off */
    ORIGIN_FEELER,     /* the same, but closed as soon as it has authenticated */
    ORIGIN_SEED,       /* R58: no bookkeeping */
    ORIGIN_PERSISTENT, /* S20: its own schedule */
    ORIGIN_COMMAND,    /* an operator's wish: counted, not gated */
};

struct conn {
    uint64_t number;
    struct peer_id id;      /* dialed or proven; none while an accepted socket is in handshake */
    struct endpoint remote; /* dialed address, or the other end of the socket */
    const char *tag;        /* of it; set by conns_add */
    struct addr listen;     /* of a peer: self-reported address when it is a literal */
    bool listen_known;
    uint8_t state;  /* enum conn_state */
    uint8_t origin; /* enum dial_origin */
    bool outbound, persistent, unconditional, is_seed, has_pex;
    bool listen_bad;  /* the self-reported address does not parse (R34) */
    int64_t since_ms; /* in this state */
    int32_t rtt_ms;   /* -1: unknown */

    int64_t asked_ms;     /* our unanswered request was sent then; NEVER_MS: none (R30) */
    int64_t late_ms;      /* until then late lists are ignored rather than punished (F12) */
    uint32_t late_lists;  /* how many of them may come */
    int64_t list_ms;      /* the last solicited list came then; NEVER_MS: none */
    int64_t requested_ms; /* start of the interval their next request must respect (R27) */
    bool forgiven;        /* one request came too soon since then, and was answered (D2) */
    uint32_t asked;       /* requests we sent on this connection */
    uint32_t requests;    /* they sent on this connection */
    int64_t request_ms;   /* the last of them; NEVER_MS: none */
    uint32_t lists;       /* they sent and we had asked for */
    uint32_t addresses;   /* they supplied in these ... */
    uint32_t useful;      /* ... and were new to us */
    int64_t good_ms;      /* not marked good again before this (P6) ... */
    int64_t promote_ms;   /* ... and the policy not asked about it */
    char version[VERSION_KEPT + 1];
};

struct conns {
    struct conn *at;
    uint32_t n, cap;
    struct map by_number, dialing_by_id, peer_by_id;
    struct map dialing_ips, open_ips; /* IP -> how many */
    struct map dialing_ranges;        /* conns_range -> how many dials */
    struct map outbound_groups;       /* group -> how many dials and outbound peers */
    struct map outbound_tags;         /* struct conn_tag -> the same */
    struct map accepted_homes;        /* conns_home -> how many accepted, peers or not yet */
    struct map accepted_groups;       /* group -> the same */
    uint32_t outbound, inbound;       /* peers, unconditional ones not counted (S5) */
    uint32_t peers, dialing, handshaking;
    uint32_t feelers;        /* of the dials */
    bool strict;             /* groups as in B14 steps 1 - 2 */
    const struct tags *tags; /* borrowed; NULL: none */
};

void conns_init(struct conns *conns, bool strict, const struct tags *tags, struct rng *rng);
void conns_free(struct conns *conns);

/* Adds a connection in its state; NULL when out of memory. Pointers are valid until the next add or
 * remove. A number must be new, a dial's ID not dialing already, a peer's not connected. */
struct conn *conns_add(struct conns *conns, const struct conn *conn);
void conns_remove(struct conns *conns, struct conn *conn);
/* A dial or handshake became a peer: sets id, state and since_ms, keeps all counts right. The flag
 * `unconditional` may be set before. false: out of memory, nothing changed. */
bool conns_promote(
    struct conns *conns, struct conn *conn, const struct peer_id *id, int64_t mono_ms);

struct conn *conns_find(const struct conns *conns, uint64_t number);
struct conn *conns_peer(const struct conns *conns, const struct peer_id *id);
struct conn *conns_dial(const struct conns *conns, const struct peer_id *id);
/* Connections of any state with this IP, dials included ... */
uint32_t conns_with_ip(const struct conns *conns, const struct ip *ip);
/* ... and of those whose socket is known to be open: accepted ones and peers. */
uint32_t conns_open_with_ip(const struct conns *conns, const struct ip *ip);

/* Whoever has one IPv6 address has its whole /64: that, or the IPv4 address itself. */
struct ip conns_home(const struct ip *ip);
/* Accepted connections, in handshake or peers, from one home and from one group. */
uint32_t conns_accepted_from(const struct conns *conns, const struct ip *ip);
uint32_t conns_accepted_in_group(const struct conns *conns, struct group group);

/* The /24 or /48 that an address is in, by its first address (P3). */
struct ip conns_range(const struct ip *ip);
uint32_t conns_dials_in_range(const struct conns *conns, const struct ip *range);
/* Dials and outbound peers in a group. */
uint32_t conns_outbound_in_group(const struct conns *conns, struct group group);
/* The same with a tag; 0 for "". */
uint32_t conns_outbound_with_tag(const struct conns *conns, const char *tag);

#endif
