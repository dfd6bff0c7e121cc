/* Shadow runs: the same questions, no effect, every difference counted. */
#include "unit/script/fixture.h"

#include "script/shadow.h"

static void shadow(struct fixture *fixture, const char *text)
{
    struct script_source source = source_of(text);
    if (script_shadow_load(fixture->script, &source, NOW_S, &fixture->error) != ERR_OK)
        fail_msg("%s:%d: %s", fixture->error.file, fixture->error.line, fixture->error.message);
}

static struct shadow_hook_stats stats_of(struct fixture *fixture, enum hook hook)
{
    struct shadow_stats stats;
    assert_true(script_shadow_stats(fixture->script, &stats));
    return stats.hooks[hook];
}

#define MORE                                                                                       \
    "local policy = pex.policy { name = 'more' }\n"                                                \
    "function policy.bias(view)\n"                                                                 \
    "  policy.state.n = (policy.state.n or 0) + 1\n"                                               \
    "  if view.wanted > 5 then return { new_percent = 10, draw = 500, reason = 'more' } end\n"     \
    "end\nreturn policy"

static void a_shadow_decides_nothing_and_is_counted(void **state)
{
    struct fixture *fixture = *state;
    struct shadow_difference list[4];
    shadow(fixture, MORE);
    for (int i = 0; i < 10; i++)
        assert_int_equal(ask_bias(fixture, 0, i).draw, i == 0 ? 1 : 3 * i);
    struct shadow_hook_stats stats = stats_of(fixture, HOOK_bias);
    assert_int_equal(stats.asked, 10);
    assert_int_equal(stats.differs, 4);
    assert_int_equal(stats.errors, 0);
    assert_int_equal(script_shadow_differences(fixture->script, list, 4), 4);
    assert_int_equal(list[0].hook, HOOK_bias);
    assert_string_equal(list[0].live, "{ new_percent = 10, draw = 27 }");
    assert_string_equal(list[0].shadow, "{ new_percent = 10, draw = 500, reason = \"more\" }");
    assert_true(list[0].now == NOW_S);
    assert_string_equal(list[3].live, "{ new_percent = 10, draw = 18 }");
}

static void a_shadow_draws_the_same_random_numbers_and_moves_no_generator(void **state)
{
    struct fixture *fixture = *state;
    struct backoff_view view;
    struct backoff_verdict alone, shadowed;
    schema_view_defaults(&schema_hooks[HOOK_backoff], &view);
    rng_seed(&fixture->rng, 5);
    assert_int_equal(ask(fixture, HOOK_backoff, &view, &alone), ERR_OK);
    struct rng after = fixture->rng;
    shadow(fixture, "return (pex.policy { name = 'same' })");
    rng_seed(&fixture->rng, 5);
    assert_int_equal(ask(fixture, HOOK_backoff, &view, &shadowed), ERR_OK);
    assert_true(alone.wait_s == shadowed.wait_s);
    assert_memory_equal(&after, &fixture->rng, sizeof after);
    assert_int_equal(stats_of(fixture, HOOK_backoff).asked, 1);
    assert_int_equal(stats_of(fixture, HOOK_backoff).differs, 0);
}

static void a_failing_shadow_only_counts(void **state)
{
    struct fixture *fixture = *state;
    struct shadow_stats stats;
    shadow(fixture,
        "local policy = pex.policy { name = 'bad' }\n"
        "function policy.bias() error('bad luck') end\n"
        "function policy.ban() while true do end end\nreturn policy");
    for (int i = 0; i < 8; i++)
        assert_int_equal(ask_bias(fixture, 0, 5).draw, 15);
    struct ban_view view;
    struct ban_verdict verdict;
    schema_view_defaults(&schema_hooks[HOOK_ban], &view);
    assert_int_equal(ask(fixture, HOOK_ban, &view, &verdict), ERR_OK);
    assert_true(verdict.ban_s == 86400);
    assert_true(script_shadow_stats(fixture->script, &stats));
    assert_int_equal(stats.hooks[HOOK_bias].errors, 8);
    assert_int_equal(stats.hooks[HOOK_bias].differs, 0);
    assert_int_equal(stats.hooks[HOOK_ban].errors, 1);
    assert_string_equal(stats.last_error.hook, "ban");
    assert_int_equal(hook_stats(fixture, HOOK_bias).errors, 0);
    assert_int_equal(hook_stats(fixture, HOOK_ban).errors, 0);
    assert_int_equal(fixture_logged(fixture, "falls back"), 0);
}

static void a_slow_shadow_takes_no_time_from_the_live_policy(void **state)
{
    struct fixture *fixture = *state;
    shadow(fixture,
        "local policy = pex.policy { name = 'slow' }\n"
        "function policy.bias() while true do end end\nreturn policy");
    fixture->clock_step_ns = 1000000; /* each look at the clock is a millisecond */
    script_turn_begin(fixture->script);
    for (int i = 0; i < 12; i++)
        assert_int_equal(ask_bias(fixture, 0, 5).draw, 15);
    struct shadow_hook_stats stats = stats_of(fixture, HOOK_bias);
    assert_true(stats.asked >= 2 && stats.asked <= 3); /* 20 ms each, of 50 */
    assert_int_equal(stats.asked + stats.skipped, 12);
    assert_int_equal(hook_stats(fixture, HOOK_bias).skipped, 0);
    script_turn_begin(fixture->script);
    ask_bias(fixture, 0, 5);
    assert_int_equal(stats_of(fixture, HOOK_bias).asked, stats.asked + 1);
}

