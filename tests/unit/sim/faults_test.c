/* What goes wrong between honest nodes must cost nobody a ban, and heals. */
#include "sim/faults.h"
#include "unit/sim/rig.h"

static void add_knowing_all(struct rig *rig, uint32_t i, uint32_t n, bool one_ip, bool allow)
{
    struct sim_machine machine = machine_of(rig, i);
    struct addr known[RIG_MACHINES_MAX];
    for (uint32_t j = 0; j < n; j++) {
        known[j] = addr_of(j);
        if (one_ip)
            known[j].at = (struct endpoint){endpoint_of(0).ip, (uint16_t)(PORT + j)};
    }
    machine.at = known[i].at;
    machine.known = known;
    machine.known_n = n;
    machine.node.allow_duplicate_ip = allow;
    sim_add(rig->sim, &machine);
}

/* Nobody was suspected, and nobody is banned for more than failed dials. */
static void assert_no_suspicion(const struct rig *rig)
{
    if (rig->policy.asked[HOOK_ban] > 0)
        fail_msg("an honest peer was suspected of %s", rig->policy.kind);
}

static void stall(struct rig *rig, int64_t ms)
{
    const uint32_t islands[] = {0, 1};
    sim_partition(rig->sim, islands);
    rig_run(rig, ms);
    sim_heal(rig->sim);
}

/* R27, P8: what was sent during a stall arrives at once when it ends. (A stall of more than 85 s
 * can hold an answer back for longer than F12 forgives; the pong timeout ends one of 105 s.) */
static void a_connection_that_stalls_gets_no_honest_node_banned(void **state)
{
    (void)state;
    for (int64_t length_ms = SECONDS_MS(10); length_ms <= SECONDS_MS(80);
         length_ms += SECONDS_MS(10)) {
        struct rig rig;
        rig_open(&rig, (uint64_t)length_ms);
        for (uint32_t i = 0; i < 2; i++)
            add_knowing_all(&rig, i, 2, false, false);
        rig_start(&rig);
        for (int stalls = 0; stalls < 30; stalls++) {
            rig_run(&rig, SECONDS_MS(37));
            stall(&rig, length_ms);
        }
        assert_no_suspicion(&rig);
        rig_close(&rig);
    }
}

/* Flapping honest nodes behind one IP: at worst they are not answered (F13). */
static void honest_nodes_flapping_behind_one_ip_are_never_banned(void **state)
{
    (void)state;
    enum { NODES = 8 };
    for (int allow = 0; allow < 2; allow++) {
        struct rig rig;
        rig_open(&rig, 5);
        for (uint32_t i = 0; i < NODES; i++)
            add_knowing_all(&rig, i, NODES, true, allow);
        struct sim_machine outside = machine_of(&rig, NODES);
        outside.node.allow_duplicate_ip = allow;
        sim_add(rig.sim, &outside);
        struct addr target = sim_addr(rig.sim, NODES);
        rig_start(&rig);
        for (int flap = 0; flap < 600; flap++) { /* one restart a second, and all want the same */
            uint32_t i = (uint32_t)rng_below(sim_rng(rig.sim), NODES);
            sim_end(rig.sim, i, (enum sim_end)(flap % 2));
            sim_start(rig.sim, i);
            sim_command(rig.sim, i, COMMAND_DIAL, &target);
            rig_run(&rig, SECONDS_MS(1));
        }
        assert_no_suspicion(&rig);
        const struct book *book = node_book(sim_node(rig.sim, NODES));
        assert_int_equal(bans_count(book_bans(book)), 0);
        rig_close(&rig);
    }
}

static void islands_grow_together_again(void **state)
{
    (void)state;
    enum { NODES = 8 };
    struct rig rig;
    uint32_t islands[NODES];
    rig_open(&rig, 3);
    for (uint32_t i = 0; i < NODES; i++) {
        add_knowing_all(&rig, i, NODES, false, false);
        islands[i] = i % 2;
    }
    rig_start(&rig);
    assert_true(sim_run_until_true(rig.sim, MINUTES_MS(5), 100, all_connected, NULL));
    sim_partition(rig.sim, islands);
    rig_run(&rig, MINUTES_MS(30));
    for (uint32_t i = 0; i < NODES; i++)
        assert_int_equal(counts_of(&rig, i).peers, NODES / 2 - 1);
    sim_heal(rig.sim);
    assert_true(sim_run_until_true(
        rig.sim, sim_now(rig.sim).mono_ms + HOURS_MS(1), 100, all_connected, NULL));
    assert_no_suspicion(&rig);
    rig_close(&rig);
}

