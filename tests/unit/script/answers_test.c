/* What stands beside a verdict: whose rule it was, how the policy failed, and failing again the
 * same way. */
#include "unit/script/fixture.h"

static struct policy_answer told(struct fixture *fixture)
{
    return policy_describe(script_policy(fixture->script));
}

/* Counts in its state as far as it gets. */
#define COUNTER(name)                                                                              \
    "local policy = pex.policy { name = '" name "' }\n"                                            \
    "policy.state.n = 0\n"                                                                         \
    "function policy.bias(view)\n"                                                                 \
    "  while view.wanted == 999 do policy.state.n = policy.state.n + 1 end\n"                      \
    "  for i = 1, 10000 do policy.state.n = policy.state.n + 1 end\n"                              \
    "  return { draw = 7 }\nend\nreturn policy"

static char *state_of(struct fixture *fixture)
{
    char *text;
    assert_int_equal(script_export(fixture->script, &text, &fixture->error), ERR_OK);
    return text;
}

static void live_base_and_nobody_are_told_apart(void **state)
{
    struct fixture *fixture = *state;
    struct admit_view admit_view;
    struct admit_verdict admit_verdict;
    schema_view_defaults(&schema_hooks[HOOK_admit], &admit_view);
    ask_bias(fixture, 0, 5);
    assert_int_equal(told(fixture).rule, POLICY_RULE_LIVE);
    assert_string_equal(told(fixture).name, "default");
    assert_int_equal(told(fixture).generation, 1);
    assert_int_equal(ask(fixture, HOOK_admit, &admit_view, &admit_verdict), ERR_NOT_FOUND);
    assert_int_equal(told(fixture).rule, POLICY_RULE_NONE);
    assert_int_equal(told(fixture).failure, POLICY_FAILURE_NONE);
    load(fixture,
        "local policy = pex.policy { name = 'mine' }\n"
        "function policy.bias() error('no') end\n"
        "function policy.admit() error('no') end\nreturn policy");
    ask_bias(fixture, 0, 5);
    assert_int_equal(told(fixture).rule, POLICY_RULE_BASE);
    assert_int_equal(told(fixture).failure, POLICY_FAILURE_ERROR);
    assert_string_equal(told(fixture).name, "mine");
    assert_int_equal(told(fixture).generation, 2);
    assert_int_equal(ask(fixture, HOOK_admit, &admit_view, &admit_verdict), ERR_SCRIPT);
    assert_int_equal(told(fixture).rule, POLICY_RULE_NONE);
    assert_int_equal(told(fixture).failure, POLICY_FAILURE_ERROR);
}

static void a_reason_is_in_the_log_with_its_policy_and_hook(void **state)
{
    struct fixture *fixture = *state;
    load(fixture,
        "local policy = pex.policy { name = 'mine' }\n"
        "function policy.bias(view)\n"
        "  return { draw = 7, reason = view.wanted == 5 and 'five wanted' or nil }\n"
        "end\nreturn policy");
    ask_bias(fixture, 0, 4);
    assert_int_equal(fixture_logged(fixture, "reason="), 0);
    ask_bias(fixture, 0, 5);
    assert_int_equal(fixture_logged(fixture,
                         "level=debug event=\"policy gives a reason\" policy=mine hook=bias "
                         "reason=\"five wanted\""),
        1);
}

static void hooks_of_the_core_are_wanted_only_while_a_policy_answers_them(void **state)
{
    struct fixture *fixture = *state;
    struct policy *policy = script_policy(fixture->script);
    struct evict_view view;
    struct evict_verdict verdict;
    schema_view_defaults(&schema_hooks[HOOK_evict], &view);
    view.common.now = NOW_S + 1000;
    for (int i = 0; i < HOOK_COUNT; i++)
        assert_int_equal(policy_wants(policy, (enum hook)i), !schema_hooks[i].answered_by_core);
    load(fixture,
        "local policy = pex.policy { name = 'mine' }\n"
        "function policy.evict(view) error('no') end\nreturn policy");
    assert_true(policy_wants(policy, HOOK_evict));
    for (int i = 0; i < 3; i++)
        assert_int_equal(ask(fixture, HOOK_evict, &view, &verdict), ERR_SCRIPT);
    assert_false(policy_wants(policy, HOOK_evict));
    assert_int_equal(ask(fixture, HOOK_evict, &view, &verdict), ERR_SCRIPT);
    assert_int_equal(told(fixture).failure, POLICY_FAILURE_FALLEN_BACK);
}

static void every_policy_of_a_chain_is_told_what_happened(void **state)
{
    struct fixture *fixture = *state;
    static const char base[] = "local policy = pex.policy { name = 'base' }\n"
                               "function policy.observe(event)\n"
                               "  policy.state[event.kind] = event.addresses end\nreturn policy";
    static const char mine[] = "local policy = pex.policy { name = 'mine', extends = 'base' }\n"
                               "function policy.observe(event)\n"
                               "  if event.class == 'bad' then return 5 end\n"
                               "  policy.state.kind = event.kind end\nreturn policy";
    struct script_file file = {"base", span_of_text(base)};
    struct script_source source = {"mine.lua", span_of_text(mine), &file, 1};
    struct observe_view view;
    struct observe_verdict verdict;
    assert_int_equal(script_load(fixture->script, &source, NOW_S, &fixture->error), ERR_OK);
    schema_view_defaults(&schema_hooks[HOOK_observe], &view);
    view.kind = POLICY_EVENT_list;
    view.addresses = 17;
    view.common.now = NOW_S + 1000;
    assert_int_equal(ask(fixture, HOOK_observe, &view, &verdict), ERR_OK);
    char *text = state_of(fixture);
    assert_non_null(strstr(text, "[\"list\"]=17"));
    assert_non_null(strstr(text, "[\"kind\"]=\"list\""));
    free(text);
    view.class = "bad";
    assert_int_equal(ask(fixture, HOOK_observe, &view, &verdict), ERR_SCRIPT);
    assert_int_equal(fixture_logged(fixture, "no answer expected, got number"), 1);
}

