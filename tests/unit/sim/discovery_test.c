/* Whole networks that find each other: the discovery tests of Go's suite, by their names. */
#include "unit/sim/rig.h"

/* TestPEXReactorRunning, TestSwitchFullConnectivity: each knows one other. */
static void nodes_that_each_know_one_other_end_up_fully_connected(void **state)
{
    (void)state;
    struct rig rig;
    rig_open(&rig, 1);
    for (uint32_t i = 0; i < 3; i++) {
        struct sim_machine machine = machine_of(&rig, i);
        struct addr next = addr_of((i + 1) % 3);
        machine.known = &next;
        machine.known_n = 1;
        sim_add(rig.sim, &machine);
    }
    rig_start(&rig);
    assert_true(sim_run_until_true(rig.sim, SECONDS_MS(10), 100, all_connected, NULL));
    for (uint32_t i = 0; i < 3; i++)
        assert_int_equal(counts_of(&rig, i).peers, 2);
    rig_close(&rig);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(nodes_that_each_know_one_other_end_up_fully_connected),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
