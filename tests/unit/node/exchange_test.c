/* core/node/exchange.c: requests to us (R25 - R28, F13, P12 - P14). */
#include "world.h"

static struct world *open_seed(void)
{
    struct node_settings settings = world_settings();
    settings.seed_mode = true;
    return world_open(&settings);
}

static struct world *open_node(void)
{
    struct node_settings settings = world_settings();
    return world_open(&settings);
}

static void r25_seed_answers_an_inbound_peer_once_and_closes(void **state)
{
    (void)state;
    struct world *world = open_seed();
    world_add_peers(world, 100, 20);
    uint64_t peer = world_inbound(world, 1);
    world_request(world, peer);
    assert_int_equal(world_only(world, ACTION_SEND)->addrs_n, 20);
    const struct done *close = world_only(world, ACTION_CLOSE);
    assert_int_equal(close->why, ERR_SERVED);
    assert_in_range(close->flush_ms, 1, SECONDS_MS(10)); /* F27, P14 */
    assert_int_equal(world->done[0].kind, ACTION_SEND);
    assert_false(world_is_banned(world, 1));
    world_request(world, peer); /* already leaving: nothing happens */
    assert_int_equal(world->done_n, 0);
    world_free(world);
}

static void r25_persistent_inbound_peers_are_not_exempt(void **state)
{
    (void)state;
    struct node_settings settings = world_settings();
    struct addr_text friend = text_of(1, NULL);
    settings.seed_mode = true;
    settings.persistent_peers = &friend;
    settings.persistent_peers_n = 1;
    struct world *world = world_open(&settings);
    uint64_t peer = world_inbound(world, 1);
    world_request(world, peer);
    assert_int_equal(world_only(world, ACTION_CLOSE)->conn, peer);
    world_free(world);
}

static void r26_seed_answers_outbound_peers_like_any_node(void **state)
{
    (void)state;
    struct world *world = open_seed();
    uint64_t peer = world_outbound(world, 1);
    world_request(world, peer);
    world_request(world, peer);
    assert_int_equal(world_sent(world, PEX_ADDRS), 1);
    assert_true(world_is_peer(world, peer));
    world_request(world, peer);
    assert_true(world_is_banned(world, 1));
    world_free(world);
}

static void r26_answer_has_the_size_of_b35_and_leaves_out_the_requester(void **state)
{
    (void)state;
    struct world *world = open_node();
    world_add_peers(world, 100, 300);
    uint64_t peer = world_inbound(world, 1);
    assert_int_equal(book_count(world->book), 301);
    for (unsigned round = 0; round < 10; round++) {
        world_request(world, peer);
        assert_int_equal(world_only(world, ACTION_SEND)->addrs_n, 301 * 23 / 100);
        struct peer_id requester = id_of(1);
        for (size_t i = 0; i < 301 * 23 / 100; i++)
            assert_false(peer_id_equal(&world->list[i].id, &requester));
        world_run(world, SECONDS_MS(10));
    }
    world_free(world);
}

static void r27_two_quick_requests_are_answered_and_the_third_bans(void **state)
{
    (void)state;
    struct world *world = open_node();
    uint64_t peer = world_inbound(world, 1);
    world_request(world, peer);
    assert_int_equal(world_sent(world, PEX_ADDRS), 1);
    world_request(world, peer);
    assert_int_equal(world_sent(world, PEX_ADDRS), 1);
    world_request(world, peer);
    assert_int_equal(world_sent(world, PEX_ADDRS), 0);
    assert_int_equal(world_only(world, ACTION_CLOSE)->why, ERR_PEX_TOO_SOON);
    assert_true(world_is_banned(world, 1));
    assert_int_equal(node_counts(world->node).requests_refused, 1);
    world_free(world);
}

static void r27_third_request_is_measured_from_the_second(void **state)
{
    (void)state;
    struct world *world = open_node();
    uint64_t on_time = world_inbound(world, 1), early = world_inbound(world, 2);
    world_request(world, on_time);
    world_request(world, early);
    world_run(world, SECONDS_MS(9));
    world_request(world, on_time);
    world_request(world, early);
    world_run(world, SECONDS_MS(1) - 1);
    world_request(world, early);
    assert_true(world_is_banned(world, 2));
    world_run(world, SECONDS_MS(9) + 1);
    world_request(world, on_time);
    assert_int_equal(world_sent(world, PEX_ADDRS), 1);
    world_free(world);
}

