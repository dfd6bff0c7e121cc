/* L2: what happens when a policy fails. */
#include "unit/script/fixture.h"

/* Fails when it is told to by `wanted` = 999. */
#define MOODY(name)                                                                                \
    "local policy = pex.policy { name = '" name "' }\n"                                            \
    "function policy.bias(view)\n"                                                                 \
    "  if view.wanted == 999 then\n"                                                               \
    "    error('moody')\n"                                                                         \
    "  end\n"                                                                                      \
    "  return { new_percent = 5, draw = 7 }\n"                                                     \
    "end\nreturn policy"

static struct bias_verdict ask_at(struct fixture *fixture, double now, int64_t wanted)
{
    struct bias_view view = bias_view(0, wanted);
    struct bias_verdict verdict;
    view.common.now = now;
    assert_int_equal(ask(fixture, HOOK_bias, &view, &verdict), ERR_OK);
    return verdict;
}

static bool is_mine(struct bias_verdict verdict)
{
    return verdict.draw == 7;
}

static unsigned generation(struct fixture *fixture)
{
    struct script_stats stats;
    script_stats(fixture->script, &stats);
    return stats.generation;
}

static const double LATER = NOW_S + 61;

static void failure_is_answered_by_the_base_counted_and_logged_L2(void **state)
{
    struct fixture *fixture = *state;
    load(fixture, MOODY("moody"));
    struct bias_verdict verdict = ask_at(fixture, NOW_S, 999);
    assert_int_equal(verdict.draw, 1024);
    assert_int_equal(hook_stats(fixture, HOOK_bias).errors, 1);
    assert_int_equal(
        fixture_logged(fixture,
            "event=\"policy call failed\" hook=bias outcome=error file=test.lua line=4 "
            "error=moody"),
        1);
    assert_true(is_mine(ask_at(fixture, NOW_S, 1)));
}

static void three_failures_in_a_row_make_the_hook_fall_back_L2(void **state)
{
    struct fixture *fixture = *state;
    load(fixture, MOODY("moody"));
    for (int i = 0; i < 3; i++) {
        assert_false(hook_stats(fixture, HOOK_bias).fallen_back);
        ask_at(fixture, LATER, 999);
    }
    assert_true(hook_stats(fixture, HOOK_bias).fallen_back);
    assert_int_equal(fixture_logged(fixture, "policy hook falls back"), 1);
    assert_false(is_mine(ask_at(fixture, LATER, 1)));
    assert_int_equal(hook_stats(fixture, HOOK_bias).skipped, 1);
    assert_int_equal(generation(fixture), 2);
    load(fixture, MOODY("moody"));
    assert_true(is_mine(ask_at(fixture, LATER, 1)));
}

static void success_in_between_starts_the_count_anew_L2(void **state)
{
    struct fixture *fixture = *state;
    load(fixture, MOODY("moody"));
    for (int i = 0; i < 10; i++) {
        ask_at(fixture, LATER, 999);
        ask_at(fixture, LATER, 999);
        assert_true(is_mine(ask_at(fixture, LATER, 1)));
    }
    assert_false(hook_stats(fixture, HOOK_bias).fallen_back);
}

static void hooks_fall_back_one_by_one_L2(void **state)
{
    struct fixture *fixture = *state;
    load(fixture,
        "local policy = pex.policy { name = 'half' }\n"
        "function policy.bias() return { draw = 7 } end\n"
        "function policy.ban() return { ban_s = 'long' } end\nreturn policy");
    struct ban_view view;
    struct ban_verdict verdict;
    schema_view_defaults(&schema_hooks[HOOK_ban], &view);
    view.common.now = LATER;
    for (int i = 0; i < 5; i++) {
        assert_int_equal(ask(fixture, HOOK_ban, &view, &verdict), ERR_OK);
        assert_true(verdict.ban_s == 86400);
    }
    assert_true(hook_stats(fixture, HOOK_ban).fallen_back);
    assert_int_equal(hook_stats(fixture, HOOK_ban).errors, 3);
    assert_true(is_mine(ask_at(fixture, LATER, 1)));
}

static void falling_back_within_a_minute_of_a_load_takes_it_back_L2(void **state)
{
    struct fixture *fixture = *state;
    struct script_stats stats;
    load(fixture,
        "local policy = pex.policy { name = 'good' }\n"
        "policy.state.n = 6\n"
        "function policy.bias() policy.state.n = policy.state.n + 1\n"
        "return { draw = policy.state.n } end\nreturn policy");
    assert_true(is_mine(ask_at(fixture, NOW_S, 1)));
    load(fixture, MOODY("bad"));
    for (int i = 0; i < 3; i++)
        ask_at(fixture, NOW_S + 60, 999);
    script_stats(fixture->script, &stats);
    assert_string_equal(stats.name, "good");
    assert_int_equal(stats.rollbacks, 1);
    assert_int_equal(stats.taken_back, 1);
    assert_int_equal(ask_at(fixture, NOW_S, 1).draw, 8); /* with its state */
    assert_int_equal(fixture_logged(fixture, "policy rolled back"), 1);
}