static void a_shadow_is_asked_what_only_it_defines(void **state)
{
    struct fixture *fixture = *state;
    struct admit_view view;
    struct admit_verdict verdict;
    struct shadow_difference difference;
    struct policy *policy = script_policy(fixture->script);
    schema_view_defaults(&schema_hooks[HOOK_admit], &view);
    view.id = "0123456789012345678901234567890123456789";
    assert_false(policy_wants(policy, HOOK_admit));
    shadow(fixture,
        "local policy = pex.policy { name = 'strict' }\n"
        "function policy.admit(view) return { reject = 'no\"\\n' } end\nreturn policy");
    assert_true(policy_wants(policy, HOOK_admit));
    assert_int_equal(ask(fixture, HOOK_admit, &view, &verdict), ERR_NOT_FOUND);
    assert_int_equal(script_shadow_differences(fixture->script, &difference, 1), 1);
    assert_string_equal(difference.live, "nil");
    assert_string_equal(difference.shadow, "{ reject = \"no??\" }");
    assert_string_equal(difference.subject, view.id);
}

static void state_of_a_shadow_begins_as_a_copy_and_is_its_own(void **state)
{
    struct fixture *fixture = *state;
    char *text;
#define COUNTS(draw)                                                                               \
    "local policy = pex.policy { name = 'counts', params = { more = { default = 0 } } }\n"         \
    "function policy.bias() policy.state.n = (policy.state.n or 0) + 1\n"                          \
    "return { draw = policy.state.n " draw " + policy.params.more } end\nreturn policy"
    load(fixture, COUNTS(""));
    for (int i = 0; i < 4; i++)
        ask_bias(fixture, 0, 5);
    shadow(fixture, COUNTS("+ 100"));
    for (int i = 0; i < 4; i++)
        assert_int_equal(ask_bias(fixture, 0, 5).draw, 5 + i);
    struct shadow_difference difference;
    script_shadow_differences(fixture->script, &difference, 1);
    assert_string_equal(difference.shadow, "{ new_percent = 30, draw = 108 }");
    assert_int_equal(script_param_set(fixture->script, "more", "50", &fixture->error), ERR_OK);
    assert_int_equal(script_shadow_promote(fixture->script, NOW_S), ERR_OK);
    assert_int_equal(ask_bias(fixture, 0, 5).draw, 9 + 100 + 50);
    assert_int_equal(script_rollback(fixture->script, NOW_S, &fixture->error), ERR_OK);
    assert_int_equal(ask_bias(fixture, 0, 5).draw, 9 + 50);
    assert_int_equal(script_export(fixture->script, &text, &fixture->error), ERR_OK);
    free(text);
}

static void a_shadow_ends(void **state)
{
    struct fixture *fixture = *state;
    struct shadow_stats stats;
    assert_int_equal(script_shadow_stop(fixture->script), ERR_NOT_FOUND);
    assert_int_equal(script_shadow_promote(fixture->script, NOW_S), ERR_NOT_FOUND);
    assert_false(script_shadow_stats(fixture->script, &stats));
    shadow(fixture, MORE);
    shadow(fixture, MORE); /* in place of the first */
    assert_int_equal(stats_of(fixture, HOOK_bias).asked, 0);
    assert_int_equal(script_shadow_stop(fixture->script), ERR_OK);
    assert_false(script_shadow_stats(fixture->script, &stats));
    assert_int_equal(script_shadow_differences(fixture->script, NULL, 0), 0);
    ask_bias(fixture, 0, 9);
}

static void a_shadow_that_does_not_load_changes_nothing(void **state)
{
    struct fixture *fixture = *state;
    struct shadow_stats stats;
    struct script_source source = source_of("return 5");
    shadow(fixture, MORE);
    assert_int_equal(
        script_shadow_load(fixture->script, &source, NOW_S, &fixture->error), ERR_SCRIPT);
    assert_true(script_shadow_stats(fixture->script, &stats));
    assert_string_equal(stats.name, "more");
    assert_true(stats.loaded_at == NOW_S);
}

static void only_the_last_differences_are_kept(void **state)
{
    struct fixture *fixture = *state;
    static struct shadow_difference list[2 * SHADOW_DIFFERENCES_MAX];
    shadow(fixture, MORE);
    for (int64_t i = 0; i < 200; i++)
        ask_bias(fixture, 0, 6 + i);
    assert_int_equal(script_shadow_differences(fixture->script, list, 2 * SHADOW_DIFFERENCES_MAX),
        SHADOW_DIFFERENCES_MAX);
    assert_string_equal(list[0].live, "{ new_percent = 10, draw = 615 }");
    assert_int_equal(stats_of(fixture, HOOK_bias).differs, 200);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(a_shadow_decides_nothing_and_is_counted),
        TEST(a_shadow_draws_the_same_random_numbers_and_moves_no_generator),
        TEST(a_failing_shadow_only_counts),
        TEST(a_slow_shadow_takes_no_time_from_the_live_policy),
        TEST(a_shadow_is_asked_what_only_it_defines),
        TEST(state_of_a_shadow_begins_as_a_copy_and_is_its_own),
        TEST(a_shadow_ends),
        TEST(a_shadow_that_does_not_load_changes_nothing),
        TEST(only_the_last_differences_are_kept),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
