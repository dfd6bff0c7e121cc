/* What counts as time of a call, under clocks of the test: CPU time goes on while there is work,
 * the monotonic clock also while the machine stalls. */
#include "script/fuse.h"

#include "unit/script/fixture.h"

#define US INT64_C(1000)
#define MS (1000 * US)
#define S (1000 * MS)
#define STEP (100 * US) /* of work between two looks at the fuse */

/* ---- a fuse of its own ---- */

struct clocks {
    int64_t ns, cpu_ns;
    unsigned cpu_readings;
    struct script_settings settings;
    struct fuse fuse;
};

static int64_t clock_ns(void *context)
{
    return ((struct clocks *)context)->ns;
}

static int64_t cpu_ns(void *context)
{
    struct clocks *clocks = context;
    clocks->cpu_readings++;
    return clocks->cpu_ns;
}

/* The clocks begin anywhere. */
static void light(struct clocks *clocks, int64_t budget_ns)
{
    *clocks = (struct clocks){.ns = 7 * S, .cpu_ns = 3 * S};
    clocks->settings = script_settings_default();
    clocks->settings.clock_ns = clock_ns;
    clocks->settings.cpu_ns = cpu_ns;
    clocks->settings.clock_context = clocks;
    fuse_light(&clocks->fuse, &clocks->settings, budget_ns);
}

static void stall(struct clocks *clocks, int64_t ns)
{
    clocks->ns += ns;
}

static void work(struct clocks *clocks, int64_t ns)
{
    clocks->ns += ns;
    clocks->cpu_ns += ns;
}

/* How much work there is until the fuse is blown, with a stall before each step. */
static int64_t work_until_blown(struct clocks *clocks, int64_t stall_ns)
{
    int64_t begin_ns = clocks->cpu_ns;
    while (!fuse_is_blown(&clocks->fuse)) {
        assert_true(clocks->cpu_ns - begin_ns < S);
        stall(clocks, stall_ns);
        work(clocks, STEP);
    }
    return clocks->cpu_ns - begin_ns;
}

static void assert_about(int64_t ns, int64_t expected_ns)
{
    assert_in_range(ns, expected_ns, expected_ns + 2 * STEP);
}

static void a_fuse_is_blown_when_its_time_was_worked(void **state)
{
    (void)state;
    struct clocks clocks;
    light(&clocks, 20 * MS);
    assert_about(work_until_blown(&clocks, 0), 20 * MS);
    assert_true(fuse_is_blown(&clocks.fuse));
    light(&clocks, 200 * MS);
    assert_about(work_until_blown(&clocks, 0), 200 * MS);
}

static void a_stall_blows_no_fuse_and_leaves_three_quarters_of_it(void **state)
{
    (void)state;
    struct clocks clocks;
    light(&clocks, 20 * MS);
    stall(&clocks, 10 * S);
    assert_false(fuse_is_blown(&clocks.fuse));
    assert_int_equal(fuse_used_ns(&clocks.fuse), 5 * MS);
    stall(&clocks, 10 * S);
    assert_false(fuse_is_blown(&clocks.fuse));
    assert_about(work_until_blown(&clocks, 0), 15 * MS);
}

static void a_machine_that_stalls_on_and_on_takes_a_quarter_once(void **state)
{
    (void)state;
    struct clocks clocks;
    light(&clocks, 20 * MS);
    assert_about(work_until_blown(&clocks, S), 15 * MS);
    light(&clocks, 200 * MS);
    assert_about(work_until_blown(&clocks, S), 195 * MS);
}

static void stalls_after_a_quarter_take_nothing(void **state)
{
    (void)state;
    struct clocks clocks;
    light(&clocks, 20 * MS);
    for (int i = 0; i < 60; i++) {
        work(&clocks, STEP);
        assert_false(fuse_is_blown(&clocks.fuse));
    }
    assert_about(work_until_blown(&clocks, S), 14 * MS);
    assert_about(fuse_used_ns(&clocks.fuse), 20 * MS);
}

static void a_short_call_asks_for_no_cpu_time(void **state)
{
    (void)state;
    struct clocks clocks;
    light(&clocks, 20 * MS);
    for (int i = 0; i < 50; i++) {
        work(&clocks, STEP);
        assert_false(fuse_is_blown(&clocks.fuse));
    }
    assert_int_equal(fuse_used_ns(&clocks.fuse), 5 * MS);
    assert_int_equal(clocks.cpu_readings, 0);
}

