/* with: script
 * Runs under policies in Lua: what answered then answers again, whatever became of it. */
#include "script/script.h"
#include "script/snapshot.h"
#include "trace/tags_code.h"
#include "unit/trace/tape.h"

struct fixture {
    struct tape tape; /* first */
    struct script *script, *again;
    struct tags *tags;
    struct script_error error;
};

static struct script_settings script_settings(void)
{
    struct script_settings settings = script_settings_default();
    settings.tries_hooks = false; /* what fails is to fail while it is live */
    settings.clock_ns = script_still_clock;
    settings.log = silent;
    return settings;
}

static void save_policy(void *context, struct now now, struct codec *codec)
{
    script_snapshot_write(codec, ((struct fixture *)context)->script, (double)now.wall_ms / 1000);
}

static uint64_t policy_revision(void *context)
{
    return script_revision(((struct fixture *)context)->script);
}

static struct tags *tags_of(const char *text)
{
    struct tags *tags;
    assert_int_equal(tags_parse(span_of_text(text), &tags, NULL), ERR_OK);
    return tags;
}

static int set_up(void **state)
{
    struct fixture *f = calloc(1, sizeof *f);
    const struct script_settings made = script_settings();
    f->tags = tags_of("8.8.0.0/29 near\n8.8.0.0/24 far\n");
    const struct recorder_settings settings = {
        .save_policy = save_policy,
        .tags = f->tags,
        .policy_revision = policy_revision,
        .context = f,
    };
    assert_int_equal(script_new(&made, &f->script, &f->error), ERR_OK);
    tape_start(&f->tape, settings, script_policy(f->script));
    *state = f;
    return 0;
}

static int tear_down(void **state)
{
    struct fixture *f = *state;
    tape_free(&f->tape);
    tags_free(f->tags);
    script_free(f->script);
    script_free(f->again);
    free(f);
    return 0;
}

static void load(struct fixture *f, const char *text)
{
    const struct script_source source = {.name = "test.lua", .text = span_of_text(text)};
    double now = (double)f->tape.now.wall_ms / 1000;
    enum err err = script_load(f->script, &source, now, &f->error);
    if (err)
        fail_msg("%s", f->error.message);
}

static enum err open_policy(void *context, struct span bytes, struct policy **policy)
{
    struct fixture *f = context;
    struct codec codec = codec_reader(bytes);
    const struct script_settings settings = script_settings();
    script_free(f->again);
    f->again = NULL;
    enum err err = script_snapshot_read(&codec, &settings, &f->again, &f->error);
    if (!err)
        *policy = script_policy(f->again);
    return err;
}

/* All of it, or one segment, is as recorded; how many decisions. */
static uint64_t assert_replays(struct fixture *f, uint64_t segment)
{
    const struct replay_settings settings = {
        .open_policy = open_policy, .context = f, .segment = segment, .log = silent};
    struct replay_report report;
    assert_int_equal(
        replay_run(trace_source_of(codec_written(&f->tape.file)), &settings, &report), ERR_OK);
    if (report.difference)
        print_error("%s at segment %u step %u\n", replay_difference_name(report.difference),
            (unsigned)report.segment, (unsigned)report.step);
    assert_int_equal(report.difference, REPLAY_SAME);
    uint64_t decisions = report.decisions;
    replay_report_free(&report);
    return decisions;
}

static struct replay_report replay_with(
    struct fixture *f, const struct tags *tags, enum err expected)
{
    const struct replay_settings settings = {
        .open_policy = open_policy, .context = f, .tags = tags, .log = silent};
    struct replay_report report;
    assert_int_equal(
        replay_run(trace_source_of(codec_written(&f->tape.file)), &settings, &report), expected);
    return report;
}

static void assert_all_replays(struct fixture *f)
{
    uint64_t segments = recorder_counts(f->tape.recorder).segments, alone = 0;
    recorder_stop(f->tape.recorder, "enough");
    for (uint64_t i = 1; i <= segments; i++)
        alone += assert_replays(f, i);
    assert_int_equal(assert_replays(f, 0), alone);
    assert_int_equal(alone, recorder_counts(f->tape.recorder).decisions);
}

static uint64_t rollbacks(const struct script *script)
{
    struct script_stats stats;
    script_stats(script, &stats);
    return stats.rollbacks;
}

/* When hasty's `bias` fails for the third time, careful answers `select` in the same step. */
#define CAREFUL                                                                                    \
    "local policy = pex.policy { name = 'careful', version = 1, extends = 'default' }\n"           \
    "function policy.bias(view)\n"                                                                 \
    "  policy.state.n = (policy.state.n or 0) + 1\n"                                               \
    "  return { new_percent = 10 + policy.state.n, draw = 20 }\n"                                  \
    "end\n"                                                                                        \
    "function policy.select(view)\n"                                                               \
    "  return view.wanted > 0 and #view.candidates > 0 and { 1 } or {}\n"                          \
    "end\n"                                                                                        \
    "return policy"
#define HASTY                                                                                      \
    "local policy = pex.policy { name = 'hasty', version = 1, extends = 'default' }\n"             \
    "function policy.bias(view)\n"                                                                 \
    "  policy.state.n = (policy.state.n or 0) + 1\n"                                               \
    "  error('bias ' .. policy.state.n)\n"                                                         \
    "end\n"                                                                                        \
    "function policy.select(view)\n"                                                               \
    "  return view.wanted > 0 and #view.candidates > 1 and { 2 } or {}\n"                          \
    "end\n"                                                                                        \
    "return policy"

