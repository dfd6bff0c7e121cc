/* core/node/exchange.c: what we ask for and what comes (R30 - R37, F1, F2, F12, F20, P8). */
#include "world.h"

static struct world *open_node(void)
{
    struct node_settings settings = world_settings();
    return world_open(&settings);
}

/* ---- asking ---- */

static void r30_one_request_is_outstanding_at_a_time(void **state)
{
    (void)state;
    struct world *world = open_node();
    world_outbound(world, 1);
    world_run(world, SECONDS_MS(29)); /* no round asks again */
    assert_int_equal(world_sent(world, PEX_REQUEST), 0);
    world_free(world);
}

static void f12_an_unanswered_request_expires_after_30_s(void **state)
{
    (void)state;
    struct world *world = open_node();
    uint64_t peer = world_outbound(world, 1);
    world_run(world, SECONDS_MS(60));
    assert_true(world_sent(world, PEX_REQUEST) >= 1);
    assert_int_equal(world_last(world, ACTION_SEND)->conn, peer);
    world_free(world);
}

static void f12_a_request_that_was_not_sent_is_not_outstanding(void **state)
{
    (void)state;
    struct world *world = open_node();
    uint64_t peer = world_outbound(world, 1);
    world_run(world, SECONDS_MS(10));
    world_send_failed(world, peer);
    world_run(world, SECONDS_MS(20)); /* the round at 30 s asks again */
    assert_int_equal(world_sent(world, PEX_REQUEST), 1);
    world_list_of(world, peer, 50, 1);
    assert_true(world_is_peer(world, peer));
    assert_true(world_knows(world, 50));
    world_free(world);
}

static void f12_a_late_list_is_ignored_for_as_long_as_a_stall_may_last(void **state)
{
    (void)state;
    struct node_settings settings = world_settings();
    settings.ensure_peers_period_ms = HOURS_MS(1);
    struct world *world = world_open(&settings);
    uint64_t peer = world_outbound(world, 1), other = world_outbound(world, 2);
    uint64_t third = world_outbound(world, 3);
    world_run(world, SECONDS_MS(30));
    world_list_of(world, peer, 50, 1);
    assert_true(world_is_peer(world, peer));
    assert_false(world_knows(world, 50));
    world_run(world, SECONDS_MS(75)); /* 60 s to the next ping, 45 s for its pong */
    world_list_of(world, third, 50, 1);
    assert_true(world_is_peer(world, third));
    world_run(world, SECONDS_MS(15));
    world_list_of(world, other, 50, 1);
    assert_false(world_is_peer(world, other));
    assert_true(world_is_banned(world, 2));
    assert_int_equal(node_counts(world->node).lists_unsolicited, 1);
    world_free(world);
}

static void f12_one_late_list_for_one_request(void **state)
{
    (void)state;
    struct node_settings settings = world_settings();
    settings.ensure_peers_period_ms = HOURS_MS(1);
    struct world *world = world_open(&settings);
    uint64_t peer = world_outbound(world, 1);
    world_run(world, SECONDS_MS(40));
    world_list_of(world, peer, 50, 1);
    assert_true(world_is_peer(world, peer));
    world_list_of(world, peer, 50, 1);
    assert_true(world_is_banned(world, 1));
    world_free(world);
}

static void f12_a_slow_peer_that_answers_both_requests_is_not_punished(void **state)
{
    (void)state;
    struct world *world = open_node();
    uint64_t peer = world_outbound(world, 1);
    world_run(world, SECONDS_MS(30)); /* expired, and the round asked again */
    assert_int_equal(world_sent(world, PEX_REQUEST), 1);
    world_list_of(world, peer, 50, 1); /* the answer to the first: as good as any */
    assert_true(world_knows(world, 50));
    world_list_of(world, peer, 51, 1); /* the answer to the second */
    assert_true(world_is_peer(world, peer));
    assert_false(world_knows(world, 51));
    world_list_of(world, peer, 52, 1);
    assert_true(world_is_banned(world, 1));
    world_free(world);
}

/* A line that stalls twice: what comes after the first stall answers the request that was given up,
 * and the second stall holds back the answer to the other one. */
