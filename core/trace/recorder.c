#include "trace/recorder.h"

#include "node/snapshot.h"
#include "trace/action_code.h"
#include "trace/decision.h"
#include "trace/event_code.h"
#include "trace/format.h"
#include "trace/step_code.h"
#include <stdlib.h>

struct recorder {
    struct policy policy; /* first: &recorder->policy is the recorder */
    struct policy *inner;
    struct node_observer observer;
    struct recorder_settings settings;
    const struct node *node; /* NULL: not recording */
    struct codec out;        /* whole records, and the step that is under way */
    struct codec node_bytes, policy_bytes;
    size_t step_begun;
    bool in_step;
    struct now last; /* step */
    int64_t segment_until_ms, flushed_ms;
    uint64_t file_bytes; /* of the file so far, what is in `out` included */
    uint64_t revision;   /* of the policy when the segment began */
    struct recorder_counts counts;
};

/* ---- handing over ---- */

static void tell_stopped(struct recorder *recorder, const char *why)
{
    log_write(&recorder->settings.log, LOG_INFO, "trace ended", LOG_TEXT("reason", why),
        LOG_NUMBER("segments", recorder->counts.segments),
        LOG_NUMBER("steps", recorder->counts.steps), LOG_NUMBER("bytes", recorder->counts.bytes));
}

/* The sink's refusal, or NULL. */
static const char *hand_over(struct recorder *recorder)
{
    struct codec *out = &recorder->out;
    if (out->n == 0)
        return NULL;
    recorder->counts.bytes += out->n;
    const struct trace_sink *sink = &recorder->settings.sink;
    const char *refusal = sink->take(sink->context, out->out, out->n);
    *out = codec_writer();
    recorder->flushed_ms = recorder->last.mono_ms;
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
        refused(recorder, "out of memory");
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

static void begin_file(struct recorder *recorder)
{
    size_t begun = recorder->out.n;
    trace_write_header(&recorder->out, recorder->settings.version);
    recorder->file_bytes = recorder->out.n - begun;
}

static uint64_t revision_of(const struct recorder *recorder)
{
    const struct recorder_settings *settings = &recorder->settings;
    return settings->policy_revision ? settings->policy_revision(settings->context) : 0;
}

static bool write_parts(struct recorder *recorder)
{
    codec_reset(&recorder->node_bytes);
    codec_reset(&recorder->policy_bytes);
    node_snapshot_write(&recorder->node_bytes, recorder->node);
    recorder->settings.save_policy(recorder->settings.context, &recorder->policy_bytes);
    return !recorder->node_bytes.err && !recorder->policy_bytes.err;
}

static void write_segment(struct recorder *recorder, struct now now)
{
    struct trace_segment segment = {
        .number = ++recorder->counts.segments,
        .now = now,
        .wants = policy_wishes(recorder->inner),
        .node = codec_written(&recorder->node_bytes),
        .policy = codec_written(&recorder->policy_bytes),
    };
    size_t begun = trace_begin(&recorder->out, TRACE_SEGMENT);
    trace_code_segment(&recorder->out, &segment);
    trace_end(&recorder->out, begun);
    recorder->file_bytes += recorder->out.n - begun;
    recorder->counts.snapshot_bytes = (int64_t)(recorder->out.n - begun);
    recorder->last = now;
    recorder->segment_until_ms = now.mono_ms + recorder->settings.segment_ms;
    recorder->revision = revision_of(recorder);
}

static void next_file(struct recorder *recorder)
{
    flush(recorder);
    if (!recorder->node)
        return;
    recorder->settings.sink.next_file(recorder->settings.sink.context);
    begin_file(recorder);
}

/* A file has room for two segments at least, or every step would begin a new one. */
static void begin_segment(struct recorder *recorder, struct now now)
{
    if (!write_parts(recorder)) {
        recorder_stop(recorder, "the state could not be written");
        return;
    }
    size_t size = recorder->node_bytes.n + recorder->policy_bytes.n;
    if (size > recorder->settings.file_max / 2) {
        recorder_stop(recorder, "trace.size_max is less than twice the state of this node");
        return;
    }
    if (recorder->file_bytes == 0)
        begin_file(recorder);
    else if (recorder->file_bytes + size > recorder->settings.file_max)
        next_file(recorder);
    if (recorder->node)
        write_segment(recorder, now);
}

static bool is_segment_due(const struct recorder *recorder, struct now now)
{
    return recorder->counts.segments == 0 || revision_of(recorder) != recorder->revision ||
        now.mono_ms >= recorder->segment_until_ms ||
        recorder->file_bytes >= recorder->settings.file_max;
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
    recorder->file_bytes += recorder->out.n - recorder->step_begun;
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

struct recorder *recorder_new(const struct recorder_settings *settings, struct policy *inner)
{
    struct recorder *recorder = calloc(1, sizeof *recorder);
    if (!recorder)
        return NULL;
    recorder->policy = (struct policy){.ask = ask, .wants = wants, .describe = describe};
    recorder->inner = inner;
    recorder->observer = (struct node_observer){before, after, recorder, NULL};
    recorder->settings = *settings;
    recorder->out = codec_writer();
    recorder->node_bytes = recorder->policy_bytes = codec_writer();
    return recorder;
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

bool recorder_is_running(const struct recorder *recorder)
{
    return recorder->node != NULL;
}

void recorder_free(struct recorder *recorder)
{
    if (!recorder)
        return;
    recorder_stop(recorder, "the node is gone");
    codec_free(&recorder->out);
    codec_free(&recorder->node_bytes);
    codec_free(&recorder->policy_bytes);
    free(recorder);
}

struct recorder_counts recorder_counts(const struct recorder *recorder)
{
    return recorder->counts;
}