static void a_policy_that_is_taken_back_in_a_step_is_taken_back_again_L2(void **state)
{
    struct fixture *f = *state;
    load(f, CAREFUL);
    tape_live(&f->tape);
    load(f, HASTY);
    tape_rounds(&f->tape, 60);
    assert_int_equal(rollbacks(f->script), 1);
    assert_all_replays(f);
}

/* Later than a minute after the load the hook alone falls back. */
static void a_hook_that_falls_back_does_so_again_L2(void **state)
{
    struct fixture *f = *state;
    load(f, HASTY);
    f->tape.now.mono_ms += SECONDS_MS(61);
    f->tape.now.wall_ms += SECONDS_MS(61);
    tape_live(&f->tape);
    struct script_stats stats;
    script_stats(f->script, &stats);
    assert_true(stats.hooks[HOOK_bias].fallen_back && stats.rollbacks == 0);
    assert_all_replays(f);
}

#define GREEDY                                                                                     \
    "local policy = pex.policy { name = 'greedy', version = 1, extends = 'default' }\n"            \
    "function policy.bias(view)\n"                                                                 \
    "  policy.state.list = {}\n"                                                                   \
    "  for i = 1, 5000 do policy.state.list[i] = 'number ' .. i end\n"                             \
    "end\n"                                                                                        \
    "return policy"

static void a_state_that_cannot_be_written_ends_the_trace_with_that_reason(void **state)
{
    struct fixture *f = *state;
    load(f, GREEDY);
    tape_live(&f->tape);
    struct replay_report report = replay_with(f, NULL, ERR_OK);
    assert_string_equal(report.end, "the policy's state is too large or no plain data");
    assert_int_equal(report.difference, REPLAY_SAME);
    replay_report_free(&report);
}

static void state_goes_on_from_segment_to_segment(void **state)
{
    struct fixture *f = *state;
    load(f, CAREFUL);
    tape_live(&f->tape);
    assert_true(recorder_counts(f->tape.recorder).segments > 2);
    assert_all_replays(f);
}

#define NEAR                                                                                       \
    "local policy = pex.policy { name = 'near', version = 1, extends = 'default' }\n"              \
    "function policy.select(view)\n"                                                               \
    "  local picks = {}\n"                                                                         \
    "  for i, row in ipairs(view.candidates) do\n"                                                 \
    "    if row.tag == 'near' and #picks < view.wanted then picks[#picks + 1] = i end\n"           \
    "  end\n"                                                                                      \
    "  return picks\n"                                                                             \
    "end\n"                                                                                        \
    "return policy"

static void the_tags_of_the_node_are_in_its_trace(void **state)
{
    struct fixture *f = *state;
    load(f, NEAR);
    tape_live(&f->tape);
    assert_all_replays(f);
    struct tags *others = tags_of("8.8.0.0/24 near\n");
    struct replay_report report = replay_with(f, others, ERR_OK);
    assert_true(report.has_other_tags && report.difference == REPLAY_ANSWER);
    replay_report_free(&report);
    report = replay_with(f, f->tags, ERR_OK);
    assert_true(!report.has_other_tags && !report.difference);
    replay_report_free(&report);
    tags_free(others);
}

/* The file in place of its own, with the tags cut to `max` bytes of text and put `times` times. */
static void change_tags(struct fixture *f, size_t max, unsigned times)
{
    struct trace_reader reader;
    struct trace_header header;
    struct trace_record record;
    struct codec file = codec_writer();
    assert_int_equal(
        trace_open(&reader, trace_source_of(codec_written(&f->tape.file)), &header), ERR_OK);
    trace_write_header(&file, "test");
    for (; times > 0; times--)
        tags_write(&file, f->tags, max);
    while (trace_next(&reader, &record) == ERR_OK) {
        if (record.kind == TRACE_TAGS)
            continue;
        size_t begun = trace_begin(&file, record.kind);
        code_bytes(&file, (void *)record.body.at, record.body.n);
        trace_end(&file, begun);
    }
    trace_close(&reader);
    codec_free(&f->tape.file);
    f->tape.file = file;
}

static void too_many_tags_have_to_be_given(void **state)
{
    struct fixture *f = *state;
    load(f, NEAR);
    tape_live(&f->tape);
    recorder_stop(f->tape.recorder, "enough");
    change_tags(f, 10, 1);
    replay_with(f, NULL, ERR_INVALID);
    struct replay_report report = replay_with(f, f->tags, ERR_OK);
    assert_true(!report.has_other_tags && !report.difference);
    change_tags(f, SIZE_MAX, 2);
    replay_with(f, NULL, ERR_CORRUPT);
}

int main(void)
{
#define T(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        T(a_policy_that_is_taken_back_in_a_step_is_taken_back_again_L2),
        T(a_hook_that_falls_back_does_so_again_L2),
        T(the_tags_of_the_node_are_in_its_trace),
        T(too_many_tags_have_to_be_given),
        T(a_state_that_cannot_be_written_ends_the_trace_with_that_reason),
        T(state_goes_on_from_segment_to_segment),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