static void f12_the_second_of_two_lists_may_be_as_late_as_the_first(void **state)
{
    (void)state;
    struct node_settings settings = world_settings();
    settings.ensure_peers_period_ms = SECONDS_MS(75);
    struct world *world = world_open(&settings);
    uint64_t peer = world_outbound(world, 1);
    world_run(world, SECONDS_MS(75));
    assert_int_equal(world_sent(world, PEX_REQUEST), 1);
    world_run(world, SECONDS_MS(25));
    world_list_of(world, peer, 50, 1);
    assert_true(world_knows(world, 50));
    world_run(world, SECONDS_MS(49)); /* 74 s after the second request, 149 s after the first */
    world_list_of(world, peer, 51, 1);
    assert_true(world_is_peer(world, peer));
    world_list_of(world, peer, 52, 1);
    assert_true(world_is_banned(world, 1));
    world_free(world);
}

static void f12_a_dropped_answer_does_not_make_the_awaited_list_an_offence(void **state)
{
    (void)state;
    struct world *world = open_node();
    uint64_t peer = world_outbound(world, 1);
    world_request(world, peer);
    world_send_failed(world, peer); /* our answer; our request went out before */
    world_list_of(world, peer, 50, 1);
    assert_true(world_is_peer(world, peer));
    world_free(world);
}

static void p8_requests_to_one_id_are_12_s_apart_over_all_its_connections(void **state)
{
    (void)state;
    struct world *world = open_node();
    uint64_t peer = world_outbound(world, 1);
    world_list_of(world, peer, 50, 1);
    world_closed(world, peer, ERR_CLOSED_BY_PEER);
    peer = world_outbound(world, 1);
    assert_int_equal(world_sent(world, PEX_REQUEST), 0);
    world_closed(world, peer, ERR_CLOSED_BY_PEER);
    world_run(world, SECONDS_MS(12) - 1);
    peer = world_outbound(world, 1);
    assert_int_equal(world_sent(world, PEX_REQUEST), 0);
    world_closed(world, peer, ERR_CLOSED_BY_PEER);
    world_run(world, 1);
    world_outbound(world, 1);
    assert_int_equal(world_sent(world, PEX_REQUEST), 1);
    world_free(world);
}

/* A request that was long on its way reached the peer only when the answer left: that is where its
 * clock began. */
static void p8_the_12_s_begin_when_the_list_comes(void **state)
{
    (void)state;
    struct world *world = open_node();
    uint64_t number = world_outbound(world, 1);
    assert_int_equal(world_sent(world, PEX_REQUEST), 1);
    world_run(world, SECONDS_MS(11));
    world_list_of(world, number, 50, 0);
    world_closed(world, number, ERR_CLOSED_BY_PEER);
    world_run(world, SECONDS_MS(12) - 1);
    number = world_outbound(world, 1);
    assert_int_equal(world_sent(world, PEX_REQUEST), 0);
    world_closed(world, number, ERR_CLOSED_BY_PEER);
    world_run(world, 1);
    world_outbound(world, 1);
    assert_int_equal(world_sent(world, PEX_REQUEST), 1);
    world_free(world);
}

/* ---- lists ---- */

static void r31_a_bad_list_bans_before_it_matters_whether_it_was_asked_for(void **state)
{
    (void)state;
    struct world *world = open_node();
    uint64_t asked = world_outbound(world, 1), unasked = world_inbound(world, 2);
    world_bad_list(world, asked);
    assert_int_equal(world_only(world, ACTION_CLOSE)->why, ERR_PEX_BAD_ADDRESS);
    world_bad_list(world, unasked);
    assert_int_equal(world_only(world, ACTION_CLOSE)->why, ERR_PEX_BAD_ADDRESS); /* not R32 */
    assert_true(world_is_banned(world, 1) && world_is_banned(world, 2));         /* R33 */
    assert_int_equal(node_counts(world->node).lists_unsolicited, 0);
    world_free(world);
}

static void keep_connected(
    struct fake_policy *fake, enum hook hook, const void *view, void *verdict)
{
    (void)fake;
    (void)view;
    if (hook == HOOK_ban)
        *(struct ban_verdict *)verdict = (struct ban_verdict){.disconnect = false};
}

static void r31_a_bad_list_leaves_the_request_outstanding(void **state)
{
    (void)state;
    struct world *world = open_node();
    world->fake.twist = keep_connected;
    uint64_t peer = world_outbound(world, 1);
    world_bad_list(world, peer);
    assert_true(world_is_peer(world, peer));
    world_list_of(world, peer, 50, 1);
    assert_true(world_knows(world, 50));
    world_free(world);
}

