/* Persistent peers over the life of a network: the reconnect tests of Go's suite, and F16. */
#include "unit/sim/rig.h"

#define LOYAL 0 /* it has OTHER for a persistent peer */
#define OTHER 1
#define RECONNECT_MAX (MINUTES_MS(5) + SECONDS_MS(5)) /* the longest wait, and a handshake */

static void add_loyal(struct rig *rig, const char *host, int64_t max_dial_period_ms)
{
    struct sim_machine machine = machine_of(rig, LOYAL);
    struct addr other = addr_of(OTHER);
    struct addr_text text = text_of(&other);
    text.is_name = host != NULL;
    if (host)
        strncpy(text.host, host, HOST_MAX);
    machine.node.persistent_peers = &text;
    machine.node.persistent_peers_n = 1;
    machine.node.persistent_max_dial_period_ms = max_dial_period_ms;
    sim_add(rig->sim, &machine);
}

static void add_plain(struct rig *rig, uint32_t i)
{
    struct sim_machine machine = machine_of(rig, i);
    sim_add(rig->sim, &machine);
}

/* Both machines, off. */
static void open_pair(struct rig *rig, uint64_t seed)
{
    rig_open(rig, seed);
    add_loyal(rig, NULL, 0);
    add_plain(rig, OTHER);
}

static bool met(struct rig *rig, int64_t within_ms)
{
    return rig_connects(rig, LOYAL, OTHER, within_ms);
}

/* TestSwitchDialPeersAsync: after the random delay of S16, at most 3 s, and a handshake. */
static void persistent_peers_are_dialed_within_the_random_delay(void **state)
{
    (void)state;
    for (uint64_t seed = 1; seed <= 20; seed++) {
        struct rig rig;
        open_pair(&rig, seed);
        rig_start(&rig);
        assert_true(met(&rig, SECONDS_MS(3) + 3 * sim_rtt_ms(rig.sim, LOYAL, OTHER)));
        rig_close(&rig);
    }
}

/* TestSwitchReconnectsToOutboundPersistentPeer */
static void a_dropped_persistent_peer_is_connected_again(void **state)
{
    (void)state;
    struct rig rig;
    open_pair(&rig, 1);
    rig_start(&rig);
    assert_true(met(&rig, SECONDS_MS(10)));
    sim_run_until(rig.sim, MINUTES_MS(1));
    assert_true(sim_reset(rig.sim, LOYAL, 0));
    assert_true(rig_parts(&rig, LOYAL, OTHER, SECONDS_MS(1)));
    assert_true(met(&rig, SECONDS_MS(10)));
    rig_close(&rig);
}

/* The second half of the same test: the first dial fails. */
static void a_persistent_peer_that_starts_late_is_connected(void **state)
{
    (void)state;
    struct rig rig;
    open_pair(&rig, 1);
    rig_start_only(&rig, LOYAL);
    sim_run_until(rig.sim, MINUTES_MS(1));
    assert_int_equal(counts_of(&rig, LOYAL).peers, 0);
    sim_start(rig.sim, OTHER);
    assert_true(met(&rig, SECONDS_MS(15)));
    rig_close(&rig);
}

struct caller {
    struct addr to;
    uint64_t number;
    bool established;
};

/* Dials once at start and accepts whoever comes. */
static void call_once(void *self, struct now now, const struct event *event, struct outbox *outbox)
{
    struct caller *caller = self;
    (void)now;
    if (event->kind == EVENT_START) {
        caller->number = CONN_OUTBOUND + 1;
        outbox_add(outbox, ACTION_DIAL, caller->number)->dial.addr = caller->to;
    } else if (event->kind == EVENT_ACCEPTED) {
        outbox_add(outbox, ACTION_ACCEPT, event->conn);
    } else if (event->kind == EVENT_ESTABLISHED) {
        caller->established = true;
    }
}

static bool loyal_has_outbound(void *context, const struct sim *sim)
{
    (void)context;
    return node_counts(sim_node(sim, LOYAL)).outbound == 1;
}

/* TestSwitchReconnectsToInboundPersistentPeer: it dialed us; when it drops, we dial it. */
static void a_dropped_inbound_persistent_peer_is_dialed(void **state)
{
    (void)state;
    struct rig rig;
    rig_open(&rig, 1);
    struct caller caller = {.to = addr_of(LOYAL)};
    add_loyal(&rig, NULL, 0);
    struct sim_machine machine = machine_of(&rig, OTHER);
    machine.actor = (struct sim_actor){.step = call_once, .self = &caller};
    sim_add(rig.sim, &machine);
    rig_start(&rig);
    sim_run_until(rig.sim, SECONDS_MS(10));
    assert_true(caller.established);
    assert_int_equal(counts_of(&rig, LOYAL).inbound, 1);
    assert_int_equal(counts_of(&rig, LOYAL).outbound, 0);
    assert_true(sim_reset(rig.sim, LOYAL, 0));
    assert_true(sim_run_until_true(rig.sim, SECONDS_MS(25), 10, loyal_has_outbound, NULL));
    rig_close(&rig);
}