/* Replay: the fuse that struck once strikes again at the same instruction, whatever the clock says,
 * and leaves the same state. */
static void a_failure_is_forced_where_it_was(void **state)
{
    struct fixture *fixture = *state;
    load(fixture, COUNTER("counter"));
    fixture->clock_step_ns = 100000;
    ask_bias(fixture, 0, 999);
    fixture->clock_step_ns = 0;
    struct policy_answer first = told(fixture);
    assert_int_equal(first.failure, POLICY_FAILURE_FUSE);
    assert_int_equal(first.rule, POLICY_RULE_BASE);
    assert_true(first.instructions > 0 && first.instructions % 100 == 0);
    char *before = state_of(fixture);

    struct fixture again;
    fixture_init(&again);
    fixture_start(&again);
    load(&again, COUNTER("counter"));
    script_policy(again.script)->forced = (struct policy_forced){first.failure, first.instructions};
    struct bias_verdict verdict = ask_bias(&again, 0, 999);
    struct policy_answer second = told(&again);
    assert_int_equal(second.failure, first.failure);
    assert_int_equal(second.instructions, first.instructions);
    assert_int_equal(second.rule, POLICY_RULE_BASE);
    assert_int_equal(verdict.draw, 1024);
    char *after = state_of(&again);
    assert_string_equal(before, after);
    assert_int_equal(hook_stats(&again, HOOK_bias).errors, 1);
    assert_int_equal(ask_bias(&again, 0, 5).draw, 7); /* once only */
    assert_int_equal(told(&again).failure, POLICY_FAILURE_NONE);
    free(before);
    free(after);
    fixture_stop(&again);
}

static void a_forced_failure_has_the_consequences_of_a_real_one_L2(void **state)
{
    struct fixture *fixture = *state;
    static const enum policy_failure failures[] = {
        POLICY_FAILURE_ERROR, POLICY_FAILURE_INSTRUCTIONS, POLICY_FAILURE_MEMORY};
    load(fixture, COUNTER("counter"));
    for (int i = 0; i < 3; i++) {
        struct bias_view view = bias_view(0, 5);
        struct bias_verdict verdict;
        view.common.now = NOW_S + 100;
        script_policy(fixture->script)->forced = (struct policy_forced){failures[i], 1000};
        assert_int_equal(ask(fixture, HOOK_bias, &view, &verdict), ERR_OK);
        assert_int_equal(verdict.draw, 15);
        assert_int_equal(told(fixture).failure, failures[i]);
    }
    assert_true(hook_stats(fixture, HOOK_bias).fallen_back);
}

static void a_turn_that_was_used_up_is_forced_without_a_call(void **state)
{
    struct fixture *fixture = *state;
    load(fixture, COUNTER("counter"));
    char *before = state_of(fixture);
    script_policy(fixture->script)->forced = (struct policy_forced){POLICY_FAILURE_TURN, 0};
    assert_int_equal(ask_bias(fixture, 0, 5).draw, 15);
    assert_int_equal(told(fixture).failure, POLICY_FAILURE_TURN);
    assert_int_equal(hook_stats(fixture, HOOK_bias).errors, 0);
    char *after = state_of(fixture);
    assert_string_equal(before, after);
    free(before);
    free(after);
}

static void instructions_are_those_of_every_run(void **state)
{
    struct fixture *fixture = *state;
    load(fixture, COUNTER("counter"));
    ask_bias(fixture, 0, 5);
    uint64_t first = told(fixture).instructions;
    fixture->clock_step_ns = -1;
    ask_bias(fixture, 0, 5);
    assert_true(first > 10000);
    assert_int_equal(told(fixture).instructions, first);
}

static void the_base_of_a_hook_of_the_core_answers_nil(void **state)
{
    struct fixture *fixture = *state;
    struct reinstate_view view;
    struct reinstate_verdict verdict;
    schema_view_defaults(&schema_hooks[HOOK_reinstate], &view);
    load(fixture,
        "local policy = pex.policy { name = 'mine' }\n"
        "function policy.reinstate(view)\n"
        "  if pex.base.reinstate(view) == nil then return view.need_more and {} or nil end\n"
        "end\n"
        "policy.examples = {\n"
        "  { hook = 'reinstate', given = { need_more = false } },\n"
        "  { hook = 'reinstate', expect = {} },\n"
        "}\nreturn policy");
    assert_int_equal(ask(fixture, HOOK_reinstate, &view, &verdict), ERR_OK);
    assert_int_equal(verdict.rows_n, 0);
    view.need_more = false;
    assert_int_equal(ask(fixture, HOOK_reinstate, &view, &verdict), ERR_NOT_FOUND);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(live_base_and_nobody_are_told_apart),
        TEST(a_reason_is_in_the_log_with_its_policy_and_hook),
        TEST(hooks_of_the_core_are_wanted_only_while_a_policy_answers_them),
        TEST(every_policy_of_a_chain_is_told_what_happened),
        TEST(a_failure_is_forced_where_it_was),
        TEST(a_forced_failure_has_the_consequences_of_a_real_one_L2),
        TEST(a_turn_that_was_used_up_is_forced_without_a_call),
        TEST(instructions_are_those_of_every_run),
        TEST(the_base_of_a_hook_of_the_core_answers_nil),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
