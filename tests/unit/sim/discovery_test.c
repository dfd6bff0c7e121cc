/* Whole networks that find each other: the discovery tests of Go's suite, by their names. */
#include "unit/sim/rig.h"

#define SEED 0

/* Go's tests run on one machine: round trips are short. */
static void open_near(struct rig *rig)
{
    struct sim_settings settings = sim_settings_default();
    settings.rtt_min_ms = 1;
    settings.rtt_max_ms = 20;
    *rig = (struct rig){.sim = sim_new(&settings), .policy = {.policy = {.ask = fake_ask}}};
}

static void add_knowing(struct rig *rig, uint32_t i, const struct addr *known, size_t known_n)
{
    struct sim_machine machine = machine_of(rig, i);
    machine.known = known;
    machine.known_n = known_n;
    sim_add(rig->sim, &machine);
}

static void add_with_seed(struct rig *rig, uint32_t i, uint32_t max_outbound)
{
    struct sim_machine machine = machine_of(rig, i);
    struct addr seed = sim_addr(rig->sim, SEED);
    struct addr_text text = text_of(&seed);
    machine.node.seeds = &text;
    machine.node.seeds_n = 1;
    machine.node.max_outbound = max_outbound;
    sim_add(rig->sim, &machine);
}

/* TestPEXReactorRunning, TestSwitchFullConnectivity */
static void nodes_that_each_know_one_other_end_up_fully_connected(void **state)
{
    (void)state;
    struct rig rig;
    rig_open(&rig, 1);
    for (uint32_t i = 0; i < 3; i++) {
        struct addr next = addr_of((i + 1) % 3);
        add_knowing(&rig, i, &next, 1);
    }
    rig_start(&rig);
    assert_true(sim_run_until_true(rig.sim, SECONDS_MS(10), 100, all_connected, NULL));
    for (uint32_t i = 0; i < 3; i++)
        assert_int_equal(counts_of(&rig, i).peers, 2);
    rig_close(&rig);
}

/* All dial all at once: both connections of each pair are the newer one to somebody. */
static void nodes_that_start_at_the_same_moment_find_each_other(void **state)
{
    (void)state;
    struct rig rig;
    struct addr all[8];
    rig_open(&rig, 3);
    for (uint32_t i = 0; i < 8; i++)
        all[i] = addr_of(i);
    for (uint32_t i = 0; i < 8; i++)
        add_knowing(&rig, i, all, 8);
    rig_start(&rig);
    assert_true(sim_run_until_true(rig.sim, MINUTES_MS(2), 100, all_connected, NULL));
    rig_close(&rig);
}

/* TestPEXReactorUsesSeedsIfNeeded */
static void a_node_that_knows_only_a_seed_connects_to_it_in_three_seconds(void **state)
{
    (void)state;
    struct rig rig;
    rig_open(&rig, 1);
    add_knowing(&rig, SEED, NULL, 0);
    add_with_seed(&rig, 1, 10);
    rig_start(&rig);
    struct pair pair = {1, SEED};
    assert_true(sim_run_until_true(rig.sim, SECONDS_MS(3), 10, pair_connected, &pair));
    rig_close(&rig);
}

struct seen_dials {
    uint32_t machine;
    uint64_t dials;
};

static void count_dials(void *context, const struct sim_step *step)
{
    struct seen_dials *seen = context;
    for (size_t i = 0; step->machine == seen->machine && i < step->actions_n; i++)
        seen->dials += step->actions[i].kind == ACTION_DIAL;
}

/* TestConnectionSpeedForPeerReceivedFromSeed, with v0.38's three peers. The watch sees that the
 * maxima hold meanwhile. */
static void an_address_from_a_seed_is_connected_a_second_later(void **state)
{
    (void)state;
    struct rig rig;
    open_near(&rig);
    struct addr peers[] = {addr_of(1), addr_of(2), addr_of(3)};
    add_knowing(&rig, SEED, peers, 3);
    for (uint32_t i = 1; i <= 3; i++)
        add_knowing(&rig, i, NULL, 0);
    add_with_seed(&rig, 4, 3);
    rig_start(&rig);
    struct pair with_seed = {4, SEED};
    assert_true(sim_run_until_true(rig.sim, SECONDS_MS(3), 10, pair_connected, &with_seed));
    rig_run(&rig, SECONDS_MS(1));
    assert_int_equal(counts_of(&rig, 4).outbound, 3);
    rig_close(&rig);
}

