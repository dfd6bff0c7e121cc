/* Goes through a trace again: rebuilds the node from a segment's snapshot, tells it every event and
 * compares what it asks, what it is answered and what it wants with what was recorded.
 *
 * The policy answers anew; where the recorded one was stopped by the machine (fuse, memory, the
 * turn's time) it is stopped again, and one that was taken back on its own (L2) is taken back in
 * the middle of the same step. Without a policy all recorded answers count; `asked` may put the
 * same questions to other policies.
 *
 * A trace is what somebody hands us: whatever the bytes, replay ends with an error or a divergence,
 * never worse. */
#ifndef TRACE_REPLAY_H
#define TRACE_REPLAY_H

#include "node/node.h"
#include "trace/format.h"

#include <jansson.h>

/* One question as it came up. Borrowed during the call. */
struct replay_question {
    uint64_t segment, step;
    struct now now;
    enum hook hook;
    bool recorded; /* it was asked then; else only because `wishes` has it */
    const void *view;
    struct rng rng; /* before the answer */
    enum err err;   /* of the recorded answer */
    const void *verdict;
};

struct replay_settings {
    /* Before each segment that is replayed: its policy, from the bytes that save_policy of the
     * recorder wrote; valid until the next call or the end. *policy stays NULL: recorded answers
     * count. NULL for the function: they always do. */
    enum err (*open_policy)(void *context, struct span bytes, struct policy **policy);
    /* Told every question; NULL: nobody is. */
    void (*asked)(void *context, const struct replay_question *question);
    uint32_t wishes; /* hooks that are to be asked beside those that were: a bit for each */
    void *context;
    uint64_t segment;        /* only this one; 0: all */
    uint64_t steps_max;      /* 0: all */
    struct log log;          /* of the node */
    const struct tags *tags; /* in place of those in the trace; NULL: those */
};

enum replay_difference {
    REPLAY_SAME,
    REPLAY_QUESTION, /* another question was asked, or none */
    REPLAY_ANSWER,   /* the policy answered otherwise */
    REPLAY_ACTIONS,  /* the node wanted something else */
    REPLAY_STATE,    /* at the next segment the node is not the one that was recorded */
};

struct replay_report {
    char version[TRACE_TEXT_MAX + 1]; /* of the program that wrote it */
    uint64_t segments, steps, decisions;
    bool has_other_tags;          /* settings has others than the node had */
    bool is_whole;                /* the end was reached, and was meant to be one: */
    char end[TRACE_TEXT_MAX + 1]; /* why the recorder ended it; "": it goes on in the next file */
    uint64_t at;                  /* offset of the last record looked at */

    enum replay_difference difference;
    uint64_t segment, step; /* where: the step counts from 1 in its segment */
    struct now now;
    json_t *event, *decision, *expected, *got; /* of the difference; each may be NULL */
};

/* Steps through a trace. *report is set in any case, to be freed with replay_report_free. Errors:
 * those of trace_open and trace_next but the end; ERR_INVALID for another format, or when the trace
 * says only how many tags there were and settings has none; ERR_CORRUPT too when a record makes no
 * sense; ERR_NOT_FOUND: there is no such segment; whatever open_policy returns. A difference is no
 * error.
 */
enum err replay_run(struct trace_source source, const struct replay_settings *settings,
    struct replay_report *report);
void replay_report_free(struct replay_report *report);
/* "actions" ... */
const char *replay_difference_name(enum replay_difference difference);

#endif