/* CometBFT v0.37 asks in its rounds and once more whenever a seed has answered it. */
static void d2_one_early_request_an_interval_is_forgiven(void **state)
{
    (void)state;
    struct world *world = open_node();
    uint64_t peer = world_inbound(world, 1);
    world_request(world, peer);
    for (unsigned i = 0; i < 5; i++) {
        world_request(world, peer);
        assert_int_equal(world_sent(world, PEX_ADDRS), 1);
        world_run(world, SECONDS_MS(1));
        world_request(world, peer);
        assert_int_equal(world_sent(world, PEX_ADDRS), 1);
        world_run(world, SECONDS_MS(9));
    }
    world_request(world, peer);
    world_run(world, SECONDS_MS(5));
    world_request(world, peer);
    world_run(world, SECONDS_MS(5) - 1);
    assert_false(world_is_banned(world, 1));
    world_request(world, peer); /* the second early one */
    assert_true(world_is_banned(world, 1));
    world_free(world);
}

static void r27_every_later_request_has_to_keep_the_interval(void **state)
{
    (void)state;
    struct world *world = open_node();
    uint64_t peer = world_inbound(world, 1);
    for (unsigned i = 0; i < 6; i++) {
        world_request(world, peer);
        assert_int_equal(world_sent(world, PEX_ADDRS), 1);
        world_run(world, SECONDS_MS(10));
    }
    world_request(world, peer);
    world_run(world, SECONDS_MS(10) - 1);
    world_request(world, peer); /* forgiven */
    world_request(world, peer);
    assert_true(world_is_banned(world, 1));
    world_free(world);
}

static void r28_empty_book_answers_with_an_empty_list(void **state)
{
    (void)state;
    struct world *world = open_node();
    uint64_t peer = world_outbound(world, 1);
    world_request(world, peer);
    assert_int_equal(world_sent(world, PEX_ADDRS), 1);
    assert_int_equal(world_only(world, ACTION_SEND)->addrs_n, 0);
    world_free(world);
}

static void p13_answer_holds_nobody_private_or_banned(void **state)
{
    (void)state;
    struct node_settings settings = world_settings();
    struct peer_id private_id = id_of(101);
    settings.private_ids = &private_id;
    settings.private_ids_n = 1;
    struct world *world = world_new(&settings);
    struct ban_target target = {0};
    struct addr in_range = addr_of(103);
    struct cidr range = cidr_of(&in_range.at.ip, 128);
    world_add_peers(world, 102, 2);
    target = ban_of_cidr(&range);
    book_ban(world->book, world->now, &target, HOURS_MS(1), "test");
    world_start(world);
    uint64_t peer = world_inbound(world, 1);
    struct addr hidden = addr_of(101);
    assert_int_equal(world_add(world, &hidden, 9), ERR_ADDR_PRIVATE);
    world_request(world, peer);
    struct peer_id shared = id_of(102);
    assert_int_equal(world_only(world, ACTION_SEND)->addrs_n, 1);
    assert_true(peer_id_equal(&world->list[0].id, &shared));
    world_free(world);
}

static void f13_a_reconnect_gives_no_new_free_pass(void **state)
{
    (void)state;
    struct world *world = open_node();
    uint64_t peer = world_inbound(world, 1);
    world_request(world, peer);
    world_request(world, peer);
    world_closed(world, peer, ERR_CLOSED_BY_PEER);
    peer = world_inbound(world, 1);
    world_request(world, peer);
    assert_int_equal(world_sent(world, PEX_ADDRS), 0);
    assert_int_equal(world_only(world, ACTION_CLOSE)->why, ERR_GRACEFUL);
    assert_false(world_is_banned(world, 1)); /* never a ban for an earlier connection */
    world_run(world, SECONDS_MS(10));
    peer = world_inbound(world, 1);
    world_request(world, peer);
    assert_int_equal(world_sent(world, PEX_ADDRS), 1);
    world_free(world);
}

/* Twenty requests over ten connections (the case that Go answers): how many get a list. */
static unsigned flap(struct world *world)
{
    unsigned answers = 0;
    for (unsigned i = 0; i < 10; i++) {
        uint64_t peer = world_inbound(world, 1);
        for (unsigned j = 0; j < 2 && world_is_peer(world, peer); j++) {
            world_request(world, peer);
            answers += world_sent(world, PEX_ADDRS) > 0;
        }
        if (world_is_peer(world, peer))
            world_closed(world, peer, ERR_CLOSED_BY_PEER);
    }
    return answers;
}

