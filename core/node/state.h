/* What the files of this folder share. Not for hosts: they see node.h.
 *
 * Every function that acts takes `struct step`: the node, the time and the outbox of this step. */
#ifndef NODE_STATE_H
#define NODE_STATE_H

#include "base/bucket.h"
#include "base/recent.h"
#include "node/conns.h"
#include "node/evict.h"
#include "node/node.h"

/* Bounds of tables that peers can fill (F26). */
#define DIAL_RECORDS_MAX 65536
#define HISTORY_MAX 65536
#define CRAWL_RECORDS_MAX 65536
#define RANGE_RECORDS_MAX 16384
#define IP_BUDGETS_MAX 65536

/* Of one endpoint that failed to answer (R50). */
struct dial_record {
    uint32_t failures;
    int64_t next_ms; /* the gate: no dial before this (P4) */
};

/* Of one ID, over its connections (F13, P8, P16, P17). Times are mono_ms + 1, 0 for never. */
struct peer_history {
    int64_t asked_at;     /* we asked it last, or it answered (P8) */
    int64_t answered_at;  /* we answered it last */
    uint32_t answered;    /* answers given while less than an interval lay between them */
    uint32_t incidents;   /* misbehaviour since incidents_at */
    int64_t incidents_at; /* first of them */
    int64_t added_at;     /* begin of the hour that `added` counts */
    uint32_t added;       /* addresses it told us that were new */
    uint32_t dead;        /* of those it told us first: that failed, since dead_at */
    int64_t dead_at;      /* first of them */
};

/* A seed or persistent peer of the configuration. */
struct configured_peer {
    struct addr_text text;
    struct addr addr;             /* last resolved address */
    bool resolved;                /* addr is usable */
    bool resolving;               /* the host was asked */
    bool never;                   /* it is ourselves */
    bool removed;                 /* by an operator: this place is free */
    uint32_t failures;            /* in a row: dials (persistent) or look-ups (seeds) */
    int64_t next_ms;              /* next try; NEVER_MS while connected, dialing or resolving */
    int64_t tried_ms;             /* last dial */
    int64_t away_ms;              /* persistent: since then; NEVER_MS while connected */
    uint32_t dials, dials_failed; /* seeds: ever, and in a row */
    uint8_t
        result; /* enum err of the last dial; of a persistent peer also of its last connection */
};

/* One walk through the seeds (R58). */
struct seed_walk {
    bool active;
    uint32_t *order; /* indexes of seeds; room for all */
    uint32_t n;
    uint32_t at; /* position of the seed being dialed */
};

struct crawl {
    struct addr *queue; /* addresses of this pass that still wait for a free dial */
    size_t queue_n, queue_at;
    uint32_t concurrency;  /* of this pass */
    bool sweeping;         /* whoever was never visited has his turn: */
    uint32_t sweep_at;     /* in the book, from here on (book_next) ... */
    int64_t sweep_ms;      /* ... then; NEVER_MS: once the pass that is under way is through */
    struct recent records; /* ID -> mono_ms + 1 of the last crawl */
    int64_t began_ms;      /* of the pass that is under way; NEVER_MS: none */
    int64_t next_ms;       /* of the next round (R60) */
};

/* What of the book is on its way to disk (save.c). */
struct node_save {
    bool storing, exporting; /* the host has not answered yet */
    bool in_parts;           /* the rows of several actions make one transaction */
    bool tried_again;        /* at stop, what had failed by then */
    int64_t store_ms;        /* next ACTION_STORE; NEVER_MS: nothing has changed */
    int64_t export_ms;
    int64_t backoff_ms;      /* 0: the last rows were written */
    uint64_t store_revision; /* of the book when rows were last taken */
    uint32_t store_count;    /* entries it had then */
    uint32_t left_out;       /* of the last image */
};

struct node_clock {
    int64_t last_wall_ms; /* of the step before */
    /* What scripts see never goes back and never stands still: after the clock was set back it goes
     * on from here at half the pace, until the clock has caught up. */
    struct now shown;
};

struct node {
    struct node_settings settings;
    struct book *book;
    struct policy *policy;
    struct node_observer *observers; /* the first one */
    struct rng rng;
    struct conns conns;
    uint64_t dial_number;

    struct recent dial_records; /* struct endpoint key -> struct dial_record */
    struct recent ranges;       /* conns_range -> struct bucket: dials a minute (P3) */
    struct recent history;      /* ID -> struct peer_history */
    struct recent ip_budgets;   /* IP or its /64 -> struct bucket: answers (F13) */
    struct bucket dial_budget;
    struct bucket replace_budget; /* admit.c */

    struct configured_peer *seeds, *persistent;
    uint32_t seeds_n, persistent_n;
    bool seeds_checked; /* R6 is decided */
    struct peer_id *unconditional;
    struct seed_walk walk;
    struct crawl crawl;

