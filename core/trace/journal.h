/* What a node decided and did lately, for `ctl explain` and `ctl events`.
 *
 * The journal stands between a node and its policy (the node asks the journal, the journal asks the
 * policy) and observes the node's steps. Each question with its answer and each thing that happened
 * becomes a record:
 *
 *   decision  hook, view (at most DECISION_ROWS_MAX rows of a list), verdict, reason, whose rule it
 *             was, how long it took
 *   event     "connected", "dial_failed", ... with peer, address and cause
 *
 * Decisions and events are kept apart, each the newest JOURNAL_RECORDS_MAX within a fixed piece of
 * memory, so that a busy seed's connections do not push its decisions out. Records are numbered
 * from 1 over both. They are bytes until somebody reads them: while nobody does, a decision costs
 * some 0.2 us and 0.1 us more for each row of its view, an event 0.1 us.
 *
 *     journal_new -> node_new with journal_policy -> node_observe(journal_observer) -> journal_free
 */
#ifndef TRACE_JOURNAL_H
#define TRACE_JOURNAL_H

#include "node/node.h"
#include "trace/happening.h"

#include <jansson.h>

#define JOURNAL_RECORDS_MAX 4096
#define JOURNAL_DECISIONS_BYTES (4u << 20)
#define JOURNAL_EVENTS_BYTES (512u << 10)
#define JOURNAL_TEXT_MAX 80 /* bytes kept of a text in an event */

struct journal;

/* inner: the policy that answers; borrowed, as are clock and context. clock_ns: monotonic, for how
 * long an answer took. NULL: out of memory. */
struct journal *journal_new(
    struct policy *inner, int64_t (*clock_ns)(void *context), void *context);
void journal_free(struct journal *journal); /* NULL is fine */
/* For node_new. */
struct policy *journal_policy(struct journal *journal);
/* For node_observe. */
struct node_observer *journal_observer(struct journal *journal);

/* What the host did to the policy, which no step of the node shows; text may be NULL. */
void journal_note(
    struct journal *journal, struct now now, enum happening_kind kind, const char *text);

/* One record; valid until the node's next step. */
struct journal_record {
    uint64_t number;
    int64_t wall_ms;
    bool is_decision;
    enum hook hook;                /* of a decision */
    enum happening_kind happening; /* of an event */
    const char *name;              /* of the hook or event; static */
    struct span body;
};

/* What is wanted; all-zero: everything. */
struct journal_filter {
    const struct peer_id *id; /* NULL: any */
    const struct ip *ip;      /* NULL: any; with `id`: what names no ID is met by it too */
    uint16_t port;            /* at that IP; 0: any */
    const char *name;         /* of a hook or event; NULL: any */
    uint64_t after;           /* only records with greater numbers */
    bool no_decisions, no_events;
    bool with_policy; /* besides, changes of the policy, which concern everybody */
};

/* Of a decision: it chose among several and took none. */
bool journal_is_idle(const struct journal_record *record);
bool journal_matches(const struct journal_record *record, const struct journal_filter *filter);
/* Visits the matching records from the newest to the oldest, until visit returns false. */
void journal_query(const struct journal *journal, const struct journal_filter *filter,
    bool (*visit)(void *context, const struct journal_record *record), void *context);

/* The record as an object that the caller owns; NULL: out of memory. Lists of a view are cut to the
 * rows that the filter asks for (filter may be NULL).
 *   decision: {number, time, hook, view, verdict, nobody, reason, rule, policy, hash, generation,
 * failure, microseconds} event:    {number, time, event, connection, peer, address, direction,
 * error, text, detail, count}; `text` is the error's sentence, or without one more about the event
 * Members that say nothing are left out; times are Unix seconds. */
json_t *journal_json(const struct journal_record *record, const struct journal_filter *filter);

#endif
