/* Every run of every node of random networks is recorded and replayed: the same questions, answers
 * and actions, from the first segment and from any other alone. */
#include "trace/recorder.h"
#include "trace/replay.h"

#include "sim/state.h"
#include "unit/sim/chaos.h"

#define RUNS 6
#define MACHINES_MAX 32
#define FILES_MAX 64

struct file {
    uint8_t *at;
    size_t n;
};

/* The trace of one run of one machine. */
struct taping {
    struct policy policy; /* of the machine over all its runs; first */
    struct fake_policy *answers;
    struct recorder *recorder; /* NULL: not on */
    struct opening *pending;   /* taken, not written yet */
    struct file files[FILES_MAX];
    unsigned files_n;
};

struct tapes {
    struct taping machines[MACHINES_MAX];
    struct fake_policy answers;
    uint64_t file_max;
    unsigned replays, segments;
    uint64_t steps, decisions;
};

static const struct log silent = {.level = LOG_NONE};

/* ---- recording ---- */

static enum err ask(
    struct policy *self, enum hook hook, struct rng *rng, const void *view, void *verdict)
{
    struct taping *taping = (struct taping *)self;
    struct policy *next = &taping->answers->policy;
    if (taping->recorder)
        next = recorder_policy(taping->recorder);
    return policy_ask(next, hook, rng, view, verdict);
}

static void append(struct taping *taping, const uint8_t *bytes, size_t n)
{
    struct file *file = &taping->files[taping->files_n];
    file->at = realloc(file->at, file->n + n);
    memcpy(file->at + file->n, bytes, n);
    file->n += n;
}

/* Written late: what the node did since must not show. */
static void write_pending(struct taping *taping)
{
    struct codec codec = codec_writer();
    if (!taping->pending)
        return;
    opening_write(taping->pending, &codec);
    assert_int_equal(codec.err, ERR_OK);
    opening_release(taping->pending);
    taping->pending = NULL;
    append(taping, codec.out, codec.n);
    codec_free(&codec);
}

static const char *take(void *context, uint8_t *bytes, size_t n)
{
    write_pending(context);
    append(context, bytes, n);
    free(bytes);
    return NULL;
}

static const char *take_opening(void *context, struct opening *opening)
{
    struct taping *taping = context;
    write_pending(taping);
    taping->pending = opening;
    return NULL;
}

static void next_file(void *context)
{
    struct taping *taping = context;
    write_pending(taping);
    taping->files_n++;
    assert_true(taping->files_n < FILES_MAX);
}

static uint64_t file_bytes(void *context)
{
    const struct taping *taping = context;
    return taping->files[taping->files_n].n + (taping->pending ? opening_size(taping->pending) : 0);
}

static void save_policy(void *context, struct now now, struct codec *codec)
{
    uint8_t mark = 7;
    (void)context, (void)now;
    code_u8(codec, &mark);
}

static void begin(struct tapes *tapes, struct taping *taping, struct node *node)
{
    const struct recorder_settings settings = {
        .segment_ms = SECONDS_MS(40),
        .file_max = tapes->file_max,
        .version = "test",
        .sink = {take, take_opening, next_file, file_bytes, taping},
        .save_policy = save_policy,
        .log = silent,
    };
    taping->recorder = recorder_new(&settings, &tapes->answers.policy);
    node_observe(node, recorder_observer(taping->recorder));
    recorder_start(taping->recorder, node);
}

/* ---- replaying ---- */

static enum err open_policy(void *context, struct span bytes, struct policy **policy)
{
    struct tapes *tapes = context;
    assert_true(bytes.n == 1 && bytes.at[0] == 7);
    *policy = &tapes->answers.policy;
    return ERR_OK;
}

static void say(const struct replay_report *report)
{
    char *expected = json_dumps(report->expected, JSON_ENCODE_ANY);
    char *got = json_dumps(report->got, JSON_ENCODE_ANY);
    char *event = json_dumps(report->event, JSON_ENCODE_ANY);
    print_error("%s at segment %llu step %llu: %s\nexpected %s\ngot %s\n",
        replay_difference_name(report->difference), (unsigned long long)report->segment,
        (unsigned long long)report->step, event, expected, got);
    free(expected);
    free(got);
    free(event);
}