static void failing_in_the_second_of_the_load_takes_it_back_L2(void **state)
{
    struct fixture *fixture = *state;
    struct script_stats stats;
    struct script_source source = source_of(MOODY("bad"));
    assert_int_equal(script_load(fixture->script, &source, NOW_S + 0.7, &fixture->error), ERR_OK);
    for (int i = 0; i < 3; i++)
        ask_at(fixture, NOW_S, 999); /* views count whole seconds */
    script_stats(fixture->script, &stats);
    assert_string_equal(stats.name, "default");
}

static void the_same_text_loaded_twice_is_taken_back_to_another(void **state)
{
    struct fixture *fixture = *state;
    struct script_stats stats;
    load(fixture, MOODY("bad"));
    load(fixture, MOODY("bad"));
    for (int i = 0; i < 3; i++)
        ask_at(fixture, NOW_S + 1, 999);
    script_stats(fixture->script, &stats);
    assert_string_equal(stats.name, "default");
}

static void previous_generation_returns_only_once(void **state)
{
    struct fixture *fixture = *state;
    load(fixture, MOODY("one"));
    load(fixture, MOODY("two"));
    for (int i = 0; i < 9; i++)
        ask_at(fixture, NOW_S + 1, 999);
    struct script_stats stats;
    script_stats(fixture->script, &stats);
    assert_string_equal(stats.name, "one");
    assert_int_equal(stats.rollbacks, 1);
    assert_true(stats.hooks[HOOK_bias].fallen_back);
}

static void policy_that_extends_diverse_falls_back_to_diverse_L2(void **state)
{
    struct fixture *fixture = *state;
    load(fixture,
        "local policy = pex.policy { name = 'mine', extends = 'diverse' }\n"
        "function policy.bias() error('no') end\nreturn policy");
    assert_int_equal(ask_at(fixture, LATER, 1).draw, 256);
}

static void failing_policy_does_not_move_the_generator(void **state)
{
    struct fixture *fixture = *state;
    struct backoff_view view;
    struct backoff_verdict alone, after_failure;
    schema_view_defaults(&schema_hooks[HOOK_backoff], &view);
    rng_seed(&fixture->rng, 3);
    assert_int_equal(ask(fixture, HOOK_backoff, &view, &alone), ERR_OK);
    load(fixture,
        "local policy = pex.policy { name = 'dice' }\n"
        "function policy.backoff(view) while true do view.random() end end\nreturn policy");
    rng_seed(&fixture->rng, 3);
    assert_int_equal(ask(fixture, HOOK_backoff, &view, &after_failure), ERR_OK);
    assert_true(alone.wait_s == after_failure.wait_s);
}

static void policy_log_lines_are_limited(void **state)
{
    struct fixture *fixture = *state;
    load(fixture,
        "local policy = pex.policy { name = 'talker' }\n"
        "function policy.bias() for i = 1, 100 do pex.log('line ' .. i) end end\n"
        "return policy");
    ask_at(fixture, NOW_S, 1);
    assert_int_equal(fixture_logged(fixture, "event=\"policy says\" policy=talker"), 10);
    fixture->clock_ns += 3 * INT64_C(1000000000);
    ask_at(fixture, NOW_S, 1);
    assert_int_equal(fixture_logged(fixture, "event=\"policy says\""), 13);
    fixture->clock_ns += 3600 * INT64_C(1000000000);
    ask_at(fixture, NOW_S, 1);
    assert_int_equal(fixture_logged(fixture, "event=\"policy says\""), 23);
}

static void failures_in_a_stream_do_not_flood_the_log(void **state)
{
    struct fixture *fixture = *state;
    load(fixture, MOODY("moody"));
    for (int i = 0; i < 30; i++) {
        ask_at(fixture, LATER, 999);
        ask_at(fixture, LATER, 1);
    }
    assert_int_equal(hook_stats(fixture, HOOK_bias).errors, 30);
    assert_int_equal(fixture_logged(fixture, "policy call failed"), 10);
}

