/* The network of core/sim: what dialer and listener are told, and when. */
#include "unit/sim/actor.h"

static void assert_failed(const struct stage *stage, enum err err, bool id_proven, int64_t at_ms)
{
    const struct heard *failed = heard_one(&stage->dialer, EVENT_DIAL_FAILED);
    assert_int_equal(failed->err, err);
    assert_int_equal(failed->id_proven, id_proven);
    assert_int_equal(failed->at_ms, at_ms);
    assert_int_equal(failed->conn, FIRST_DIAL);
}

/* ---- handshake ---- */

static void a_handshake_takes_three_round_trips(void **state)
{
    (void)state;
    struct stage stage;
    stage_open(&stage);
    stage_start(&stage);
    stage_run(&stage, SECONDS_MS(1));
    const struct heard *accepted = heard_one(&stage.listener, EVENT_ACCEPTED);
    const struct heard *there = heard_one(&stage.listener, EVENT_ESTABLISHED);
    const struct heard *here = heard_one(&stage.dialer, EVENT_ESTABLISHED);
    struct addr dialer = addr_of(0), listener = addr_of(1);
    assert_int_equal(accepted->at_ms, 3 * ONE_WAY);
    assert_int_equal(accepted->conn, 1);
    assert_true(ip_equal(&accepted->remote.ip, &dialer.at.ip));
    assert_int_not_equal(accepted->remote.port, dialer.at.port);
    assert_int_equal(there->at_ms, 5 * ONE_WAY);
    assert_int_equal(there->ms, -1);
    assert_true(peer_id_equal(&there->id, &dialer.id));
    assert_int_equal(here->at_ms, 6 * ONE_WAY);
    assert_int_equal(here->ms, 2 * ONE_WAY);
    assert_true(peer_id_equal(&here->id, &listener.id));
    assert_true(endpoint_equal(&here->remote, &listener.at));
    stage_close(&stage);
}

/* F3: whoever answers under another ID learns nothing of us. */
static void a_wrong_id_fails_before_the_dialer_shows_its_own(void **state)
{
    (void)state;
    struct stage stage;
    stage_open(&stage);
    stage.dialer.to.id = id_of(9);
    stage_start(&stage);
    stage_run(&stage, SECONDS_MS(1));
    assert_failed(&stage, ERR_WRONG_ID, false, 4 * ONE_WAY);
    const struct heard *closed = heard_one(&stage.listener, EVENT_CLOSED);
    assert_int_equal(closed->err, ERR_CLOSED_BY_PEER);
    assert_true(peer_id_is_none(&closed->id));
    assert_int_equal(closed->at_ms, 5 * ONE_WAY);
    stage_close(&stage);
}

/* F25: both know each other's ID by then. */
static void another_network_is_told_to_both_sides_with_the_proven_id(void **state)
{
    (void)state;
    struct stage stage;
    stage_open(&stage);
    stage.machines[1].network = "other";
    stage_start(&stage);
    stage_run(&stage, SECONDS_MS(1));
    assert_failed(&stage, ERR_OTHER_NETWORK, true, 6 * ONE_WAY);
    const struct heard *closed = heard_one(&stage.listener, EVENT_CLOSED);
    struct peer_id dialer = id_of(0);
    assert_int_equal(closed->err, ERR_OTHER_NETWORK);
    assert_true(peer_id_equal(&closed->id, &dialer));
    stage_close(&stage);
}

static void bad_node_info_and_our_own_id_are_refused(void **state)
{
    (void)state;
    struct stage stage;
    stage_open(&stage);
    stage.machines[1].moniker = "bell \a";
    stage_start(&stage);
    stage_run(&stage, SECONDS_MS(1));
    assert_failed(&stage, ERR_NODE_INFO, true, 6 * ONE_WAY);
    stage_close(&stage);
    stage_open(&stage);
    stage.machines[1].node.id = stage.dialer.to.id = id_of(0);
    stage_start(&stage);
    stage_run(&stage, SECONDS_MS(1));
    assert_failed(&stage, ERR_SELF, true, 6 * ONE_WAY);
    stage_close(&stage);
}

static void a_refused_socket_is_closed(void **state)
{
    (void)state;
    struct stage stage;
    stage_open(&stage);
    stage.listener.refuses = true;
    stage_start(&stage);
    stage_run(&stage, SECONDS_MS(1));
    assert_failed(&stage, ERR_CLOSED_BY_PEER, false, 4 * ONE_WAY);
    stage_close(&stage);
}