static struct replay_report replay(
    struct tapes *tapes, const struct file *file, uint64_t segment, bool anew)
{
    const struct replay_settings settings = {
        .open_policy = anew ? open_policy : NULL,
        .context = tapes,
        .segment = segment,
        .log = silent,
    };
    struct replay_report report;
    assert_int_equal(
        replay_run(trace_source_of(span_of(file->at, file->n)), &settings, &report), ERR_OK);
    if (report.difference)
        say(&report);
    assert_int_equal(report.difference, REPLAY_SAME);
    tapes->replays++;
    return report;
}

static uint64_t check_file(struct tapes *tapes, const struct file *file, uint64_t first)
{
    struct replay_report report = replay(tapes, file, 0, true);
    uint64_t steps = 0, segments = report.segments;
    assert_true(report.is_whole);
    tapes->steps += report.steps;
    tapes->decisions += report.decisions;
    assert_int_equal(replay(tapes, file, 0, false).decisions, report.decisions);
    for (uint64_t i = 0; i < segments; i++) {
        struct replay_report alone = replay(tapes, file, first + i, true);
        assert_int_equal(alone.segments, 1);
        steps += alone.steps;
    }
    assert_int_equal(steps, report.steps);
    return segments;
}

/* The run is over: its machine was switched off. */
static void end(struct tapes *tapes, struct taping *taping)
{
    uint64_t segment = 1;
    if (!taping->recorder)
        return;
    recorder_stop(taping->recorder, "over");
    write_pending(taping);
    recorder_free(taping->recorder);
    taping->recorder = NULL;
    for (unsigned i = 0; i <= taping->files_n; i++) {
        if (taping->files[i].n > 0)
            segment += check_file(tapes, &taping->files[i], segment);
        free(taping->files[i].at);
        taping->files[i] = (struct file){0};
    }
    tapes->segments += (unsigned)segment - 1;
    taping->files_n = 0;
}

static void on_step(void *context, const struct sim_step *step)
{
    struct tapes *tapes = context;
    if (!step->node || step->event->kind != EVENT_START)
        return;
    end(tapes, &tapes->machines[step->machine]);
    begin(tapes, &tapes->machines[step->machine], (struct node *)step->node);
}

/* From its next start on, what the machine's node asks goes over the tape. */
static void tape(struct tapes *tapes, struct chaos *chaos, uint32_t i)
{
    struct taping *taping = &tapes->machines[i];
    if (!sim_node(chaos->rig.sim, i))
        return;
    sim_end(chaos->rig.sim, i, SIM_CRASH);
    taping->policy = (struct policy){.ask = ask};
    taping->answers = &tapes->answers;
    chaos->rig.sim->machines[i]->settings.policy = &taping->policy;
    sim_start(chaos->rig.sim, i);
}

static struct tapes *tapes_of(uint64_t seed, uint64_t file_max)
{
    struct tapes *tapes = calloc(1, sizeof *tapes);
    struct chaos *chaos = chaos_new(seed);
    tapes->answers.policy.ask = fake_ask;
    tapes->file_max = file_max;
    sim_observe(chaos->rig.sim, on_step, tapes);
    for (uint32_t i = 0; i < sim_machines(chaos->rig.sim); i++)
        tape(tapes, chaos, i);
    sim_run_until(chaos->rig.sim, chaos->peace_ms + MINUTES_MS(3));
    for (uint32_t i = 0; i < MACHINES_MAX; i++)
        end(tapes, &tapes->machines[i]);
    chaos_free(chaos);
    return tapes;
}

static void what_was_recorded_happens_again(void **state)
{
    (void)state;
    uint64_t steps = 0, decisions = 0;
    unsigned segments = 0;
    for (uint64_t seed = 1; seed <= RUNS; seed++) {
        struct tapes *tapes = tapes_of(seed, 1u << 30);
        steps += tapes->steps;
        decisions += tapes->decisions;
        segments += tapes->segments;
        free(tapes);
    }
    assert_true(steps > 10000 && decisions > 1000 && segments > 100);
}

/* Files so small that a run fills several: each begins with a segment and stands alone. */
static void every_file_of_a_run_stands_alone(void **state)
{
    (void)state;
    struct tapes *tapes = tapes_of(2, 64u << 10);
    assert_true(tapes->segments > 20);
    free(tapes);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_was_recorded_happens_again),
        cmocka_unit_test(every_file_of_a_run_stands_alone),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