static void f13_flapping_connections_get_two_answers_in_an_interval(void **state)
{
    (void)state;
    struct world *world = open_node();
    assert_int_equal(flap(world), 2);
    assert_false(world_is_banned(world, 1));
    world_free(world);
}

/* Inbound peers of one IP after each other, all with IDs of their own. */
static unsigned answers_to_one_ip(struct world *world, uint32_t first, unsigned n, bool v6)
{
    unsigned answers = 0;
    for (uint32_t i = 0; i < n; i++) {
        struct endpoint remote = remote_of(9);
        if (v6)
            remote.ip = (struct ip){{0x26, 0, 0x19, [14] = (uint8_t)(i >> 8), [15] = (uint8_t)i}};
        struct peer_id id = id_of(first + i);
        uint64_t peer = world_accept(world, &remote);
        world_establish(world, peer, &id, NULL);
        world_request(world, peer);
        answers += world_sent(world, PEX_ADDRS) > 0;
        if (world_is_peer(world, peer))
            world_closed(world, peer, ERR_CLOSED_BY_PEER);
    }
    return answers;
}

static void f13_one_ip_gets_a_burst_of_answers_and_then_one_a_second(void **state)
{
    (void)state;
    struct world *world = open_node();
    assert_int_equal(answers_to_one_ip(world, 1000, 30, false), 20);
    world_run(world, SECONDS_MS(5));
    assert_int_equal(answers_to_one_ip(world, 2000, 30, false), 5);
    assert_int_equal(bans_count(book_bans(world->book)), 0);
    world_free(world);
}

static void f13_an_ipv6_address_shares_the_budget_of_its_64(void **state)
{
    (void)state;
    struct world *world = open_node();
    assert_int_equal(answers_to_one_ip(world, 1000, 30, true), 20);
    world_free(world);
}

static void f13_budget_by_ip_is_off_when_ips_may_repeat(void **state)
{
    (void)state;
    struct node_settings settings = world_settings();
    settings.allow_duplicate_ip = true;
    struct world *world = world_open(&settings);
    assert_int_equal(answers_to_one_ip(world, 1000, 30, false), 30);
    world_free(world);
}

static void pex_off_means_no_exchange_at_all(void **state)
{
    (void)state;
    struct node_settings settings = world_settings();
    settings.pex = false;
    struct world *world = world_open(&settings);
    uint64_t peer = world_inbound(world, 1);
    world_request(world, peer);
    world_list_of(world, peer, 50, 3);
    assert_int_equal(world->done_n, 0);
    assert_int_equal(book_count(world->book), 0);
    world_run(world, MINUTES_MS(5));
    assert_int_equal(world_count(world, ACTION_DIAL), 0);
    world_free(world);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(r25_seed_answers_an_inbound_peer_once_and_closes),
        cmocka_unit_test(r25_persistent_inbound_peers_are_not_exempt),
        cmocka_unit_test(r26_seed_answers_outbound_peers_like_any_node),
        cmocka_unit_test(r26_answer_has_the_size_of_b35_and_leaves_out_the_requester),
        cmocka_unit_test(r27_two_quick_requests_are_answered_and_the_third_bans),
        cmocka_unit_test(r27_third_request_is_measured_from_the_second),
        cmocka_unit_test(d2_one_early_request_an_interval_is_forgiven),
        cmocka_unit_test(r27_every_later_request_has_to_keep_the_interval),
        cmocka_unit_test(r28_empty_book_answers_with_an_empty_list),
        cmocka_unit_test(p13_answer_holds_nobody_private_or_banned),
        cmocka_unit_test(f13_a_reconnect_gives_no_new_free_pass),
        cmocka_unit_test(f13_flapping_connections_get_two_answers_in_an_interval),
        cmocka_unit_test(f13_one_ip_gets_a_burst_of_answers_and_then_one_a_second),
        cmocka_unit_test(f13_an_ipv6_address_shares_the_budget_of_its_64),
        cmocka_unit_test(f13_budget_by_ip_is_off_when_ips_may_repeat),
        cmocka_unit_test(pex_off_means_no_exchange_at_all),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
