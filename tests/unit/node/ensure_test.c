/* core/node/ensure.c: the ensure-peers round (R40 - R47, F1, F2, F14, P1 - P3, P10). */
#include "world.h"

#define PERIOD SECONDS_MS(30)

static struct world *new_node(uint32_t max_outbound)
{
    struct node_settings settings = world_settings();
    settings.max_outbound = max_outbound;
    return world_new(&settings);
}

/* ---- when ---- */

static void r40_the_first_round_runs_at_once_and_then_one_each_period(void **state)
{
    (void)state;
    struct world *world = new_node(10);
    world_start(world);
    assert_int_equal(node_counts(world->node).rounds, 1);
    world_run(world, PERIOD - 1);
    assert_int_equal(node_counts(world->node).rounds, 1);
    world_run(world, 1);
    assert_int_equal(node_counts(world->node).rounds, 2);
    world_run(world, 10 * PERIOD);
    assert_int_equal(node_counts(world->node).rounds, 12);
    world_free(world);
}

static void r41_missed_ticks_are_dropped(void **state)
{
    (void)state;
    struct world *world = new_node(10);
    world_start(world);
    world->now.mono_ms += 5 * PERIOD + 100; /* the host slept */
    world_step(world, &(struct event){.kind = EVENT_TICK});
    assert_int_equal(node_counts(world->node).rounds, 2);
    world_run(world, PERIOD - 101);
    assert_int_equal(node_counts(world->node).rounds, 2);
    world_run(world, 1); /* in step with the start again */
    assert_int_equal(node_counts(world->node).rounds, 3);
    world_free(world);
}

/* ---- how many ---- */

static void r42_no_free_slot_means_no_dial_no_request_no_seed(void **state)
{
    (void)state;
    struct node_settings settings = world_settings();
    struct addr_text seed = text_of(900, NULL);
    settings.seeds = &seed;
    settings.seeds_n = 1;
    settings.max_outbound = 1;
    struct world *world = world_open(&settings);
    uint64_t number = world_only(world, ACTION_DIAL)->conn;
    world_connect(world, number);
    world_add_peers(world, 1, 20);
    world_run(world, 3 * PERIOD);
    assert_int_equal(world_count(world, ACTION_DIAL), 0);
    assert_int_equal(world_sent(world, PEX_REQUEST), 0);
    assert_int_equal(world->fake.asked[HOOK_dial_count], 1); /* of the first round */
    world_free(world);
}

static void r42_s5_dials_in_progress_take_slots(void **state)
{
    (void)state;
    struct world *world = new_node(4);
    world_add_peers(world, 1, 30);
    world_start(world);
    assert_int_equal(world_count(world, ACTION_DIAL), 4);
    world_run(world, 3 * PERIOD); /* none of them ends */
    assert_int_equal(world_count(world, ACTION_DIAL), 0);
    world_free(world);
}

static void r42_s5_unconditional_peers_take_no_slot(void **state)
{
    (void)state;
    struct node_settings settings = world_settings();
    struct peer_id friend = id_of(900);
    settings.max_outbound = 2;
    settings.unconditional_ids = &friend;
    settings.unconditional_ids_n = 1;
    struct world *world = world_open(&settings);
    world_outbound(world, 900);
    assert_int_equal(node_counts(world->node).outbound, 0);
    world_add_peers(world, 1, 10);
    world_run(world, PERIOD);
    assert_int_equal(world_count(world, ACTION_DIAL), 2);
    world_free(world);
}

static void r42_s5_persistent_peers_take_slots(void **state)
{
    (void)state;
    struct node_settings settings = world_settings();
    struct addr_text friend = text_of(900, NULL);
    settings.max_outbound = 2;
    settings.persistent_peers = &friend;
    settings.persistent_peers_n = 1;
    settings.configured_dial_delay_max_ms = 0;
    struct world *world = world_open(&settings);
    world_connect(world, world_only(world, ACTION_DIAL)->conn);
    world_add_peers(world, 1, 10);
    world_run(world, PERIOD);
    assert_int_equal(world_count(world, ACTION_DIAL), 1);
    world_free(world);
}

/* ---- which ---- */

