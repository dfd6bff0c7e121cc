/* What replay.c and replay_answer.c share. */
#ifndef TRACE_REPLAY_INSIDE_H
#define TRACE_REPLAY_INSIDE_H

#include "trace/event_code.h"
#include "trace/replay.h"
#include "trace/step_code.h"

struct replay {
    struct policy policy; /* first: &replay->policy is the replay */
    const struct replay_settings *settings;
    struct replay_report *report;
    struct policy *inner; /* NULL: recorded answers count */
    struct node *node;
    struct tags *tags; /* from the trace; NULL: none, or settings has others */
    struct outbox outbox;
    enum err err;

    struct trace_segment segment;
    uint64_t step; /* in the segment */
    struct now now, last;
    uint32_t wants;

    struct codec body;  /* what is left of the step's record */
    struct event event; /* of the step, until the next record is read */
    struct event_room room;
    void *recorded;                    /* a verdict of any hook */
    struct codec question, one, other; /* the last question; what is compared */
    enum hook hook;                    /* of that question; HOOK_COUNT: none in this step */
};

static inline bool replay_is_over(const struct replay *replay)
{
    return replay->err || replay->report->difference;
}

/* Notes a difference at this step, unless there is one already. Takes expected and got. */
void replay_differ(
    struct replay *replay, enum replay_difference difference, json_t *expected, json_t *got);
json_t *replay_hook_json(enum hook hook);
/* What the node asks. */
struct policy replay_policy(void);

#endif