/* B50, B52, F5: what a node learned and whom it banned survives its crash. */
static void a_restarted_node_goes_on_with_the_book_it_stored(void **state)
{
    (void)state;
    struct rig rig;
    rig_open(&rig, 3);
    for (uint32_t i = 0; i < 4; i++)
        add_knowing_all(&rig, i, 4, false, false);
    struct sim_machine machine = machine_of(&rig, 4);
    struct addr known = addr_of(0);
    machine.known = &known;
    machine.known_n = 1;
    sim_add(rig.sim, &machine);
    rig_start(&rig);
    sim_run_until(rig.sim, MINUTES_MS(3));
    sim_end(rig.sim, 4, SIM_CRASH);
    for (uint32_t i = 0; i < 4; i++)
        sim_end(rig.sim, i, SIM_VANISH);
    sim_start(rig.sim, 4);
    assert_int_equal(book_count(node_book(sim_node(rig.sim, 4))), 4);
    sim_end(rig.sim, 4, SIM_STOP);
    sim_wipe(rig.sim, 4);
    sim_start(rig.sim, 4);
    assert_int_equal(book_count(node_book(sim_node(rig.sim, 4))), 1);
    rig_close(&rig);
}

/* F14: a node that lost everything asks its seed again. */
static void f14_a_node_alone_with_dead_addresses_asks_its_seed(void **state)
{
    (void)state;
    struct rig rig;
    struct addr dead[30], seed = addr_of(0);
    struct addr_text text = text_of(&seed);
    rig_open(&rig, 3);
    for (uint32_t i = 0; i < 2; i++)
        add_knowing_all(&rig, i, 2, false, false);
    for (uint32_t i = 0; i < 30; i++)
        dead[i] = addr_of(100 + i);
    struct sim_machine machine = machine_of(&rig, 2);
    machine.known = dead;
    machine.known_n = 30;
    machine.node.seeds = &text;
    machine.node.seeds_n = 1;
    sim_add(rig.sim, &machine);
    rig_start(&rig);
    assert_true(sim_run_until_true(rig.sim, MINUTES_MS(3), 100, all_connected, NULL));
    rig_close(&rig);
}

/* A number for who was on when, in a network whose nodes want so many peers. */
static uint64_t power_of(uint32_t max_outbound)
{
    enum { NODES = 6 };
    struct rig rig;
    uint64_t power = 0;
    rig_open(&rig, 9);
    for (uint32_t i = 0; i < NODES; i++) {
        struct sim_machine machine = machine_of(&rig, i);
        struct addr known = addr_of((i + 1) % NODES);
        machine.known = &known;
        machine.known_n = 1;
        machine.node.max_outbound = max_outbound;
        sim_add(rig.sim, &machine);
    }
    rig_start(&rig);
    const struct faults_settings settings = {.until_ms = MINUTES_MS(20),
        .machines_n = NODES,
        .crash_every_ms = SECONDS_MS(30),
        .down_max_ms = SECONDS_MS(60),
        .stop_percent = 50,
        .dial_loss = 0.2};
    struct faults *faults = faults_new(rig.sim, &settings);
    for (unsigned second = 0; second < 1100; second++) {
        rig_run(&rig, SECONDS_MS(1));
        for (uint32_t i = 0; i < NODES; i++)
            power = power * 31 + sim_is_on(rig.sim, i);
    }
    rig_close(&rig);
    faults_free(faults);
    return power;
}

static void the_same_fails_at_the_same_times_whatever_the_nodes_do(void **state)
{
    (void)state;
    assert_true(power_of(1) == power_of(5));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_connection_that_stalls_gets_no_honest_node_banned),
        cmocka_unit_test(honest_nodes_flapping_behind_one_ip_are_never_banned),
        cmocka_unit_test(islands_grow_together_again),
        cmocka_unit_test(a_restarted_node_goes_on_with_the_book_it_stored),
        cmocka_unit_test(the_same_fails_at_the_same_times_whatever_the_nodes_do),
        cmocka_unit_test(f14_a_node_alone_with_dead_addresses_asks_its_seed),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