    bool started, stopping;
    int64_t round_ms; /* next regular round; NEVER_MS in seed mode */
    int64_t wake_ms;  /* next extra round (F2); NEVER_MS: none */
    int64_t housekeep_ms;
    struct node_save save;
    int64_t alone_since_ms; /* no peer since then; NEVER_MS while there is one (F14) */
    struct {
        int64_t since_ms;
        uint32_t outbound; /* peers that fell to bans of a script since (P17) */
    } banned;
    struct cidr parting; /* a policy banned this range in this step */
    bool is_parting;     /* and its peers must go */
    struct node_clock clock;
    struct node_counts counts;
    struct node_metrics metrics;
    struct evict evict;
    struct step *step; /* the one under way, for the book's questions */
};

struct step {
    struct node *node;
    struct now now;
    struct outbox *outbox;
    struct evict_rows *evict_rows; /* evict.c; NULL until it is asked in this step */
};

#define BAN_MIN_MS MINUTES_MS(1) /* P5, P17 */
#define BAN_MAX_MS (HOURS_MS(24) * 30)

/* A policy's seconds as milliseconds within bounds; what is no number becomes min_ms. */
static inline int64_t clamp_ms(double seconds, int64_t min_ms, int64_t max_ms)
{
    double ms = seconds * 1000;
    if (!(ms > (double)min_ms))
        return min_ms;
    return ms < (double)max_ms ? (int64_t)ms : max_ms;
}

/* Keys of the tables. */
struct endpoint_key {
    uint8_t bytes[18];
};
struct endpoint_key endpoint_key(const struct endpoint *at);

/* clock.c */

/* Before anything else in a step: tells the book when the wall clock was set back. */
void clock_begin_step(struct step *step);
/* Wall time as scripts see it. */
int64_t clock_shown_ms(const struct step *step);

/* dialer.c */

/* Whether an address could be dialed now, rates and caps apart: ERR_OK, ERR_ADDR_SELF,
 * ERR_ALREADY_CONNECTED (or another dialer's to dial), ERR_DUPLICATE_IP, ERR_BANNED, ERR_TOO_EARLY
 * (in back-off). */
enum err dialer_check(const struct step *step, const struct addr *addr, enum dial_origin origin);
/* Starts a dial after that check; also ERR_FULL (no dial at all is free now), ERR_TOO_EARLY (none
 * for this address's range). */
enum err dialer_dial(struct step *step, const struct addr *addr, enum dial_origin origin);
void dialer_failed(struct step *step, const struct event *event);
void dialer_succeeded(
    struct step *step, const struct conn *conn, const struct peer_id *id, int32_t rtt_ms);
/* A dial is over, with ERR_OK or why not (detail: event.h): whoever asked for it goes on. */
void dialer_ended(struct step *step, enum dial_origin origin, const struct peer_id *id,
    enum err err, const char *detail);
const struct dial_record *dialer_record(const struct node *node, const struct endpoint *at);

/* admission.c */

void admission_accepted(struct step *step, const struct event *event);
void admission_established(struct step *step, const struct event *event);
void admission_closed(struct step *step, const struct event *event);
/* How many accepted connections one group may have; 0: no limit. */
uint32_t admission_group_max(const struct node *node, struct group group);
/* Forgets a connection and tells the host to close it, after what is queued if flush_ms > 0. */
void admission_close(struct step *step, struct conn *conn, enum err why, int64_t flush_ms);

/* The same, and `detail` says more. */
void admission_close_because(
    struct step *step, struct conn *conn, enum err why, const char *detail, int64_t flush_ms);

/* refusal.c */

/* What people are told beside the error (event.h): the ban, the connection or the limit in whose
 * way `addr` is; its ID may be none. */
const char *refusal_detail(const struct step *step, enum err why, const struct addr *addr);
/* A detail in the log, "-" for none. */
static inline struct log_field refusal_field(const char *detail)
{
    return LOG_TEXT("detail", detail ? detail : "-");
}
/* The same to an operator: which ban, and how to end it. NULL: there is none. */
const char *refusal_ban(const struct step *step, const struct addr *addr);
/* To an operator who ends a ban that there is not: what is banned instead. */
const char *refusal_no_ban(const struct step *step, const struct ban_target *target);

/* exchange.c */

void exchange_message(struct step *step, const struct event *event);
void exchange_send_failed(struct step *step, const struct event *event);
/* Asks a peer for addresses if it may be asked now (R30, P8); true: sent. */
bool exchange_ask(struct step *step, struct conn *conn);
bool exchange_may_ask(const struct step *step, const struct conn *conn);

/* share.c */

/* Answers a request: in seed mode inbound peers get B37 with verified addresses first, all others
 * B36. */
void share_send(struct step *step, const struct conn *conn);

/* penalty.c: a peer misbehaved. */

/* Asks the ban policy and enforces its answer; whether the peer must go. */
bool penalty_judge(struct step *step, const struct conn *conn, enum err kind);
/* Of the last day; history may be NULL. */
uint32_t penalty_incidents(const struct step *step, const struct peer_history *history);
/* The same, and closes it if so. */
void penalty_incident(struct step *step, struct conn *conn, enum err kind);
/* A range is banned: closes the peers inside but for those the operator named. How many went. */
uint32_t penalty_part(struct step *step, const struct cidr *range);
/* At the end of a step: the same for a range that a policy banned in it. */
void penalty_after_step(struct step *step);