static void a_long_call_asks_for_it_a_few_times(void **state)
{
    (void)state;
    struct clocks clocks;
    light(&clocks, 20 * MS);
    work_until_blown(&clocks, 0);
    assert_in_range(clocks.cpu_readings, 2, 6);
}

static void what_is_announced_counts_in_full(void **state)
{
    (void)state;
    struct clocks clocks;
    light(&clocks, 20 * MS);
    work(&clocks, MS);
    fuse_count(&clocks.fuse);
    work(&clocks, 50 * MS);
    assert_int_equal(fuse_used_ns(&clocks.fuse), 51 * MS);
    assert_true(fuse_is_blown(&clocks.fuse));
    light(&clocks, 20 * MS);
    fuse_count(&clocks.fuse);
    stall(&clocks, 10 * S);
    assert_int_equal(fuse_used_ns(&clocks.fuse), 0);
    assert_about(work_until_blown(&clocks, S), 20 * MS);
}

static void no_fuse_is_never_blown_but_counts(void **state)
{
    (void)state;
    struct clocks clocks;
    light(&clocks, FUSE_NONE);
    for (int i = 0; i < 100; i++) {
        work(&clocks, MS);
        assert_false(fuse_is_blown(&clocks.fuse));
    }
    work(&clocks, 3600 * S);
    assert_false(fuse_is_blown(&clocks.fuse));
    assert_in_range(fuse_used_ns(&clocks.fuse), 3600 * S + 99 * MS, 3600 * S + 100 * MS);
}

static void without_a_cpu_clock_all_time_counts(void **state)
{
    (void)state;
    struct clocks clocks;
    light(&clocks, 20 * MS);
    clocks.settings.cpu_ns = NULL;
    assert_about(work_until_blown(&clocks, 0), 20 * MS);
    light(&clocks, 20 * MS);
    clocks.settings.cpu_ns = NULL;
    fuse_count(&clocks.fuse);
    stall(&clocks, 20 * MS);
    assert_int_equal(fuse_used_ns(&clocks.fuse), 20 * MS);
    assert_true(fuse_is_blown(&clocks.fuse));
}

/* ---- calls ---- */

static int setup_both_clocks(void **state)
{
    struct fixture *fixture = calloc(1, sizeof *fixture);
    fixture_init(fixture);
    fixture->settings.cpu_ns = fixture_cpu;
    fixture_start(fixture);
    *state = fixture;
    return 0;
}

#define TEST_OF_CALLS(name) cmocka_unit_test_setup_teardown(name, setup_both_clocks, teardown)

/* From here on each look at the clock finds it that much later. */
static void pass(struct fixture *fixture, int64_t step_ns, int64_t cpu_step_ns)
{
    fixture->clock_step_ns = step_ns;
    fixture->cpu_step_ns = cpu_step_ns;
}

/* 20,000 turns of the loop are some hundred looks at the clock. */
#define LONG                                                                                       \
    "local policy = pex.policy { name = 'long' }\n"                                                \
    "function policy.bias()\n"                                                                     \
    "  for _ = 1, 20000 do local _ = {} end\n"                                                     \
    "  return { new_percent = 1 }\nend\n"

#define ENDLESS                                                                                    \
    "local policy = pex.policy { name = 'endless' }\n"                                             \
    "function policy.bias() while true do end end\nreturn policy"

static void a_machine_that_stalls_fails_no_call(void **state)
{
    struct fixture *fixture = *state;
    load(fixture, LONG "return policy");
    pass(fixture, 10 * S, 10 * US);
    for (int i = 0; i < 10; i++) {
        script_turn_begin(fixture->script);
        assert_true(ask_bias(fixture, 0, 10).new_percent == 1);
    }
    assert_int_equal(hook_stats(fixture, HOOK_bias).errors, 0);
    assert_in_range(hook_stats(fixture, HOOK_bias).time_max_ns, 5 * MS, 20 * MS);
}

static void an_endless_call_ends_also_while_the_machine_stalls(void **state)
{
    struct fixture *fixture = *state;
    load(fixture, ENDLESS);
    for (int64_t stall_ns = 0; stall_ns <= S; stall_ns += S) {
        script_turn_begin(fixture->script);
        int64_t begin_ns = fixture->cpu_time_ns;
        pass(fixture, stall_ns + MS, MS);
        assert_true(ask_bias(fixture, 0, 10).new_percent == 10);
        assert_in_range(fixture->cpu_time_ns - begin_ns, 15 * MS, 30 * MS);
    }
    assert_int_equal(fixture_logged(fixture, "outcome=fuse"), 2);
}