static void r32_one_request_admits_one_list(void **state)
{
    (void)state;
    struct world *world = open_node();
    uint64_t peer = world_outbound(world, 1);
    world_list_of(world, peer, 50, 2);
    assert_true(world_is_peer(world, peer));
    world_list_of(world, peer, 52, 2);
    assert_int_equal(world_only(world, ACTION_CLOSE)->why, ERR_PEX_UNSOLICITED);
    assert_true(world_is_banned(world, 1));
    assert_false(world_knows(world, 52));
    world_free(world);
}

static void r32_an_empty_list_nobody_asked_for_bans_too(void **state)
{
    (void)state;
    struct world *world = open_node();
    uint64_t peer = world_inbound(world, 1);
    world_list_of(world, peer, 50, 0);
    assert_true(world_is_banned(world, 1));
    world_free(world);
}

static void r34_list_of_a_peer_whose_own_address_is_garbage_disconnects_without_a_ban(void **state)
{
    (void)state;
    struct world *world = open_node();
    uint64_t peer = world_dial(world, 1);
    struct peer_id id = id_of(1);
    world_establish(world, peer, &id, "no port here");
    world_list_of(world, peer, 50, 1);
    assert_int_equal(world_only(world, ACTION_CLOSE)->why, ERR_LISTEN_ADDRESS);
    assert_false(world_is_banned(world, 1));
    assert_int_equal(book_count(world->book), 0);
    world_free(world);
}

static void f23_list_of_a_peer_whose_own_address_is_a_name_is_taken(void **state)
{
    (void)state;
    struct world *world = open_node();
    uint64_t peer = world_dial(world, 1);
    struct peer_id id = id_of(1);
    world_establish(world, peer, &id, "node.example:26656");
    world_list_of(world, peer, 50, 1);
    assert_true(world_is_peer(world, peer));
    assert_true(world_knows(world, 50));
    world_free(world);
}

static void r35_refused_entries_are_skipped_without_blame(void **state)
{
    (void)state;
    struct world *world = open_node();
    uint64_t peer = world_outbound(world, 1);
    struct addr addrs[] = {
        addr_at(50, 0x0a000001),                        /* not routable */
        {id_of(OWN_ID), addr_of(51).at},                /* our ID elsewhere (F20) */
        {id_of(52), {ip_of_v4(0x08080808), PEER_PORT}}, /* our endpoint */
        addr_at(53, 0xe0000001),                        /* multicast (F20) */
        {id_of(54), {addr_of(54).at.ip, 0}},            /* port 0 (F20) */
        addr_of(55),
    };
    world_list(world, peer, addrs, sizeof addrs / sizeof *addrs);
    assert_true(world_is_peer(world, peer));
    assert_int_equal(book_count(world->book), 1);
    assert_true(world_knows(world, 55));
    assert_int_equal(node_counts(world->node).addresses_received, 6);
    assert_int_equal(node_counts(world->node).addresses_added, 1);
    world_free(world);
}

static void r35_f20_source_is_the_socket_of_the_sender(void **state)
{
    (void)state;
    struct world *world = open_node();
    struct endpoint remote = remote_of(1);
    struct peer_id id = id_of(1), told = id_of(50);
    uint64_t peer = world_accept(world, &remote);
    world_establish(world, peer, &id, "tcp://99.1.2.3:7777"); /* a claim about another group */
    world_run(world, SECONDS_MS(30));
    assert_int_equal(world_sent(world, PEX_REQUEST), 1);
    world_list_of(world, peer, 50, 1);
    const struct book_entry *entry = book_find(world->book, &told);
    assert_true(ip_equal(&book_source(world->book, entry, 0)->at.ip, &remote.ip));
    world_free(world);
}

/* ---- lists of seeds ---- */

static struct world *open_with_seed(const struct addr_text *seed, uint32_t max_outbound)
{
    struct node_settings settings = world_settings();
    settings.seeds = seed;
    settings.seeds_n = 1;
    settings.max_outbound = max_outbound;
    return world_open(&settings);
}

static void f1_a_list_of_41_from_a_seed_makes_no_more_dials_than_slots(void **state)
{
    (void)state;
    struct addr_text seed = text_of(1, NULL);
    struct world *world = open_with_seed(&seed, 3);
    uint64_t number = world_only(world, ACTION_DIAL)->conn;
    world_connect(world, number);
    assert_int_equal(world_sent(world, PEX_REQUEST), 1);
    world_list_of(world, number, 100, 41);
    assert_int_equal(book_count(world->book), 41);
    assert_int_equal(
        world_count(world, ACTION_DIAL), 2); /* at once (R37), beside the seed itself */
    world_run(world, MINUTES_MS(2));
    assert_int_equal(world_count(world, ACTION_DIAL), 0);
    world_free(world);
}

