#include "trace/recorder.h"

#include "trace/action_code.h"
#include "trace/decision.h"
#include "trace/event_code.h"
#include "trace/format.h"
#include "trace/step_code.h"
#include "trace/tags_code.h"
#include <assert.h>
#include <stdatomic.h>
#include <stdlib.h>

#define TAGS_SHARE 8 /* of a file they may take one part in so many */

struct recorder {
    struct policy policy; /* first: &recorder->policy is the recorder */
    struct policy *inner;
    struct node_observer observer;
    struct recorder_settings settings;
    const struct node *node;       /* NULL: not recording */
    struct codec out;              /* whole records, and the step that is under way */
    struct opening *_Atomic spare; /* written before; NULL: none */
    struct codec head;             /* of every file */
    size_t step_begun;
    bool in_step;
    struct now last; /* step */
    int64_t segment_until_ms, flushed_ms;
    uint64_t file_bytes; /* of the file as of the last hand-over */
    uint64_t revision;   /* of the policy when the segment began */
    struct recorder_counts counts;
};

static const char *const out_of_memory = "out of memory";

/* ---- handing over ---- */

static void tell_stopped(struct recorder *recorder, const char *why)
{
    log_write(&recorder->settings.log, LOG_INFO, "trace ended", LOG_TEXT("reason", why),
        LOG_NUMBER("segments", recorder->counts.segments),
        LOG_NUMBER("steps", recorder->counts.steps));
}

/* The sink's refusal, or NULL. */
static const char *hand_over(struct recorder *recorder)
{
    struct codec *out = &recorder->out;
    if (out->n == 0)
        return NULL;
    const struct trace_sink *sink = &recorder->settings.sink;
    const char *refusal = sink->take(sink->context, out->out, out->n);
    *out = codec_writer();
    recorder->flushed_ms = recorder->last.mono_ms;
    recorder->file_bytes = sink->file_bytes(sink->context);
    return refusal;
}

static void drop_step(struct recorder *recorder)
{
    if (recorder->in_step)
        recorder->out.n = recorder->step_begun;
    recorder->in_step = false;
}

void recorder_stop(struct recorder *recorder, const char *why)
{
    if (!recorder->node)
        return;
    recorder->node = NULL;
    drop_step(recorder);
    trace_write_end(&recorder->out, why);
    const char *refusal = hand_over(recorder);
    tell_stopped(recorder, refusal ? refusal : why);
}

/* The sink writes the end of its own. */
static void refused(struct recorder *recorder, const char *why)
{
    recorder->node = NULL;
    recorder->in_step = false;
    codec_free(&recorder->out);
    log_write(&recorder->settings.log, LOG_ERROR, "trace ended", LOG_TEXT("reason", why));
}

static void flush(struct recorder *recorder)
{
    if (recorder->out.err) {
        refused(recorder, out_of_memory);
        return;
    }
    const char *refusal = hand_over(recorder);
    if (refusal)
        refused(recorder, refusal);
}

static bool is_flush_due(const struct recorder *recorder)
{
    return recorder->out.n >= RECORDER_FLUSH_BYTES ||
        recorder->last.mono_ms - recorder->flushed_ms >= RECORDER_FLUSH_MS;
}

/* ---- segments ---- */

static uint64_t revision_of(const struct recorder *recorder)
{
    const struct recorder_settings *settings = &recorder->settings;
    return settings->policy_revision ? settings->policy_revision(settings->context) : 0;
}

/* Why it cannot, or NULL. */
static const char *fill_opening(struct recorder *recorder, struct opening *opening, struct now now)
{
    const struct span none = {0};
    opening->number = recorder->counts.segments + 1;
    opening->now = now;
    opening->wants = policy_wishes(recorder->inner);
    opening->head = recorder->counts.segments == 0 ? codec_written(&recorder->head) : none;
    codec_reset(&opening->policy);
    recorder->settings.save_policy(recorder->settings.context, now, &opening->policy);
    if (opening->policy.err == ERR_SCRIPT)
        return "the policy's state is too large or no plain data";
    if (opening->policy.err || node_picture_take(&opening->node, recorder->node))
        return out_of_memory;
    size_t size = opening_size(opening);
    if (size > recorder->settings.file_max / 2)
        return "trace.size_max is less than twice the state of this node";
    return size > TRACE_RECORD_MAX ? "the state of this node is longer than a record may be" : NULL;
}

static void open_next_file(struct recorder *recorder, struct opening *opening)
{
    const struct trace_sink *sink = &recorder->settings.sink;
    sink->next_file(sink->context);
    opening->head = codec_written(&recorder->head);
}

static void put_opening(struct recorder *recorder, struct opening *opening)
{
    const struct trace_sink *sink = &recorder->settings.sink;
    if (opening->head.n == 0 &&
        recorder->file_bytes + opening_size(opening) > recorder->settings.file_max)
        open_next_file(recorder, opening);
    recorder->last = opening->now;
    recorder->segment_until_ms = opening->now.mono_ms + recorder->settings.segment_ms;
    recorder->revision = revision_of(recorder);
    recorder->counts.segments++;
    const char *refusal = sink->take_opening(sink->context, opening);
    recorder->file_bytes = sink->file_bytes(sink->context);
    if (refusal)
        refused(recorder, refusal);
}