static void a_view_has_what_is_connected_and_how_many_there_may_be(void **state)
{
    (void)state;
    struct node_settings settings = world_settings();
    settings.max_outbound = 3;
    settings.max_inbound = 5;
    settings.dial_concurrency = 7;
    struct world *world = world_open(&settings);
    world_inbound(world, 1);
    world_run(world, PERIOD);
    const struct policy_common *common = &world->fake.bias.common;
    assert_int_equal(common->outbound_max, 3);
    assert_int_equal(common->inbound, 1);
    assert_int_equal(common->inbound_max, 5);
    assert_int_equal(common->dialing_max, 7);
    world_free(world);
}

static void r43_bias_grows_with_outbound_peers_and_is_asked_with_them(void **state)
{
    (void)state;
    struct world *world = new_node(20);
    world_start(world);
    for (uint32_t outbound = 0; outbound <= 9; outbound++) {
        world_run(world, PERIOD);
        assert_int_equal(world->fake.bias.common.outbound, outbound);
        assert_int_equal(world->fake.bias.wanted, 20 - outbound);
        world_outbound(world, 100 + outbound);
    }
    world_free(world);
}

static void r44_candidates_are_three_times_the_wanted(void **state)
{
    (void)state;
    struct world *world = new_node(10);
    world_add_peers(world, 1, 200);
    world_start(world);
    assert_int_equal(world->fake.select.candidates_n, 30);
    assert_int_equal(world->fake.select.wanted, 10);
    assert_int_equal(world_count(world, ACTION_DIAL), 10);
    world_free(world);
}

static void r44_s7_no_candidate_is_connected_dialed_banned_or_persistent(void **state)
{
    (void)state;
    struct node_settings settings = world_settings();
    struct addr_text friend = text_of(4, NULL);
    settings.persistent_peers = &friend;
    settings.persistent_peers_n = 1;
    settings.configured_dial_delay_max_ms = HOURS_MS(1);
    struct world *world = world_open(&settings);
    world_add_peers(world, 1, 6);
    world_outbound(world, 1);
    world_inbound(world, 2);
    world_dial(world, 3);
    world_ban_ip(world, 5, HOURS_MS(1));
    world_run(world, PERIOD);
    struct addr left = addr_of(6);
    assert_true(addr_equal(&world_only(world, ACTION_DIAL)->addr, &left));
    assert_int_equal(world->fake.select.candidates_n, 1);
    world_free(world);
}

static void s7_no_candidate_shares_an_ip_unless_allowed(void **state)
{
    (void)state;
    for (int allowed = 0; allowed < 2; allowed++) {
        struct node_settings settings = world_settings();
        settings.allow_duplicate_ip = allowed;
        settings.strict = false;
        struct world *world = world_open(&settings);
        world_outbound(world, 1);
        struct addr neighbour = addr_of(1);
        neighbour.id = id_of(2);
        neighbour.at.port = 999;
        assert_int_equal(world_add(world, &neighbour, 9), ERR_OK);
        world_run(world, PERIOD);
        assert_int_equal(world_count(world, ACTION_DIAL), allowed);
        world_free(world);
    }
}

static void p3_one_dial_for_one_ip_when_ips_may_not_repeat(void **state)
{
    (void)state;
    struct node_settings settings = world_settings();
    settings.strict = false;
    struct world *world = world_new(&settings);
    for (uint32_t i = 1; i <= 5; i++) {
        struct addr addr = addr_at(i, 0x63010203);
        addr.at.port = (uint16_t)i;
        assert_int_equal(world_add(world, &addr, 50 + i), ERR_OK);
    }
    world_start(world);
    assert_int_equal(world_count(world, ACTION_DIAL), 1);
    world_free(world);
}

static void f14_candidates_in_back_off_are_seen_and_not_dialed(void **state)
{
    (void)state;
    struct world *world = new_node(10);
    world_add_peers(world, 1, 1);
    world_start(world);
    for (unsigned i = 0; i < 5; i++) { /* 2 to 32 s */
        world_all_dials_fail(world, ERR_REFUSED);
        world_run(world, SECONDS_MS(28));
    }
    world_run(world, 2 * PERIOD);
    world_all_dials_fail(world, ERR_REFUSED);
    world_run(world, PERIOD);
    assert_int_equal(world->fake.select.candidates_n, 1);
    assert_true(world->fake.rows[0].retry_in_s > 0);
    assert_int_equal(world_count(world, ACTION_DIAL), 0);
    world_free(world);
}

/* ---- asking ---- */

