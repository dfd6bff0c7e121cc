/* What a node is made from. Plain data; every period, limit and threshold of behaviour.md that is
 * no policy's to decide. */
#ifndef NODE_SETTINGS_H
#define NODE_SETTINGS_H

#include "addr/addr.h"
#include "addr/tags.h"
#include "base/log.h"

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
    /* Accepted connections from one IP (IPv6: its /64), in place of what allow_duplicate_ip says
     * about them, and from one group of B14. 0: no such limit; but of a strict seed without
     * allow_duplicate_ip a group of public addresses has at most a quarter of max_inbound, or 8 if
     * that is more. */
    uint32_t max_inbound_per_ip, max_inbound_per_group;
    int64_t persistent_max_dial_period_ms; /* 0: no cap (R53) */
    int64_t ensure_peers_period_ms;        /* 30 s (R40) */
    int64_t request_interval_min_ms;       /* 10 s: what we grant to others (R27) */
    int64_t own_request_spacing_ms;        /* 12 s: what we keep ourselves, per ID (P8) */
    /* F13: answers to one IP, over all its connections; off with allow_duplicate_ip. */
    uint32_t ip_answers_burst;       /* 20 */
    double ip_answers_per_s;         /* 1 */
    int64_t seed_disconnect_wait_ms; /* 28 h (R65) */
    int64_t crawl_period_ms;         /* 30 s (R60) */
    uint32_t crawl_concurrency;      /* dials in flight while crawling (F17) */
    uint32_t crawl_outbound_max;     /* outbound peers and dials while crawling (F17, P19) */
    uint32_t dial_concurrency;       /* dials in flight, all kinds (P3) */
    uint32_t dial_rate;              /* dials per second (P3); 0: 10, in seed mode 200 */

    /* Dialing. Strict mode, per /24 or /48 (P3): */
    uint32_t range_dial_concurrency; /* 2 in flight */
    uint32_t range_dial_rate;        /* 10 in any minute */
    int64_t own_trouble_wait_ms;     /* 1 min: for an address that our own host cannot reach now */
    int64_t wrong_id_block_ms;       /* 24 h: a pair of ID and endpoint (F3) */
    int64_t other_network_block_ms;  /* 24 h: an ID of another network, met as dialer (F25) */

    /* Requests and lists. */
    int64_t request_timeout_ms; /* 30 s: an unanswered request is given up (F12) */
    /* 90 s: a list that comes after that is ignored, not punished. F12 says 60 s; but a line that
     * pauses for less than ping interval + pong timeout, 105 s, keeps its connection and delivers
     * all at once when it goes on, so what was asked just before is answered that late. */
    int64_t late_list_grace_ms;
    int64_t request_retry_ms;   /* 2 min: between requests to a peer that does not answer */
    double seed_new_percent;    /* 30: of a seed's answer (R25, B37) */
    int64_t seed_flush_ms;      /* 10 s: to write it before the connection is closed (F27, P14) */
    uint32_t source_hourly_max; /* 2000: new addresses of one source (P16) */
    uint32_t source_dead_step;  /* 50: so many dead addresses halve that for a day */

    /* Good addresses (P6): connected for so long, or so long with a list; again after. */
    int64_t good_after_ms;      /* 1 h */
    int64_t good_after_list_ms; /* 10 min; in seed mode at once */
    int64_t good_again_ms;      /* 1 h */

    /* Crawling and how long peers of a seed stay (P19, P20). */
    int64_t recrawl_interval_ms;        /* 2 min: between two crawls of one ID (R61) */
    int64_t crawl_hold_after_list_ms;   /* 5 s */
    int64_t crawl_hold_without_list_ms; /* 30 s */
    int64_t seed_idle_ms;               /* 60 s: an inbound peer that never asked */
    int64_t record_lifetime_ms;         /* 24 h: of crawls and of what peers did (R64, P28) */

    /* Seeds and persistent peers. */
    int64_t first_round_delay_max_ms; /* 0: random delay before the first round (R40, P27) */
    uint32_t alone_rounds;         /* 2: so many periods without a peer: seeds are dialed (F14) */
    int64_t seed_retry_ms;         /* 10 s: between two dials of one seed (P10) */
    int64_t lookup_retry_min_ms;   /* 30 s: a name that does not resolve; doubles (F14) ... */
    int64_t lookup_retry_max_ms;   /* ... up to 10 min */
    uint32_t reconnect_tries;      /* 20 at reconnect_interval_ms (S20) ... */
    int64_t reconnect_interval_ms; /* 5 s */
    int64_t reconnect_jitter_ms;   /* 3 s: random part on top of every wait */
    uint32_t reconnect_factor;     /* 3: ... then the wait grows so from 1 s ... */
    int64_t reconnect_max_ms;      /* ... up to 5 min, or persistent_max_dial_period_ms (F16) */

    int64_t book_store_interval_ms;       /* 1 s: ACTION_STORE; 0: the host keeps no store */
    int64_t book_save_interval_ms;        /* 2 min (B50): ACTION_EXPORT */
    int64_t configured_dial_delay_max_ms; /* 3 s: random delay before configured dials (S16, P26) */

    const struct tags *tags; /* of address ranges, for policies; borrowed, NULL: none */
    uint64_t rng_seed;       /* decisions only, never keys */
    struct log log;          /* written to during steps; nothing depends on it */
};

/* Go's constants and behaviour.md's defaults; id, lists and rng_seed are left empty. */
struct node_settings node_settings_default(void);

#endif