/* F18, F24: connected, and then nothing. */
static void a_mute_peer_runs_into_the_handshake_timeout(void **state)
{
    (void)state;
    struct stage stage;
    stage_open(&stage);
    stage.machines[1].mute = true;
    stage_start(&stage);
    stage_run(&stage, SECONDS_MS(30));
    assert_failed(&stage, ERR_HANDSHAKE_TIMEOUT, false, 2 * ONE_WAY + SECONDS_MS(20));
    stage_close(&stage);
    stage_open(&stage);
    stage.machines[0].mute = true;
    stage_start(&stage);
    stage_run(&stage, SECONDS_MS(30));
    const struct heard *closed = heard_one(&stage.listener, EVENT_CLOSED);
    assert_int_equal(closed->err, ERR_HANDSHAKE_TIMEOUT);
    assert_int_equal(closed->at_ms, 3 * ONE_WAY + SECONDS_MS(20));
    stage_close(&stage);
}

/* ---- addresses ---- */

static void an_address_without_a_machine_answers_as_it_is_set(void **state)
{
    (void)state;
    static const struct {
        bool set;
        enum sim_reach reach;
        enum err err;
        int64_t at_ms;
    } cases[] = {
        {false, SIM_SILENT, ERR_TIMEOUT, SECONDS_MS(3)},
        {true, SIM_SILENT, ERR_TIMEOUT, SECONDS_MS(3)},
        {true, SIM_REFUSES, ERR_REFUSED, 2 * ONE_WAY},
        {true, SIM_UNREACHABLE, ERR_UNREACHABLE, 0},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct stage stage;
        stage_open(&stage);
        stage.dialer.to = addr_of(9);
        if (cases[i].set)
            sim_set_reach(stage.rig.sim, &stage.dialer.to.at, cases[i].reach);
        stage_start(&stage);
        stage_run(&stage, SECONDS_MS(5));
        assert_failed(&stage, cases[i].err, false, cases[i].at_ms);
        stage_close(&stage);
    }
}

static void nobody_dials_through_nat_but_it_dials(void **state)
{
    (void)state;
    struct stage stage;
    stage_open(&stage);
    stage.machines[1].nat = true;
    stage_start(&stage);
    stage_run(&stage, SECONDS_MS(5));
    assert_failed(&stage, ERR_TIMEOUT, false, SECONDS_MS(3));
    stage_close(&stage);
    stage_open(&stage);
    stage.machines[0].nat = true;
    stage_start(&stage);
    stage_run(&stage, SECONDS_MS(5));
    heard_one(&stage.dialer, EVENT_ESTABLISHED);
    stage_close(&stage);
}

static void a_lost_dial_times_out(void **state)
{
    (void)state;
    struct stage stage;
    stage_open(&stage);
    sim_set_dial_loss(stage.rig.sim, 1);
    stage_start(&stage);
    stage_run(&stage, SECONDS_MS(5));
    assert_failed(&stage, ERR_TIMEOUT, false, SECONDS_MS(3));
    stage_close(&stage);
}

static void a_machine_that_is_off_is_silent_or_refuses(void **state)
{
    (void)state;
    static const enum sim_end ends[] = {SIM_STOP, SIM_CRASH, SIM_VANISH};
    for (size_t i = 0; i < 3; i++) {
        struct stage stage;
        stage_open(&stage);
        sim_add(stage.rig.sim, &stage.machines[0]);
        sim_add(stage.rig.sim, &stage.machines[1]);
        sim_start(stage.rig.sim, 1);
        sim_end(stage.rig.sim, 1, ends[i]);
        sim_start(stage.rig.sim, 0);
        stage_run(&stage, SECONDS_MS(5));
        bool silent = ends[i] == SIM_VANISH;
        assert_failed(&stage, silent ? ERR_TIMEOUT : ERR_REFUSED, false,
            silent ? SECONDS_MS(3) : 2 * ONE_WAY);
        stage_close(&stage);
    }
}

/* ---- messages ---- */

static void send_two(struct actor *actor, const struct event *event, struct outbox *outbox)
{
    act_dial(actor, event, outbox);
    if (event->kind != EVENT_ESTABLISHED)
        return;
    act_send(outbox, event->conn, 0);
    act_send(outbox, event->conn, 3);
}

static void messages_arrive_in_order_after_the_flush_throttle(void **state)
{
    (void)state;
    struct stage stage;
    stage_open(&stage);
    stage.dialer.react = send_two;
    stage_start(&stage);
    stage_run(&stage, SECONDS_MS(5));
    const struct heard *first = heard_nth(&stage.listener, EVENT_MESSAGE, 0);
    const struct heard *second = heard_nth(&stage.listener, EVENT_MESSAGE, 1);
    struct addr address = addr_of(0);
    assert_true(first && second);
    assert_int_equal(first->message, PEX_REQUEST);
    assert_int_equal(first->at_ms, 6 * ONE_WAY + 100 + ONE_WAY);
    assert_int_equal(second->message, PEX_ADDRS);
    assert_int_equal(second->n, 3);
    assert_true(addr_equal(&second->first, &address));
    stage_close(&stage);
}

