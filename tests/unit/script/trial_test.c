/* The trial of a policy: hooks that no example asks are asked with default values. */
#include "unit/script/fixture.h"

#define HEAD "local policy = pex.policy { name = 'mine' }\n"
#define TAIL "return policy\n"

static int try_hooks(void **state)
{
    struct fixture *fixture = calloc(1, sizeof *fixture);
    fixture_init(fixture);
    fixture->settings.tries_hooks = true;
    fixture_start(fixture);
    *state = fixture;
    return 0;
}

#define TRIAL_TEST(name) cmocka_unit_test_setup_teardown(name, try_hooks, teardown)

static const struct {
    const char *text;
    int line;
    const char *hook, *says;
    enum script_outcome outcome;
} faulty[] = {
    {HEAD "function policy.admit(view)\n  return view.ip:match('^10')\nend\n" TAIL, 3, "admit",
        "with default values, as no example asks it: ", SCRIPT_ERROR},
    {HEAD "function policy.backoff()\n  return { wait = 30 }\nend\n" TAIL, 2, "backoff",
        "did you mean wait_s?", SCRIPT_ERROR},
    {HEAD "function policy.bias()\n  while true do end\nend\n" TAIL, 3, "bias",
        "limit of instructions", SCRIPT_INSTRUCTIONS},
    {HEAD "function policy.rotate(view)\n  return { view.peers[1].ip + 1 }\nend\n" TAIL, 3,
        "rotate", "arithmetic", SCRIPT_ERROR}, /* a list has a row */
    {HEAD "function policy.observe()\n  policy.state.f = pex.log\nend\n" TAIL, 2, "observe",
        "policy.state.f is a function", SCRIPT_ERROR},
    {HEAD "local calls = 0\nfunction policy.bias()\n  calls = calls + 1\n"
          "  return calls == 2 and { draw = 'x' } or nil\nend\n" TAIL,
        3, "bias", "when run again", SCRIPT_ERROR},
};

static void a_hook_that_no_example_asks_must_not_fail(void **state)
{
    struct fixture *fixture = *state;
    for (size_t i = 0; i < sizeof faulty / sizeof *faulty; i++) {
        const struct script_error *error = &fixture->error;
        if (fixture_load(fixture, faulty[i].text) != ERR_SCRIPT)
            fail_msg("%s loads", faulty[i].text);
        if (!strstr(error->message, faulty[i].says) || error->outcome != faulty[i].outcome)
            fail_msg("%s: %s", faulty[i].text, error->message);
        if (error->line != faulty[i].line || strcmp(error->hook, faulty[i].hook) != 0 ||
            strcmp(error->file, "test.lua") != 0)
            fail_msg("%s: %s:%d %s", faulty[i].text, error->file, error->line, error->hook);
    }
}

static void a_hook_that_an_example_asks_is_not_asked_otherwise(void **state)
{
    load(*state,
        HEAD "function policy.ban(view) return { ban_s = 60 * #view.peer.version:sub(1, 1),\n"
             "  reason = view.peer.version == '' and error('no version') or nil } end\n"
             "policy.examples = { { hook = 'ban', given = { peer = { version = '1' } } } }\n" TAIL);
}

/* Nothing of a trial is left: neither state nor random numbers that it drew. */
static void the_live_policy_has_not_seen_its_trial(void **state)
{
    struct fixture *fixture = *state;
    load(fixture,
        HEAD "function policy.bias(view)\n  view.random()\n"
             "  policy.state.n = (policy.state.n or 0) + 1\n"
             "  return { draw = policy.state.n }\nend\n" TAIL);
    assert_int_equal(ask_bias(fixture, 0, 10).draw, 1);
    assert_int_equal(hook_stats(fixture, HOOK_bias).calls, 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TRIAL_TEST(a_hook_that_no_example_asks_must_not_fail),
        TRIAL_TEST(a_hook_that_an_example_asks_is_not_asked_otherwise),
        TRIAL_TEST(the_live_policy_has_not_seen_its_trial),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