/* A file has room for two segments at least, or every step would begin a new one. */
static void begin_segment(struct recorder *recorder, struct now now)
{
    flush(recorder);
    if (!recorder->node)
        return;
    struct opening *opening = atomic_exchange(&recorder->spare, NULL);
    if (!opening)
        opening = opening_new(&recorder->spare);
    const char *why = opening ? fill_opening(recorder, opening, now) : out_of_memory;
    if (!why) {
        put_opening(recorder, opening);
        return;
    }
    opening_free(opening);
    recorder_stop(recorder, why);
}

static bool is_segment_due(const struct recorder *recorder, struct now now)
{
    return recorder->counts.segments == 0 || revision_of(recorder) != recorder->revision ||
        now.mono_ms >= recorder->segment_until_ms ||
        recorder->file_bytes + recorder->out.n >= recorder->settings.file_max;
}

/* ---- steps ---- */

static void before(void *context, struct now now, const struct event *event)
{
    struct recorder *recorder = context;
    if (recorder->node && is_segment_due(recorder, now))
        begin_segment(recorder, now);
    if (!recorder->node)
        return;
    struct codec *out = &recorder->out;
    recorder->in_step = true;
    recorder->step_begun = trace_begin(out, TRACE_STEP);
    step_code_now(out, &recorder->last, &now);
    event_code(out, (struct event *)event, NULL);
}

static void code_mark(struct recorder *recorder, bool question)
{
    code_bool(&recorder->out, &question);
}

static void after(void *context, struct now now, const struct action *actions, size_t n)
{
    struct recorder *recorder = context;
    (void)now;
    if (!recorder->in_step)
        return;
    code_mark(recorder, false);
    actions_write(&recorder->out, actions, n);
    trace_end(&recorder->out, recorder->step_begun);
    recorder->in_step = false;
    recorder->counts.steps++;
    if (is_flush_due(recorder))
        flush(recorder);
}

static void record_answer(
    struct recorder *recorder, enum hook hook, enum err err, const struct rng *drew, void *verdict)
{
    struct policy_answer about = policy_describe(recorder->inner);
    struct step_answer answer = {
        .hook = hook,
        .err = err,
        .rule = about.rule,
        .failure = about.failure,
        .instructions = about.instructions,
        .generation = about.generation,
        .drew = drew != NULL,
    };
    if (drew)
        answer.rng = *drew;
    if (about.failure)
        answer.wants = policy_wishes(recorder->inner);
    code_mark(recorder, true);
    step_code_answer(&recorder->out, &answer);
    if (!err)
        decision_code_verdict(&recorder->out, hook, verdict);
    recorder->counts.decisions++;
}

static enum err ask(
    struct policy *self, enum hook hook, struct rng *rng, const void *view, void *verdict)
{
    struct recorder *recorder = (struct recorder *)self;
    struct rng drawn = *rng;
    enum err err = policy_ask(recorder->inner, hook, rng, view, verdict);
    if (recorder->in_step) {
        bool drew = memcmp(&drawn, rng, sizeof drawn) != 0;
        record_answer(recorder, hook, err, drew ? rng : NULL, verdict);
    }
    return err;
}

static bool wants(struct policy *self, enum hook hook)
{
    return policy_wants(((struct recorder *)self)->inner, hook);
}

static void describe(const struct policy *self, struct policy_answer *answer)
{
    *answer = policy_describe(((const struct recorder *)self)->inner);
}

/* ---- life ---- */

/* Every file can be read alone, so each begins with the tags. */
static enum err write_head(struct recorder *recorder)
{
    const struct recorder_settings *settings = &recorder->settings;
    trace_write_header(&recorder->head, settings->version);
    if (tags_count(settings->tags) > 0)
        tags_write(&recorder->head, settings->tags, settings->file_max / TAGS_SHARE);
    return recorder->head.err;
}

struct recorder *recorder_new(const struct recorder_settings *settings, struct policy *inner)
{
    struct recorder *recorder = calloc(1, sizeof *recorder);
    if (!recorder)
        return NULL;
    recorder->policy = (struct policy){.ask = ask, .wants = wants, .describe = describe};
    recorder->inner = inner;
    recorder->observer = (struct node_observer){before, after, recorder, NULL};
    recorder->settings = *settings;
    recorder->out = recorder->head = codec_writer();
    if (write_head(recorder) == ERR_OK)
        return recorder;
    recorder_free(recorder);
    return NULL;
}

struct policy *recorder_policy(struct recorder *recorder)
{
    return &recorder->policy;
}

void recorder_start(struct recorder *recorder, const struct node *node)
{
    recorder->node = node;
}

struct node_observer *recorder_observer(struct recorder *recorder)
{
    return &recorder->observer;
}

void recorder_free(struct recorder *recorder)
{
    if (!recorder)
        return;
    assert(!recorder->node);
    codec_free(&recorder->out);
    codec_free(&recorder->head);
    opening_free(recorder->spare);
    free(recorder);
}

struct recorder_counts recorder_counts(const struct recorder *recorder)
{
    return recorder->counts;
}
