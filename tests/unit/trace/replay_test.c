/* A made-up run of one node, recorded; then something is changed, and replay says where and what.
 */
#include "trace/recorder.h"
#include "trace/replay.h"

#include "trace/event_code.h"
#include "unit/trace/kit.h"

static const struct log silent = {.level = LOG_NONE};

struct fixture {
    struct fake_policy fake;
    struct recorder *recorder;
    struct node *node;
    struct outbox outbox;
    struct codec file;
    struct now now;
    uint64_t revision;
    const char *refusal; /* of the sink */
};

static const char *take(void *context, uint8_t *bytes, size_t n)
{
    struct fixture *f = context;
    if (!f->refusal)
        code_bytes(&f->file, bytes, n);
    free(bytes);
    return f->refusal;
}

static const char *take_opening(void *context, struct opening *opening)
{
    struct fixture *f = context;
    if (!f->refusal)
        opening_write(opening, &f->file);
    opening_release(opening);
    return f->refusal;
}

static void next_file(void *context)
{
    (void)context;
    fail_msg("one file is enough");
}

static uint64_t file_bytes(void *context)
{
    return ((struct fixture *)context)->file.n;
}

static void save_policy(void *context, struct codec *codec)
{
    struct fixture *f = context;
    code_u64(codec, &f->revision);
}

static uint64_t policy_revision(void *context)
{
    return ((struct fixture *)context)->revision;
}

static struct node *make_node(struct fixture *f)
{
    static const uint8_t entropy[BOOK_ENTROPY] = {1};
    struct node_settings settings = node_settings_default();
    struct book *book;
    settings.id = id_of(999);
    struct book_settings small = book_settings_default();
    small.new_buckets = small.old_buckets = 4;
    assert_int_equal(book_new(&small, entropy, &book), ERR_OK);
    for (unsigned i = 0; i < 20; i++) {
        struct addr addr = {id_of(i), endpoint_of(i)};
        struct rng rng = {{1, 2, 3, 4}};
        book_add(book, f->now, &rng, &addr, &addr, NULL);
    }
    return node_new(&settings, book, recorder_policy(f->recorder), f->now);
}

static void step(struct fixture *f, const struct event *event)
{
    node_step(f->node, f->now, event, &f->outbox);
    outbox_reset(&f->outbox);
    f->now.mono_ms += 700;
    f->now.wall_ms += 700;
}

static int set_up(void **state)
{
    struct fixture *f = calloc(1, sizeof *f);
    f->fake.policy.ask = fake_ask;
    f->file = codec_writer();
    f->now = (struct now){1000, 1700000000000};
    const struct recorder_settings settings = {
        .segment_ms = SECONDS_MS(20),
        .file_max = 1u << 30,
        .version = "test",
        .sink = {take, take_opening, next_file, file_bytes, f},
        .save_policy = save_policy,
        .policy_revision = policy_revision,
        .context = f,
        .log = silent,
    };
    f->recorder = recorder_new(&settings, &f->fake.policy);
    f->node = make_node(f);
    node_observe(f->node, recorder_observer(f->recorder));
    recorder_start(f->recorder, f->node);
    *state = f;
    return 0;
}

static int tear_down(void **state)
{
    struct fixture *f = *state;
    recorder_stop(f->recorder, "the test is over");
    recorder_free(f->recorder);
    node_free(f->node);
    outbox_free(&f->outbox);
    codec_free(&f->file);
    free(f);
    return 0;
}

/* A minute: rounds, dials, of which those with even numbers fail. */
static void live(struct fixture *f)
{
    step(f, &(struct event){.kind = EVENT_START});
    for (unsigned i = 1; i < 80; i++) {
        struct event event = {.kind = EVENT_TICK};
        if (i % 4 == 0) {
            event = (struct event){.kind = EVENT_DIAL_FAILED, .conn = CONN_OUTBOUND + i / 4};
            event.dial_failed.err = ERR_REFUSED;
        }
        step(f, &event);
    }
}

static enum err open_policy(void *context, struct span bytes, struct policy **policy)
{
    struct fixture *f = context;
    assert_true(bytes.n > 0);
    *policy = &f->fake.policy;
    return ERR_OK;
}

static struct replay_report replay(struct fixture *f)
{
    const struct replay_settings settings = {
        .open_policy = open_policy, .context = f, .log = silent};
    struct replay_report report;
    assert_int_equal(replay_run(codec_written(&f->file), &settings, &report), ERR_OK);
    return report;
}

static void what_was_recorded_is_the_same(void **state)
{
    struct fixture *f = *state;
    live(f);
    recorder_stop(f->recorder, "enough");
    struct replay_report report = replay(f);
    assert_int_equal(report.difference, REPLAY_SAME);
    assert_true(report.is_whole && report.steps == 80 && report.segments == 3);
    assert_true(report.decisions > 5 && report.taken == 0);
    assert_string_equal(report.end, "enough");
    assert_int_equal(recorder_counts(f->recorder).steps, 80);
    replay_report_free(&report);
}

static void prefer_new(struct fake_policy *fake, enum hook hook, const void *view, void *verdict)
{
    (void)fake, (void)view;
    if (hook == HOOK_bias)
        ((struct bias_verdict *)verdict)->new_percent = 77;
}