static void a_machine_that_stalls_refuses_no_policy(void **state)
{
    struct fixture *fixture = *state;
    pass(fixture, 10 * S, US);
    load(fixture,
        LONG "for _ = 1, 20000 do local _ = {} end\n"
             "policy.examples = { { hook = 'bias', expect = { new_percent = 1 } } }\n"
             "return policy");
}

static void an_endless_load_ends_after_ten_times_a_call(void **state)
{
    struct fixture *fixture = *state;
    for (int64_t stall_ns = 0; stall_ns <= S; stall_ns += S) {
        int64_t begin_ns = fixture->cpu_time_ns;
        pass(fixture, stall_ns + MS, MS);
        assert_int_equal(fixture_load(fixture, "while true do end"), ERR_SCRIPT);
        assert_string_equal(fixture->error.message, "limit of fuse reached");
        assert_in_range(fixture->cpu_time_ns - begin_ns, 195 * MS, 215 * MS);
    }
}

static void rules_in_the_binary_have_no_fuse(void **state)
{
    struct fixture *fixture = *state;
    pass(fixture, 3600 * S, 3600 * S);
    assert_true(ask_bias(fixture, 0, 10).new_percent == 10);
    assert_int_equal(hook_stats(fixture, HOOK_bias).errors, 0);
}

#define CALM                                                                                       \
    "local policy = pex.policy { name = 'calm' }\n"                                                \
    "function policy.bias() return { new_percent = 1 } end\nreturn policy"

static void a_stall_leaves_the_turn_most_of_its_time(void **state)
{
    struct fixture *fixture = *state;
    load(fixture, CALM);
    script_turn_begin(fixture->script);
    pass(fixture, 10 * S, US);
    for (int i = 0; i < 9; i++)
        assert_true(ask_bias(fixture, 0, 10).new_percent == 1);
    pass(fixture, US, US);
    for (int i = 0; i < 100; i++)
        assert_true(ask_bias(fixture, 0, 10).new_percent == 1);
    assert_int_equal(hook_stats(fixture, HOOK_bias).skipped, 0);
}

static void a_turn_ends_when_its_calls_worked_its_time(void **state)
{
    struct fixture *fixture = *state;
    load(fixture, LONG "return policy");
    script_turn_begin(fixture->script);
    pass(fixture, S, 25 * US);
    int64_t begin_ns = fixture->cpu_time_ns;
    for (int i = 0; i < 10 && hook_stats(fixture, HOOK_bias).skipped == 0; i++)
        ask_bias(fixture, 0, 10);
    assert_int_equal(hook_stats(fixture, HOOK_bias).errors, 0);
    assert_int_equal(hook_stats(fixture, HOOK_bias).skipped, 1);
    assert_in_range(fixture->cpu_time_ns - begin_ns, 30 * MS, 60 * MS);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_fuse_is_blown_when_its_time_was_worked),
        cmocka_unit_test(a_stall_blows_no_fuse_and_leaves_three_quarters_of_it),
        cmocka_unit_test(a_machine_that_stalls_on_and_on_takes_a_quarter_once),
        cmocka_unit_test(stalls_after_a_quarter_take_nothing),
        cmocka_unit_test(a_short_call_asks_for_no_cpu_time),
        cmocka_unit_test(a_long_call_asks_for_it_a_few_times),
        cmocka_unit_test(what_is_announced_counts_in_full),
        cmocka_unit_test(no_fuse_is_never_blown_but_counts),
        cmocka_unit_test(without_a_cpu_clock_all_time_counts),
        TEST_OF_CALLS(a_machine_that_stalls_fails_no_call),
        TEST_OF_CALLS(an_endless_call_ends_also_while_the_machine_stalls),
        TEST_OF_CALLS(a_machine_that_stalls_refuses_no_policy),
        TEST_OF_CALLS(an_endless_load_ends_after_ten_times_a_call),
        TEST_OF_CALLS(rules_in_the_binary_have_no_fuse),
        TEST_OF_CALLS(a_stall_leaves_the_turn_most_of_its_time),
        TEST_OF_CALLS(a_turn_ends_when_its_calls_worked_its_time),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