/* F1: R36 dials them all. */
static void f1_a_list_of_41_from_a_seed_leaves_two_outbound_peers(void **state)
{
    (void)state;
    struct rig rig;
    struct addr peers[41];
    open_near(&rig);
    for (uint32_t i = 0; i < 41; i++)
        peers[i] = addr_of(1 + i);
    struct sim_machine seed = machine_of(&rig, SEED);
    seed.known = peers;
    seed.known_n = 41;
    seed.book.selection_min = 64; /* tells them all */
    sim_add(rig.sim, &seed);
    for (uint32_t i = 1; i <= 41; i++)
        add_knowing(&rig, i, NULL, 0);
    add_with_seed(&rig, 42, 2);
    struct seen_dials seen = {42, 0};
    sim_observe(rig.sim, count_dials, &seen);
    rig_start(&rig);
    sim_run_until(rig.sim, MINUTES_MS(5));
    assert_true(book_count(node_book(sim_node(rig.sim, 42))) >= 41);
    assert_int_equal(counts_of(&rig, 42).outbound, 2);
    assert_int_equal(seen.dials, 2);
    rig_close(&rig);
}

/* R25, F27: a seed answers once and leaves; the answer arrives. */
static void a_seed_answers_once_and_closes(void **state)
{
    (void)state;
    struct rig rig;
    struct addr peers[] = {addr_of(1), addr_of(2)};
    open_near(&rig);
    struct sim_machine seed = machine_of(&rig, SEED);
    seed.node.seed_mode = true;
    seed.known = peers;
    seed.known_n = 2;
    sim_add(rig.sim, &seed);
    add_knowing(&rig, 1, NULL, 0);
    add_knowing(&rig, 2, NULL, 0);
    add_with_seed(&rig, 3, 10);
    rig_start(&rig);
    struct pair with_peer = {3, 1}, with_other = {3, 2}, with_seed = {3, SEED};
    assert_true(sim_run_until_true(rig.sim, SECONDS_MS(5), 10, pair_connected, &with_peer));
    assert_true(sim_run_until_true(rig.sim, SECONDS_MS(5), 10, pair_connected, &with_other));
    assert_true(sim_run_until_true(rig.sim, SECONDS_MS(5), 10, pair_apart, &with_seed));
    assert_int_equal(counts_of(&rig, 3).lists_received, 1);
    rig_close(&rig);
}

/* A peer that accepts and never answers. */
static void silent_step(
    void *self, struct now now, const struct event *event, struct outbox *outbox)
{
    (void)self;
    (void)now;
    if (event->kind == EVENT_ACCEPTED)
        outbox_add(outbox, ACTION_ACCEPT, event->conn);
}

static void add_crawler(struct rig *rig, const struct addr *known, bool persistent)
{
    struct sim_machine seed = machine_of(rig, SEED);
    struct addr_text text = text_of(known);
    seed.node.seed_mode = true;
    seed.node.seed_disconnect_wait_ms = SECONDS_MS(10);
    seed.known = known;
    seed.known_n = 1;
    seed.node.persistent_peers = &text;
    seed.node.persistent_peers_n = persistent;
    sim_add(rig->sim, &seed);
}

static bool seed_has_peer(void *context, const struct sim *sim)
{
    (void)context;
    return node_counts(sim_node(sim, SEED)).peers == 1;
}

/* TestPEXReactorSeedMode: kept before the wait, dropped after it (R65). */
static void a_crawler_drops_a_peer_after_the_disconnect_wait(void **state)
{
    (void)state;
    struct rig rig;
    struct addr peer = addr_of(1);
    open_near(&rig);
    add_crawler(&rig, &peer, false);
    struct sim_machine silent = machine_of(&rig, 1);
    silent.actor.step = silent_step;
    sim_add(rig.sim, &silent);
    rig_start(&rig);
    assert_true(sim_run_until_true(rig.sim, SECONDS_MS(3), 10, seed_has_peer, NULL));
    int64_t connected_ms = sim_now(rig.sim).mono_ms;
    sim_run_until(rig.sim, connected_ms + SECONDS_MS(9));
    assert_int_equal(counts_of(&rig, SEED).peers, 1);
    sim_run_until(rig.sim, connected_ms + SECONDS_MS(11));
    assert_int_equal(counts_of(&rig, SEED).peers, 0);
    rig_close(&rig);
}