static void the_last_error_is_told_of_the_policy_that_runs(void **state)
{
    struct fixture *fixture = *state;
    struct script_stats stats;
    load(fixture, MOODY("moody"));
    ask_at(fixture, LATER, 999);
    ask_at(fixture, LATER, 1);
    script_stats(fixture->script, &stats);
    assert_string_equal(stats.last_error.hook, "bias");
    assert_string_equal(stats.last_error.file, "test.lua");
    load(fixture, MOODY("other"));
    script_stats(fixture->script, &stats);
    assert_string_equal(stats.last_error.message, "");
}

static struct script_hook_stats live_stats(struct fixture *fixture, enum hook hook)
{
    struct script_stats stats;
    script_stats(fixture->script, &stats);
    return stats.live[hook];
}

static void numbers_begin_anew_with_each_policy(void **state)
{
    struct fixture *fixture = *state;
    fixture->clock_step_ns = 1000;
    load(fixture, MOODY("one"));
    ask_at(fixture, LATER, 999);
    ask_at(fixture, LATER, 1);
    assert_int_equal(live_stats(fixture, HOOK_bias).calls, 2);
    assert_int_equal(live_stats(fixture, HOOK_bias).errors, 1);
    load(fixture, MOODY("two"));
    assert_int_equal(live_stats(fixture, HOOK_bias).calls, 0);
    assert_true(live_stats(fixture, HOOK_bias).time_max_ns == 0);
    for (int i = 0; i < 3; i++)
        ask_at(fixture, NOW_S, 999); /* taken back */
    struct script_stats stats;
    script_stats(fixture->script, &stats);
    assert_string_equal(stats.name, "one");
    assert_string_equal(stats.last_error.message, "");
    assert_int_equal(stats.live[HOOK_bias].calls, 0);
    assert_int_equal(stats.live[HOOK_bias].errors, 0);
    assert_int_equal(stats.hooks[HOOK_bias].calls, 5);
    assert_int_equal(stats.hooks[HOOK_bias].errors, 4);
}

/* It cannot have been those that it inherits, whose file would be named beside the error. */
static void a_state_too_large_fails_what_its_policy_defines(void **state)
{
    struct fixture *fixture = *state;
    struct script_stats stats;
    struct ban_view view;
    struct ban_verdict verdict;
    load(fixture,
        "local policy = pex.policy { name = 'hoarder' }\n"
        "function policy.ban()\n"
        "  for i = 1, 10000 do policy.state[i] = i end\nend\nreturn policy");
    schema_view_defaults(&schema_hooks[HOOK_ban], &view);
    assert_int_equal(ask(fixture, HOOK_ban, &view, &verdict), ERR_OK);
    ask_at(fixture, NOW_S, 1);
    assert_int_equal(hook_stats(fixture, HOOK_ban).errors, 1);
    assert_int_equal(hook_stats(fixture, HOOK_bias).errors, 0);
    script_stats(fixture->script, &stats);
    assert_string_equal(stats.last_error.file, "test.lua");
    assert_string_equal(stats.last_error.message,
        "policy.state is larger than 65536 bytes: remove what is needed least");
}

static void time_of_calls_is_counted(void **state)
{
    struct fixture *fixture = *state;
    fixture->clock_step_ns = 1000;
    ask_at(fixture, NOW_S, 1);
    struct script_hook_stats stats = hook_stats(fixture, HOOK_bias);
    assert_true(stats.time_ns > 0 && stats.time_max_ns == stats.time_ns);
    ask_at(fixture, NOW_S, 1);
    assert_true(hook_stats(fixture, HOOK_bias).time_ns == 2 * stats.time_ns);
    assert_int_equal(hook_stats(fixture, HOOK_bias).calls, 2);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(failure_is_answered_by_the_base_counted_and_logged_L2),
        TEST(three_failures_in_a_row_make_the_hook_fall_back_L2),
        TEST(success_in_between_starts_the_count_anew_L2),
        TEST(hooks_fall_back_one_by_one_L2),
        TEST(falling_back_within_a_minute_of_a_load_takes_it_back_L2),
        TEST(failing_in_the_second_of_the_load_takes_it_back_L2),
        TEST(the_same_text_loaded_twice_is_taken_back_to_another),
        TEST(previous_generation_returns_only_once),
        TEST(policy_that_extends_diverse_falls_back_to_diverse_L2),
        TEST(failing_policy_does_not_move_the_generator),
        TEST(policy_log_lines_are_limited),
        TEST(failures_in_a_stream_do_not_flood_the_log),
        TEST(the_last_error_is_told_of_the_policy_that_runs),
        TEST(numbers_begin_anew_with_each_policy),
        TEST(a_state_too_large_fails_what_its_policy_defines),
        TEST(time_of_calls_is_counted),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