static void r47_a_round_asks_one_connected_peer_inbound_or_outbound(void **state)
{
    (void)state;
    struct world *world = new_node(10);
    world_start(world);
    unsigned asked[3] = {0};
    uint64_t numbers[] = {world_inbound(world, 1), world_inbound(world, 2), 0};
    numbers[2] = world_outbound(world, 3);
    world_list_of(world, numbers[2], 50, 0);
    for (unsigned round = 0; round < 60; round++) {
        world_run(world, PERIOD);
        const struct done *sent = world_only(world, ACTION_SEND);
        for (unsigned i = 0; i < 3; i++)
            asked[i] += sent->conn == numbers[i];
        world_list_of(world, sent->conn, 50, 0);
    }
    for (unsigned i = 0; i < 3; i++)
        assert_in_range(asked[i], 8, 34); /* 20 each, by a fixed seed */
    world_free(world);
}

static void r47_nobody_is_asked_when_the_book_has_enough(void **state)
{
    (void)state;
    struct node_settings settings = world_settings();
    struct world *world = world_new_wanting(&settings, 0);
    world_add_peers(world, 100, 40); /* below 32 it always wants more (P7) */
    world_start(world);
    world_inbound(world, 1);
    world_run(world, 3 * PERIOD);
    assert_int_equal(world_sent(world, PEX_REQUEST), 0);
    world_free(world);
}

static void r46_expired_bans_are_reinstated_when_the_book_is_short(void **state)
{
    (void)state;
    struct world *world = new_node(10);
    world_add_peers(world, 1, 1);
    world_ban(world, 1, SECONDS_MS(40));
    world_start(world);
    world_run(world, PERIOD);
    assert_false(world_knows(world, 1));
    world_run(world, PERIOD);
    assert_true(world_knows(world, 1));
    world_free(world);
}

static void f5_expired_bans_come_back_without_free_slots_and_to_a_full_book(void **state)
{
    (void)state;
    struct node_settings settings = world_settings();
    settings.max_outbound = 0;
    struct world *world = world_new_wanting(&settings, 0);
    world_add_peers(world, 100, 40); /* below 32 it always wants more (P7) */
    world_add_peers(world, 1, 1);
    world_ban(world, 1, SECONDS_MS(40));
    world_start(world);
    world_run(world, PERIOD);
    assert_false(world_knows(world, 1));
    world_run(world, PERIOD);
    assert_true(world_knows(world, 1));
    world_free(world);
}

/* ---- seeds ---- */

static struct world *open_with_seed(const struct addr_text *seed, uint32_t first, uint32_t n)
{
    struct node_settings settings = world_settings();
    settings.seeds = seed;
    settings.seeds_n = 1;
    struct world *world = world_new(&settings);
    world_add_peers(world, first, n);
    world_start(world);
    return world;
}

static void r47_seeds_are_dialed_when_nothing_was_chosen(void **state)
{
    (void)state;
    struct addr_text seed = text_of(900, NULL);
    struct world *world = open_with_seed(&seed, 0, 0);
    assert_true(world_dialed(world, 900));
    world_free(world);
}

static void r47_seeds_are_left_alone_while_the_book_gives_candidates(void **state)
{
    (void)state;
    struct addr_text seed = text_of(900, NULL);
    struct world *world = open_with_seed(&seed, 1, 5);
    assert_int_equal(world_count(world, ACTION_DIAL), 5);
    assert_false(world_dialed(world, 900));
    world_free(world);
}

static void f14_candidates_in_back_off_do_not_keep_us_from_the_seeds(void **state)
{
    (void)state;
    struct addr_text seed = text_of(900, NULL);
    struct world *world = open_with_seed(&seed, 1, 1);
    world_inbound(world, 2);           /* not alone */
    for (unsigned i = 0; i < 4; i++) { /* back-offs of 2 to 16 s */
        assert_int_equal(world_all_dials_fail(world, ERR_REFUSED), 1);
        world_run(world, PERIOD);
        assert_true(world_dialed(world, 1) && !world_dialed(world, 900));
    }
    assert_int_equal(world_all_dials_fail(world, ERR_REFUSED), 1); /* 32 s */
    world_run(world, PERIOD);
    assert_true(!world_dialed(world, 1) && world_dialed(world, 900));
    world_free(world);
}

static void pick_every_row(
    struct fake_policy *fake, enum hook hook, const void *view, void *verdict)
{
    struct select_verdict *picked = verdict;
    (void)fake;
    if (hook != HOOK_select)
        return;
    *picked = (struct select_verdict){.picks_n = ((const struct select_view *)view)->candidates_n};
    for (size_t i = 0; i < picked->picks_n; i++)
        picked->picks[i].row = (int64_t)i;
}

