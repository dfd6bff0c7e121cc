/* A made-up run of one node, recorded; then something is changed, and replay says where and what.
 */
#include "unit/trace/tape.h"

struct fixture {
    struct tape tape; /* first */
    struct fake_policy fake;
    uint64_t revision;
};

static void save_policy(void *context, struct now now, struct codec *codec)
{
    struct fixture *f = context;
    (void)now;
    code_u64(codec, &f->revision);
}

static uint64_t policy_revision(void *context)
{
    return ((struct fixture *)context)->revision;
}

static int set_up(void **state)
{
    struct fixture *f = calloc(1, sizeof *f);
    const struct recorder_settings settings = {
        .save_policy = save_policy,
        .policy_revision = policy_revision,
        .context = f,
    };
    f->fake.policy.ask = fake_ask;
    tape_start(&f->tape, settings, &f->fake.policy);
    *state = f;
    return 0;
}

static int tear_down(void **state)
{
    struct fixture *f = *state;
    tape_free(&f->tape);
    free(f);
    return 0;
}

static void step(struct fixture *f, const struct event *event)
{
    tape_step(&f->tape, event);
}

static void live(struct fixture *f)
{
    tape_live(&f->tape);
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
    assert_int_equal(
        replay_run(trace_source_of(codec_written(&f->tape.file)), &settings, &report), ERR_OK);
    return report;
}

static void what_was_recorded_is_the_same(void **state)
{
    struct fixture *f = *state;
    live(f);
    recorder_stop(f->tape.recorder, "enough");
    struct replay_report report = replay(f);
    assert_int_equal(report.difference, REPLAY_SAME);
    assert_true(report.is_whole && report.steps == 80 && report.segments == 3);
    assert_true(report.decisions > 5);
    assert_string_equal(report.end, "enough");
    assert_int_equal(recorder_counts(f->tape.recorder).steps, 80);
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
    recorder_stop(f->tape.recorder, "enough");
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
    recorder_stop(f->tape.recorder, "enough");
    const struct replay_settings settings = {
        .asked = count_question, .context = &asked, .log = silent};
    struct replay_report report;
    assert_int_equal(
        replay_run(trace_source_of(codec_written(&f->tape.file)), &settings, &report), ERR_OK);
    assert_int_equal(report.difference, REPLAY_SAME);
    assert_true(asked == report.decisions);
    replay_report_free(&report);
}

static void another_policy_begins_another_segment(void **state)
{
    struct fixture *f = *state;
    live(f);
    uint64_t before = recorder_counts(f->tape.recorder).segments;
    f->revision++;
    step(f, &(struct event){.kind = EVENT_TICK});
    assert_int_equal(recorder_counts(f->tape.recorder).segments, before + 1);
    recorder_stop(f->tape.recorder, "enough");
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
    recorder_stop(f->tape.recorder, "enough");
    struct codec file = codec_writer(); /* without one of its failed dials */
    bool dropped = false;
    assert_int_equal(
        trace_open(&reader, trace_source_of(codec_written(&f->tape.file)), &header), ERR_OK);
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
    trace_close(&reader);
    assert_true(dropped);
    codec_free(&f->tape.file);
    f->tape.file = file;
    struct replay_report report = replay(f);
    assert_true(report.difference != REPLAY_SAME);
    replay_report_free(&report);
}

static void a_sink_that_refuses_ends_the_trace_and_not_the_node(void **state)
{
    struct fixture *f = *state;
    step(f, &(struct event){.kind = EVENT_START});
    f->tape.refusal = "no more";
    live(f);
    f->tape.refusal = NULL;
    size_t n = f->tape.file.n;
    live(f);
    assert_int_equal(f->tape.file.n, n);
}

static void impossible_events_are_refused(void **state)
{
    struct fixture *f = *state;
    struct event event = {.kind = EVENT_ACCEPTED, .conn = 1};
    event.accepted.remote = endpoint_of(50);
    step(f, &(struct event){.kind = EVENT_START});
    step(f, &event);
    recorder_stop(f->tape.recorder, "enough");
    struct trace_reader reader;
    struct trace_header header;
    struct trace_record record;
    struct codec file = codec_writer(); /* the accepted socket comes twice */
    assert_int_equal(
        trace_open(&reader, trace_source_of(codec_written(&f->tape.file)), &header), ERR_OK);
    trace_write_header(&file, "test");
    for (unsigned i = 0; trace_next(&reader, &record) == ERR_OK; i++)
        for (unsigned times = i == 2 ? 2 : 1; times > 0; times--) {
            size_t begun = trace_begin(&file, record.kind);
            code_bytes(&file, (void *)record.body.at, record.body.n);
            trace_end(&file, begun);
        }
    trace_close(&reader);
    const struct replay_settings settings = {
        .open_policy = open_policy, .context = f, .log = silent};
    struct replay_report report;
    assert_int_equal(
        replay_run(trace_source_of(codec_written(&file)), &settings, &report), ERR_CORRUPT);
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