/* F16, and the ten kills of the tests against real peers: whichever way it dies. */
static void f16_a_persistent_peer_is_found_again_after_each_of_ten_deaths(void **state)
{
    (void)state;
    struct rig rig;
    open_pair(&rig, 1);
    rig_start(&rig);
    for (int death = 0; death < 10; death++) {
        assert_true(met(&rig, RECONNECT_MAX));
        sim_end(rig.sim, OTHER, (enum sim_end)(death % 3));
        rig_run(&rig, MINUTES_MS(3));
        assert_int_equal(counts_of(&rig, LOYAL).peers, 0);
        sim_start(rig.sim, OTHER);
    }
    assert_true(met(&rig, RECONNECT_MAX));
    rig_close(&rig);
}

/* F16: Go gives up after 8 or 25 hours. */
static void f16_a_persistent_peer_down_for_three_days_is_found_again(void **state)
{
    (void)state;
    struct rig rig;
    open_pair(&rig, 1);
    rig_start(&rig);
    assert_true(met(&rig, SECONDS_MS(10)));
    sim_end(rig.sim, OTHER, SIM_VANISH);
    sim_run_until(rig.sim, HOURS_MS(72));
    sim_start(rig.sim, OTHER);
    assert_true(met(&rig, RECONNECT_MAX));
    rig_close(&rig);
}

/* F16: a name is looked up again; its machine may have moved, or the name come back. */
static void f16_a_persistent_peer_that_moves_is_found_by_its_name(void **state)
{
    (void)state;
    struct rig rig;
    rig_open(&rig, 1);
    struct endpoint before = endpoint_of(7), after = endpoint_of(8);
    add_loyal(&rig, "peer.example", 0);
    for (uint32_t i = 0; i < 2; i++) { /* the same node on two machines, one after the other */
        struct sim_machine machine = machine_of(&rig, OTHER);
        machine.at = i == 0 ? before : after;
        sim_add(rig.sim, &machine);
    }
    rig_start_only(&rig, LOYAL);
    sim_start(rig.sim, 1);
    sim_run_until(rig.sim, MINUTES_MS(10)); /* the name does not resolve yet */
    assert_int_equal(counts_of(&rig, LOYAL).peers, 0);
    sim_set_name(rig.sim, "peer.example", &before.ip, 1);
    assert_true(met(&rig, RECONNECT_MAX));
    rig_run(&rig, MINUTES_MS(1));
    sim_end(rig.sim, 1, SIM_CRASH);
    sim_start(rig.sim, 2);
    sim_set_name(rig.sim, "peer.example", &after.ip, 1);
    assert_true(rig_connects(&rig, LOYAL, 2, SECONDS_MS(15)));
    rig_close(&rig);
}

/* R53: the operator's cap on the wait is shorter than ours. */
static void f16_the_maximum_dial_period_caps_the_wait(void **state)
{
    (void)state;
    struct rig rig;
    rig_open(&rig, 1);
    add_loyal(&rig, NULL, SECONDS_MS(20));
    add_plain(&rig, OTHER);
    rig_start_only(&rig, LOYAL);
    sim_run_until(rig.sim, HOURS_MS(5));
    sim_start(rig.sim, OTHER);
    assert_true(met(&rig, SECONDS_MS(25)));
    rig_close(&rig);
}

/* TestSwitchStopsNonPersistentPeerOnError */
static void a_plain_peer_whose_connection_breaks_is_removed_and_not_redialed_at_once(void **state)
{
    (void)state;
    struct rig rig;
    rig_open(&rig, 1);
    struct sim_machine machine = machine_of(&rig, LOYAL);
    struct addr other = addr_of(OTHER);
    machine.known = &other;
    machine.known_n = 1;
    sim_add(rig.sim, &machine);
    add_plain(&rig, OTHER);
    rig_start(&rig);
    assert_true(met(&rig, SECONDS_MS(10)));
    sim_run_until(rig.sim, SECONDS_MS(31)); /* a round has just been */
    assert_true(sim_reset(rig.sim, LOYAL, 0));
    assert_true(rig_parts(&rig, LOYAL, OTHER, SECONDS_MS(1)));
    sim_run_until(rig.sim, SECONDS_MS(50));
    assert_int_equal(counts_of(&rig, LOYAL).peers + counts_of(&rig, OTHER).peers, 0);
    rig_close(&rig);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(persistent_peers_are_dialed_within_the_random_delay),
        cmocka_unit_test(a_dropped_persistent_peer_is_connected_again),
        cmocka_unit_test(a_persistent_peer_that_starts_late_is_connected),
        cmocka_unit_test(a_dropped_inbound_persistent_peer_is_dialed),
        cmocka_unit_test(f16_a_persistent_peer_is_found_again_after_each_of_ten_deaths),
        cmocka_unit_test(f16_a_persistent_peer_down_for_three_days_is_found_again),
        cmocka_unit_test(f16_a_persistent_peer_that_moves_is_found_by_its_name),
        cmocka_unit_test(f16_the_maximum_dial_period_caps_the_wait),
        cmocka_unit_test(a_plain_peer_whose_connection_breaks_is_removed_and_not_redialed_at_once),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
