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

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(
            a_policy_whose_state_cannot_be_kept_is_replaced_all_the_same, setup, teardown),
        cmocka_unit_test_setup_teardown(
            a_policy_that_has_used_up_its_memory_is_replaced_all_the_same, setup, teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
