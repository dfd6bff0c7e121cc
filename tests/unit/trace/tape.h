/* A node of twenty addresses whose run is recorded in memory. */
#ifndef TESTS_TRACE_TAPE_H
#define TESTS_TRACE_TAPE_H

#include "trace/recorder.h"
#include "trace/replay.h"

#include "trace/event_code.h"
#include "unit/trace/kit.h"

static const struct log silent = {.level = LOG_NONE};

struct tape {
    struct recorder *recorder;
    struct node *node;
    struct outbox outbox;
    struct codec file;
    struct now now;
    unsigned steps;
    const char *refusal; /* of the sink */
};

static inline const char *tape_take(void *context, uint8_t *bytes, size_t n)
{
    struct tape *tape = context;
    if (!tape->refusal)
        code_bytes(&tape->file, bytes, n);
    free(bytes);
    return tape->refusal;
}

static inline const char *tape_take_opening(void *context, struct opening *opening)
{
    struct tape *tape = context;
    if (!tape->refusal)
        opening_write(opening, &tape->file);
    opening_release(opening);
    return tape->refusal;
}

static inline void tape_next_file(void *context)
{
    (void)context;
    fail_msg("one file is enough");
}

static inline uint64_t tape_file_bytes(void *context)
{
    return ((struct tape *)context)->file.n;
}

static inline struct node *tape_node(struct tape *tape, const struct tags *tags)
{
    static const uint8_t entropy[BOOK_ENTROPY] = {1};
    struct node_settings settings = node_settings_default();
    struct book *book;
    settings.id = id_of(999);
    settings.ensure_peers_period_ms = SECONDS_MS(10);
    settings.tags = tags;
    struct book_settings small = book_settings_default();
    small.new_buckets = small.old_buckets = 4;
    assert_int_equal(book_new(&small, entropy, &book), ERR_OK);
    for (unsigned i = 0; i < 20; i++) {
        struct addr addr = {id_of(i), endpoint_of(i)};
        struct rng rng = {{1, 2, 3, 4}};
        book_add(book, tape->now, &rng, &addr, &addr, NULL);
    }
    return node_new(&settings, book, recorder_policy(tape->recorder), tape->now);
}

/* settings: what is about the policy, and tags. */
static inline void tape_start(
    struct tape *tape, struct recorder_settings settings, struct policy *policy)
{
    *tape = (struct tape){.file = codec_writer(), .now = {1000, 1700000000000}};
    settings.segment_ms = SECONDS_MS(20);
    settings.file_max = 1u << 30;
    settings.version = "test";
    settings.sink =
        (struct trace_sink){tape_take, tape_take_opening, tape_next_file, tape_file_bytes, tape};
    settings.log = silent;
    tape->recorder = recorder_new(&settings, policy);
    tape->node = tape_node(tape, settings.tags);
    node_observe(tape->node, recorder_observer(tape->recorder));
    recorder_start(tape->recorder, tape->node);
}

static inline void tape_free(struct tape *tape)
{
    recorder_stop(tape->recorder, "the test is over");
    recorder_free(tape->recorder);
    node_free(tape->node);
    outbox_free(&tape->outbox);
    codec_free(&tape->file);
}

static inline void tape_step(struct tape *tape, const struct event *event)
{
    node_step(tape->node, tape->now, event, &tape->outbox);
    outbox_reset(&tape->outbox);
    tape->steps++;
    tape->now.mono_ms += 700;
    tape->now.wall_ms += 700;
}

/* Rounds and dials, of which those with even numbers fail. */
static inline void tape_rounds(struct tape *tape, unsigned n)
{
    for (unsigned end = tape->steps + n; tape->steps < end;) {
        struct event event = {.kind = EVENT_TICK};
        if (tape->steps % 4 == 0) {
            event =
                (struct event){.kind = EVENT_DIAL_FAILED, .conn = CONN_OUTBOUND + tape->steps / 4};
            event.dial_failed.err = ERR_REFUSED;
        }
        tape_step(tape, &event);
    }
}

/* A minute. */
static inline void tape_live(struct tape *tape)
{
    tape_step(tape, &(struct event){.kind = EVENT_START});
    tape_rounds(tape, 79);
}

#endif