/* Whatever a policy picks, only what may be dialed counts. */
static void f14_picks_in_back_off_do_not_keep_us_from_the_seeds(void **state)
{
    (void)state;
    struct addr_text seed = text_of(900, NULL);
    struct world *world = open_with_seed(&seed, 1, 1);
    world->fake.twist = pick_every_row;
    world_inbound(world, 2); /* not alone */
    for (unsigned i = 0; i < 5; i++) {
        assert_int_equal(world_all_dials_fail(world, ERR_REFUSED), 1);
        world_run(world, PERIOD);
    }
    assert_true(!world_dialed(world, 1) && world_dialed(world, 900));
    world_free(world);
}

static void f14_alone_for_two_periods_seeds_are_dialed_whatever_the_book_holds(void **state)
{
    (void)state;
    struct addr_text seed = text_of(900, NULL);
    struct world *world = open_with_seed(&seed, 1, 1100);
    assert_false(book_need_more(world->book));
    struct endpoint stranger = remote_of(901);
    bool dialed = false;
    unsigned rounds = 0;
    for (; rounds < 4 && !dialed; rounds++) {
        world_all_dials_fail(world, ERR_TIMEOUT);
        world_closed(world, world_accept(world, &stranger), ERR_RESET); /* is no company */
        world_run(world, PERIOD);
        dialed = world_dialed(world, 900);
    }
    assert_true(dialed);
    assert_int_equal(rounds, 2);
    assert_true(world_sockets(world, SOCKET_DIALING) <= 10);
    /* Asked, though the book holds more than enough: it holds nothing that answers. */
    world_connect(world, world_number(world, 900));
    assert_int_equal(world_sent(world, PEX_REQUEST), 1);
    world_free(world);
}

static void f14_with_a_peer_seeds_are_left_alone(void **state)
{
    (void)state;
    struct addr_text seed = text_of(900, NULL);
    struct world *world = open_with_seed(&seed, 1, 1100);
    world_connect(world, world_last(world, ACTION_DIAL)->conn);
    for (unsigned i = 0; i < 6; i++) {
        world_all_dials_fail(world, ERR_TIMEOUT);
        world_run(world, PERIOD);
        assert_false(world_dialed(world, 900));
    }
    world_free(world);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(r40_the_first_round_runs_at_once_and_then_one_each_period),
        cmocka_unit_test(r41_missed_ticks_are_dropped),
        cmocka_unit_test(r42_no_free_slot_means_no_dial_no_request_no_seed),
        cmocka_unit_test(r42_s5_dials_in_progress_take_slots),
        cmocka_unit_test(r42_s5_unconditional_peers_take_no_slot),
        cmocka_unit_test(r42_s5_persistent_peers_take_slots),
        cmocka_unit_test(a_view_has_what_is_connected_and_how_many_there_may_be),
        cmocka_unit_test(r43_bias_grows_with_outbound_peers_and_is_asked_with_them),
        cmocka_unit_test(r44_candidates_are_three_times_the_wanted),
        cmocka_unit_test(r44_s7_no_candidate_is_connected_dialed_banned_or_persistent),
        cmocka_unit_test(s7_no_candidate_shares_an_ip_unless_allowed),
        cmocka_unit_test(p3_one_dial_for_one_ip_when_ips_may_not_repeat),
        cmocka_unit_test(f14_candidates_in_back_off_are_seen_and_not_dialed),
        cmocka_unit_test(r47_a_round_asks_one_connected_peer_inbound_or_outbound),
        cmocka_unit_test(r47_nobody_is_asked_when_the_book_has_enough),
        cmocka_unit_test(r46_expired_bans_are_reinstated_when_the_book_is_short),
        cmocka_unit_test(f5_expired_bans_come_back_without_free_slots_and_to_a_full_book),
        cmocka_unit_test(r47_seeds_are_dialed_when_nothing_was_chosen),
        cmocka_unit_test(r47_seeds_are_left_alone_while_the_book_gives_candidates),
        cmocka_unit_test(f14_candidates_in_back_off_do_not_keep_us_from_the_seeds),
        cmocka_unit_test(f14_picks_in_back_off_do_not_keep_us_from_the_seeds),
        cmocka_unit_test(f14_alone_for_two_periods_seeds_are_dialed_whatever_the_book_holds),
        cmocka_unit_test(f14_with_a_peer_seeds_are_left_alone),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