static void another_answer_is_the_first_difference(void **state)
{
    struct fixture *f = *state;
    live(f);
    recorder_stop(f->recorder, "enough");
    f->fake.twist = prefer_new;
    struct replay_report report = replay(f);
    assert_int_equal(report.difference, REPLAY_ANSWER);
    assert_true(report.segment == 1 && report.step >= 1);
    json_t *got = json_object_get(json_object_get(report.got, "verdict"), "new_percent");
    json_t *expected = json_object_get(json_object_get(report.expected, "verdict"), "new_percent");
    assert_int_equal(json_integer_value(got), 77);
    assert_int_equal(json_integer_value(expected), 10);
    assert_string_equal(json_string_value(json_object_get(report.decision, "hook")), "bias");
    assert_non_null(report.event);
    replay_report_free(&report);
}

/* Without a policy the same answers lead to the same actions, and `asked` sees every question. */
static void count_question(void *context, const struct replay_question *question)
{
    unsigned *asked = context;
    assert_true(question->recorded && question->err == ERR_OK && question->verdict);
    (*asked)++;
}

static void recorded_answers_count_where_there_is_no_policy(void **state)
{
    struct fixture *f = *state;
    unsigned asked = 0;
    live(f);
    recorder_stop(f->recorder, "enough");
    const struct replay_settings settings = {
        .asked = count_question, .context = &asked, .log = silent};
    struct replay_report report;
    assert_int_equal(replay_run(codec_written(&f->file), &settings, &report), ERR_OK);
    assert_int_equal(report.difference, REPLAY_SAME);
    assert_true(report.taken == report.decisions && asked == report.decisions);
    replay_report_free(&report);
}

static void another_policy_begins_another_segment(void **state)
{
    struct fixture *f = *state;
    live(f);
    uint64_t before = recorder_counts(f->recorder).segments;
    f->revision++;
    step(f, &(struct event){.kind = EVENT_TICK});
    assert_int_equal(recorder_counts(f->recorder).segments, before + 1);
    recorder_stop(f->recorder, "enough");
    struct replay_report report = replay(f);
    assert_int_equal(report.difference, REPLAY_SAME);
    replay_report_free(&report);
}

static void an_event_of_another_kind_shows_in_the_actions(void **state)
{
    struct fixture *f = *state;
    struct trace_reader reader;
    struct trace_header header;
    struct trace_record record;
    live(f);
    recorder_stop(f->recorder, "enough");
    struct codec file = codec_writer(); /* without one of its failed dials */
    bool dropped = false;
    assert_int_equal(trace_open(&reader, codec_written(&f->file), &header), ERR_OK);
    trace_write_header(&file, "test");
    for (unsigned i = 0; trace_next(&reader, &record) == ERR_OK; i++) {
        if (record.kind == TRACE_STEP && i == 5) {
            dropped = true;
            continue;
        }
        size_t begun = trace_begin(&file, record.kind);
        code_bytes(&file, (void *)record.body.at, record.body.n);
        trace_end(&file, begun);
    }
    assert_true(dropped);
    codec_free(&f->file);
    f->file = file;
    struct replay_report report = replay(f);
    assert_true(report.difference != REPLAY_SAME);
    replay_report_free(&report);
}

static void a_sink_that_refuses_ends_the_trace_and_not_the_node(void **state)
{
    struct fixture *f = *state;
    step(f, &(struct event){.kind = EVENT_START});
    f->refusal = "no more";
    live(f);
    f->refusal = NULL;
    size_t n = f->file.n;
    live(f);
    assert_int_equal(f->file.n, n);
}

static void impossible_events_are_refused(void **state)
{
    struct fixture *f = *state;
    struct event event = {.kind = EVENT_ACCEPTED, .conn = 1};
    event.accepted.remote = endpoint_of(50);
    step(f, &(struct event){.kind = EVENT_START});
    step(f, &event);
    recorder_stop(f->recorder, "enough");
    struct trace_reader reader;
    struct trace_header header;
    struct trace_record record;
    struct codec file = codec_writer(); /* the accepted socket comes twice */
    assert_int_equal(trace_open(&reader, codec_written(&f->file), &header), ERR_OK);
    trace_write_header(&file, "test");
    for (unsigned i = 0; trace_next(&reader, &record) == ERR_OK; i++)
        for (unsigned times = i == 2 ? 2 : 1; times > 0; times--) {
            size_t begun = trace_begin(&file, record.kind);
            code_bytes(&file, (void *)record.body.at, record.body.n);
            trace_end(&file, begun);
        }
    const struct replay_settings settings = {
        .open_policy = open_policy, .context = f, .log = silent};
    struct replay_report report;
    assert_int_equal(replay_run(codec_written(&file), &settings, &report), ERR_CORRUPT);
    replay_report_free(&report);
    codec_free(&file);
}

int main(void)
{
#define T(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        T(what_was_recorded_is_the_same),
        T(another_answer_is_the_first_difference),
        T(recorded_answers_count_where_there_is_no_policy),
        T(another_policy_begins_another_segment),
        T(an_event_of_another_kind_shows_in_the_actions),
        T(a_sink_that_refuses_ends_the_trace_and_not_the_node),
        T(impossible_events_are_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
