/* What a new generation takes over from one that is broken: as much as can be kept, and the load
 * goes through, since a fault could not be repaired otherwise while the node runs. */
#include "unit/script/fixture.h"

#define REPAIRED                                                                                   \
    "local policy = pex.policy { name = 'mine', params = { n = { default = 3 } } }\n"              \
    "function policy.bias() return { draw = policy.params.n } end\nreturn policy"

static void a_policy_whose_state_cannot_be_kept_is_replaced_all_the_same(void **state)
{
    struct fixture *fixture = *state;
    load(fixture,
        "local policy = pex.policy { name = 'mine', params = { n = { default = 3 } } }\n"
        "function policy.bias() policy.state.kept = error end\nreturn policy");
    assert_int_equal(script_param_set(fixture->script, "n", "5", &fixture->error), ERR_OK);
    ask_bias(fixture, 4, 5);
    assert_int_equal(fixture_logged(fixture, "outcome=error"), 1);
    load(fixture, REPAIRED);
    assert_int_equal(fixture_logged(fixture, "its state stays behind"), 1);
    assert_int_equal(ask_bias(fixture, 4, 5).draw, 5);
}

static void a_policy_that_has_used_up_its_memory_is_replaced_all_the_same(void **state)
{
    struct fixture *fixture = *state;
    load(fixture,
        "local policy = pex.policy { name = 'mine', params = { n = { default = 3 } } }\n"
        "local hoard\n"
        "function policy.bias() while true do hoard = { hoard } end end\nreturn policy");
    ask_bias(fixture, 4, 5);
    assert_int_equal(fixture_logged(fixture, "outcome=memory"), 1);
    load(fixture, REPAIRED);
    assert_int_equal(fixture_logged(fixture, "stay behind"), 1);
    assert_int_equal(ask_bias(fixture, 4, 5).draw, 3);
}

#define NOTHING "local policy = pex.policy { name = 'nothing' }\nreturn policy"
#define COUNTER(version, more)                                                                     \
    "local policy = pex.policy { name = 'counter', version = " #version " }\n"                     \
    "policy.state.n = 0\n" more "\nreturn policy"

static const char *state_told(struct fixture *fixture)
{
    static struct script_stats stats;
    script_stats(fixture->script, &stats);
    return stats.state;
}

static void what_became_of_the_state_is_told(void **state)
{
    struct fixture *fixture = *state;
    load(fixture, NOTHING);
    load(fixture, NOTHING "\n");
    assert_string_equal(state_told(fixture), ""); /* there was none */
    load(fixture, COUNTER(1, ""));
    load(fixture, COUNTER(1, "-- changed"));
    assert_string_equal(state_told(fixture), "kept");
    load(fixture, COUNTER(2, "function policy.migrate(old) return old end"));
    assert_string_equal(state_told(fixture), "migrated from version 1");
    load(fixture, COUNTER(3, ""));
    assert_string_equal(
        state_told(fixture), "dropped: it is of version 2, and there is no migrate");
    load(fixture, COUNTER(4, "function policy.migrate() end"));
    assert_string_equal(
        state_told(fixture), "dropped: it is of version 3, and migrate returned nil");
    assert_int_equal(script_rollback(fixture->script, NOW_S, &fixture->error), ERR_OK);
    assert_string_equal(state_told(fixture), "as it was when it was replaced");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(
            a_policy_whose_state_cannot_be_kept_is_replaced_all_the_same, setup, teardown),
        cmocka_unit_test_setup_teardown(
            a_policy_that_has_used_up_its_memory_is_replaced_all_the_same, setup, teardown),
        TEST(what_became_of_the_state_is_told),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