static void send_and_cut(struct actor *actor, const struct event *event, struct outbox *outbox)
{
    send_two(actor, event, outbox);
    if (event->kind == EVENT_ESTABLISHED)
        act_close(outbox, event->conn, 0);
}

static void send_and_flush(struct actor *actor, const struct event *event, struct outbox *outbox)
{
    send_two(actor, event, outbox);
    if (event->kind == EVENT_ESTABLISHED)
        act_close(outbox, event->conn, SECONDS_MS(10));
}

/* F27 */
static void a_close_delivers_what_is_queued_only_when_it_flushes(void **state)
{
    (void)state;
    for (int flushes = 0; flushes < 2; flushes++) {
        struct stage stage;
        stage_open(&stage);
        stage.dialer.react = flushes ? send_and_flush : send_and_cut;
        stage_start(&stage);
        stage_run(&stage, SECONDS_MS(5));
        const struct heard *message = heard_nth(&stage.listener, EVENT_MESSAGE, 1);
        const struct heard *closed = heard_one(&stage.listener, EVENT_CLOSED);
        assert_int_equal(message != NULL, flushes);
        assert_int_equal(closed->err, ERR_CLOSED_BY_PEER);
        assert_int_equal(closed->at_ms, 7 * ONE_WAY);
        stage_close(&stage);
    }
}

static void a_crash_loses_what_has_not_left_yet(void **state)
{
    (void)state;
    struct stage stage;
    stage_open(&stage);
    stage.dialer.react = send_two;
    stage_start(&stage);
    stage_run(&stage, 6 * ONE_WAY + 99);
    sim_end(stage.rig.sim, 0, SIM_CRASH);
    stage_run(&stage, SECONDS_MS(5));
    assert_null(heard_nth(&stage.listener, EVENT_MESSAGE, 0));
    assert_int_equal(heard_one(&stage.listener, EVENT_CLOSED)->at_ms, 7 * ONE_WAY + 99);
    stage_close(&stage);
}

/* R16, F12: peers without the channel for exchange are peers all the same. */
static void a_message_without_a_channel_fails(void **state)
{
    (void)state;
    struct stage stage;
    stage_open(&stage);
    stage.machines[0].node.pex = stage.machines[1].node.pex = false;
    stage.dialer.react = send_two;
    stage_start(&stage);
    stage_run(&stage, SECONDS_MS(5));
    assert_non_null(heard_nth(&stage.dialer, EVENT_SEND_FAILED, 1));
    assert_null(heard_nth(&stage.listener, EVENT_MESSAGE, 0));
    stage_close(&stage);
}

static void peers_measure_their_round_trip_every_minute(void **state)
{
    (void)state;
    struct stage stage;
    stage_open(&stage);
    stage_start(&stage);
    stage_run(&stage, MINUTES_MS(3) + SECONDS_MS(1));
    for (size_t i = 0; i < 3; i++) {
        const struct heard *trip = heard_nth(&stage.dialer, EVENT_ROUND_TRIP, i);
        assert_non_null(trip);
        assert_int_equal(trip->ms, 2 * ONE_WAY);
        assert_int_equal(trip->at_ms, 8 * ONE_WAY + MINUTES_MS((int64_t)i + 1));
    }
    stage_close(&stage);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_handshake_takes_three_round_trips),
        cmocka_unit_test(a_wrong_id_fails_before_the_dialer_shows_its_own),
        cmocka_unit_test(another_network_is_told_to_both_sides_with_the_proven_id),
        cmocka_unit_test(bad_node_info_and_our_own_id_are_refused),
        cmocka_unit_test(a_refused_socket_is_closed),
        cmocka_unit_test(a_mute_peer_runs_into_the_handshake_timeout),
        cmocka_unit_test(an_address_without_a_machine_answers_as_it_is_set),
        cmocka_unit_test(nobody_dials_through_nat_but_it_dials),
        cmocka_unit_test(a_lost_dial_times_out),
        cmocka_unit_test(a_machine_that_is_off_is_silent_or_refuses),
        cmocka_unit_test(messages_arrive_in_order_after_the_flush_throttle),
        cmocka_unit_test(a_close_delivers_what_is_queued_only_when_it_flushes),
        cmocka_unit_test(a_crash_loses_what_has_not_left_yet),
        cmocka_unit_test(a_message_without_a_channel_fails),
        cmocka_unit_test(peers_measure_their_round_trip_every_minute),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