/* reinstate.c */

/* P11: addresses whose bans ran out come back. */
void reinstate_expired(struct step *step);

/* source.c */

/* A peer as the source of an address: its socket's IP, never its claim (F20). */
struct addr source_of(const struct conn *conn);
/* P16: how many addresses this ID may add now ... */
uint32_t source_room(const struct step *step, const struct peer_id *id);
/* ... it added one ... */
void source_added(struct step *step, const struct peer_id *id);
/* ... an address failed: whoever told it first may add less for a day ... */
void source_blame(struct step *step, const struct addr *dead);
/* ... as if so many had failed; and how many did in the last day. */
void source_note_dead(struct step *step, const struct peer_id *id, uint32_t n);
uint32_t source_dead(const struct step *step, const struct peer_id *id);

/* accept.c */

/* R35, P16: takes what the policy chose of a solicited list. How many were new to us. */
uint32_t accept_list(struct step *step, const struct conn *conn, const struct pex_message *list);

/* answer.c */

/* R25 - R27. */
void answer_request(struct step *step, struct conn *conn);

/* promote.c */

/* P6: marks the address of a useful peer good, at most once a connection and hour. The policy is
 * asked when a peer sends a list, and about all once a minute. */
void promote_if_useful(struct step *step, struct conn *conn);
void promote_all(struct step *step);

/* ask.c */

/* R47a: perhaps one of all peers. */
void ask_somebody(struct step *step);
/* R20: perhaps one that has just connected. */
void ask_newcomer(struct step *step, struct conn *conn);

/* rotate.c */

void rotate_peers(struct step *step);

/* ensure.c */

void ensure_round(struct step *step, bool period_elapsed);
/* One more round at that time, without waiting for the period (F2: never lost, coalesced). */
void ensure_wake(struct step *step, int64_t mono_ms);

/* configured.c */

void configured_start(struct step *step);
void configured_tick(struct step *step);
int64_t configured_deadline(const struct node *node);
void configured_resolved(struct step *step, const struct event *event);
bool configured_is_persistent(const struct node *node, const struct peer_id *id);
bool configured_is_seed(const struct node *node, const struct peer_id *id);
/* Whether a range holds the address of a seed or persistent peer: never banned by a script (P17).
 */
bool configured_covers(const struct node *node, const struct cidr *range);

/* seeds.c */

/* Begins a walk through those ready seeds that the policy names, unless one is under way (R58). */
void seeds_dial(struct step *step);
void seeds_failed(struct step *step, enum err err, const char *detail);
void seeds_connected(struct step *step);

/* persistent.c */

void persistent_failed(struct step *step, const struct peer_id *id, enum err err);
void persistent_connected(struct step *step, const struct peer_id *id);
/* by_us: closed without blame by our own decision. */
void persistent_closed(
    struct step *step, const struct peer_id *id, int64_t stayed_ms, enum err err, bool by_us);

/* save.c */

void save_init(struct node *node);
void save_start(struct step *step);
void save_tick(struct step *step);
/* Every step ends with it: what has changed is to be stored soon. */
void save_after_step(struct step *step);
int64_t save_deadline(const struct node *node);
void save_now(struct step *step);
void save_stop(struct step *step);
void save_stored(struct step *step, const struct event *event);
void save_exported(struct step *step, const struct event *event);

/* command.c: what an operator wants. */

void command_run(struct step *step, const struct node_command *command);

/* crawler.c */

bool crawler_init(struct node *node);
void crawler_free(struct node *node);
void crawler_start(struct step *step);
/* Every crawl period: a selection of the book is visited. Between two of them whoever was never
 * visited is, in sweeps through the book: so it is first seen through, and later followed as it
 * grows, as fast as dial rate and concurrency allow (F17). */
void crawler_round(struct step *step);
void crawler_sweep(struct step *step);   /* its next part, when crawl.sweep_ms has come */
void crawler_learned(struct step *step); /* a list brought something new */
void crawler_dial_ended(struct step *step);
/* P19: a visit outside a crawl counts as one. */
bool crawler_visited_lately(const struct step *step, const struct peer_id *id);
void crawler_note_visit(struct step *step, const struct peer_id *id);
void crawler_housekeep(struct step *step);

/* Saves and closes every connection. */
void node_stop(struct step *step);
uint32_t node_default_dial_rate(const struct node_settings *settings);
/* The next multiple of a period after now; missed ticks are dropped (R41). */
int64_t node_next_tick(int64_t due, int64_t period, int64_t now);
/* node_new but for the book, deadlines and what they lead to. */
struct node *node_make(const struct node_settings *settings, struct policy *policy);
bool node_is_unconditional(const struct node *node, const struct peer_id *id);

#endif