/* TestPEXReactorDoesNotDisconnectFromPersistentPeerInSeedMode */
static void a_crawler_keeps_a_persistent_peer(void **state)
{
    (void)state;
    struct rig rig;
    struct addr peer = addr_of(1);
    open_near(&rig);
    add_crawler(&rig, &peer, true);
    struct sim_machine silent = machine_of(&rig, 1);
    silent.actor.step = silent_step;
    sim_add(rig.sim, &silent);
    rig_start(&rig);
    assert_true(sim_run_until_true(rig.sim, SECONDS_MS(4), 10, seed_has_peer, NULL));
    for (int second = 0; second < 120; second++) {
        rig_run(&rig, SECONDS_MS(1));
        assert_int_equal(counts_of(&rig, SEED).peers, 1);
    }
    rig_close(&rig);
}

/* F17, P20: a crawl connects to all it knows, learns what they know and lets them go. */
static void f17_a_crawl_walks_through_the_network_and_stays_nowhere(void **state)
{
    (void)state;
    enum { NODES = 30 };
    struct rig rig;
    struct addr first = addr_of(1);
    open_near(&rig);
    struct sim_machine seed = machine_of(&rig, SEED);
    seed.node.seed_mode = true;
    seed.known = &first;
    seed.known_n = 1;
    sim_add(rig.sim, &seed);
    for (uint32_t i = 1; i <= NODES; i++) { /* a chain: each knows the next */
        struct addr next = addr_of(i + 1);
        struct sim_machine machine = machine_of(&rig, i);
        machine.known = &next;
        machine.known_n = i < NODES;
        machine.node.max_outbound = 1;
        sim_add(rig.sim, &machine);
    }
    rig_start(&rig);
    sim_run_until(rig.sim, MINUTES_MS(30));
    const struct book *book = node_book(sim_node(rig.sim, SEED));
    for (uint32_t i = 1; i <= NODES; i++) {
        struct peer_id id = id_of(i);
        const struct book_entry *entry = book_find(book, &id);
        assert_non_null(entry);
        assert_int_not_equal(entry->last_verified_ms, 0);
    }
    rig_run(&rig, SECONDS_MS(25)); /* between two passes */
    assert_int_equal(counts_of(&rig, SEED).outbound, 0);
    rig_close(&rig);
}

/* TestPEXReactorDialsPeerUpToMaxAttemptsInSeedMode: R51, R52 with real waits, 36 hours of them. */
static void a_crawler_gives_a_dead_address_up_after_17_dials(void **state)
{
    (void)state;
    struct rig rig;
    struct addr dead = addr_of(7);
    open_near(&rig);
    add_crawler(&rig, &dead, false);
    struct seen_dials seen = {SEED, 0};
    sim_observe(rig.sim, count_dials, &seen);
    rig_start(&rig);
    sim_run_until(rig.sim, HOURS_MS(36));
    assert_in_range(seen.dials, 1, 16);
    assert_non_null(book_find(node_book(sim_node(rig.sim, SEED)), &dead.id));
    sim_run_until(rig.sim, HOURS_MS(40));
    const struct book *book = node_book(sim_node(rig.sim, SEED));
    assert_int_equal(seen.dials, 17);
    assert_null(book_find(book, &dead.id));
    assert_non_null(bans_by_addr(book_bans(book), sim_now(rig.sim), &dead));
    rig_close(&rig);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(nodes_that_each_know_one_other_end_up_fully_connected),
        cmocka_unit_test(nodes_that_start_at_the_same_moment_find_each_other),
        cmocka_unit_test(a_node_that_knows_only_a_seed_connects_to_it_in_three_seconds),
        cmocka_unit_test(an_address_from_a_seed_is_connected_a_second_later),
        cmocka_unit_test(f1_a_list_of_41_from_a_seed_leaves_two_outbound_peers),
        cmocka_unit_test(a_seed_answers_once_and_closes),
        cmocka_unit_test(a_crawler_drops_a_peer_after_the_disconnect_wait),
        cmocka_unit_test(a_crawler_keeps_a_persistent_peer),
        cmocka_unit_test(f17_a_crawl_walks_through_the_network_and_stays_nowhere),
        cmocka_unit_test(a_crawler_gives_a_dead_address_up_after_17_dials),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