static void f1_a_seed_is_known_by_its_id_alone(void **state)
{
    (void)state;
    struct addr_text seed = text_of(1, "seed.example");
    struct world *world = open_with_seed(&seed, 3);
    uint64_t elsewhere = world_outbound(world, 1); /* another address than the name may have */
    world_list_of(world, elsewhere, 100, 10);
    assert_int_equal(world_count(world, ACTION_DIAL), 2);
    world_free(world);
}

static void r37_d2_the_extra_round_asks_nobody(void **state)
{
    (void)state;
    struct addr_text seed = text_of(1, NULL);
    struct world *world = open_with_seed(&seed, 30);
    uint64_t number = world_only(world, ACTION_DIAL)->conn;
    world_connect(world, number);
    world_inbound(world, 2); /* might be asked */
    uint64_t rounds = node_counts(world->node).rounds;
    world_list_of(world, number, 100, 2);
    assert_int_equal(node_counts(world->node).rounds, rounds + 1);
    assert_int_equal(world_sent(world, PEX_REQUEST), 0);
    world_free(world);
}

static void f2_lists_of_other_peers_wake_nobody(void **state)
{
    (void)state;
    struct world *world = open_node();
    uint64_t number = world_outbound(world, 1);
    world_list_of(world, number, 100, 5);
    assert_int_equal(world_count(world, ACTION_DIAL), 0);
    world_run(world, SECONDS_MS(30));
    assert_int_equal(world_count(world, ACTION_DIAL), 5);
    world_free(world);
}

/* Dials of one round are still under way each time. */
static void f2_addresses_that_come_during_a_round_are_not_left_until_the_next_period(void **state)
{
    (void)state;
    struct node_settings settings = world_settings();
    struct addr_text seed = text_of(1, NULL);
    settings.seeds = &seed;
    settings.seeds_n = 1;
    struct world *world = world_open(&settings);
    uint64_t number = world_number(world, 1);
    world_connect(world, number);
    world_list_of(world, number, 100, 3);
    assert_int_equal(world_count(world, ACTION_DIAL), 3);
    world_run(world, SECONDS_MS(40)); /* asked again in the round at 30 s */
    world_list_of(world, number, 110, 3);
    assert_int_equal(world_count(world, ACTION_DIAL), 3);
    assert_int_equal(world_sockets(world, SOCKET_DIALING), 6);
    world_free(world);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(r30_one_request_is_outstanding_at_a_time),
        cmocka_unit_test(f12_an_unanswered_request_expires_after_30_s),
        cmocka_unit_test(f12_a_request_that_was_not_sent_is_not_outstanding),
        cmocka_unit_test(f12_a_late_list_is_ignored_for_as_long_as_a_stall_may_last),
        cmocka_unit_test(f12_one_late_list_for_one_request),
        cmocka_unit_test(f12_a_slow_peer_that_answers_both_requests_is_not_punished),
        cmocka_unit_test(f12_the_second_of_two_lists_may_be_as_late_as_the_first),
        cmocka_unit_test(f12_a_dropped_answer_does_not_make_the_awaited_list_an_offence),
        cmocka_unit_test(p8_requests_to_one_id_are_12_s_apart_over_all_its_connections),
        cmocka_unit_test(p8_the_12_s_begin_when_the_list_comes),
        cmocka_unit_test(r31_a_bad_list_bans_before_it_matters_whether_it_was_asked_for),
        cmocka_unit_test(r31_a_bad_list_leaves_the_request_outstanding),
        cmocka_unit_test(r32_one_request_admits_one_list),
        cmocka_unit_test(r32_an_empty_list_nobody_asked_for_bans_too),
        cmocka_unit_test(r34_list_of_a_peer_whose_own_address_is_garbage_disconnects_without_a_ban),
        cmocka_unit_test(f23_list_of_a_peer_whose_own_address_is_a_name_is_taken),
        cmocka_unit_test(r35_refused_entries_are_skipped_without_blame),
        cmocka_unit_test(r35_f20_source_is_the_socket_of_the_sender),
        cmocka_unit_test(f1_a_list_of_41_from_a_seed_makes_no_more_dials_than_slots),
        cmocka_unit_test(f1_a_seed_is_known_by_its_id_alone),
        cmocka_unit_test(r37_d2_the_extra_round_asks_nobody),
        cmocka_unit_test(f2_lists_of_other_peers_wake_nobody),
        cmocka_unit_test(f2_addresses_that_come_during_a_round_are_not_left_until_the_next_period),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
