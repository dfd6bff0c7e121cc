/* core/node/seeds.c: seeds at start, walks through them, look-ups (R3 - R6, R58, P10, F14). */
#include "world.h"

#define PERIOD SECONDS_MS(30)

static struct addr_text seeds[4];

/* Seeds are peers 901 .. 900 + n; named ones have hosts. */
static struct node_settings with_seeds(size_t n, bool named)
{
    struct node_settings settings = world_settings();
    for (uint32_t i = 0; i < n; i++)
        seeds[i] = text_of(901 + i, named ? "seed.example" : NULL);
    settings.seeds = seeds;
    settings.seeds_n = n;
    return settings;
}

/* Nodes that have started with n seeds, with an empty book or knowing one address. */

static struct world *open_with_seeds(size_t n)
{
    struct node_settings settings = with_seeds(n, false);
    return world_open(&settings);
}

static struct world *open_with_named_seeds(size_t n)
{
    struct node_settings settings = with_seeds(n, true);
    return world_open(&settings);
}

static struct world *open_knowing_one_address(size_t named_seeds)
{
    struct node_settings settings = with_seeds(named_seeds, true);
    struct world *world = world_new(&settings);
    world_add_peers(world, 1, 1);
    world_start(world);
    return world;
}

static bool aborted(const struct world *world)
{
    return world_count(world, ACTION_ABORT) > 0;
}

/* ---- start (R3 - R6) ---- */

static void r3_without_seeds_an_empty_book_is_fine(void **state)
{
    (void)state;
    struct world *world = open_with_seeds(0);
    assert_int_equal(world->done_n, 0);
    world_run(world, 5 * PERIOD); /* R58: silent */
    assert_false(world_logged(world, "no seed could be reached"));
    world_free(world);
}

static void r5_names_are_looked_up_and_a_failure_drops_that_seed_only(void **state)
{
    (void)state;
    struct world *world = open_with_named_seeds(3);
    assert_int_equal(world_count(world, ACTION_RESOLVE), 3);
    struct ip ip = addr_of(902).at.ip;
    world_resolved(world, 0, NULL);
    assert_true(world_logged(world, "seed does not resolve"));
    world_resolved(world, 1, &ip);
    assert_true(world_dialed(world, 902)); /* at once: nobody else is there */
    world_resolved(world, 2, NULL);
    assert_false(aborted(world));
    world_free(world);
}

static void r6_no_seed_resolved_and_no_address_aborts_once_all_answers_are_there(void **state)
{
    (void)state;
    struct world *world = open_with_named_seeds(3);
    world_resolved(world, 2, NULL);
    world_resolved(world, 0, NULL);
    assert_false(aborted(world));
    world_resolved(world, 1, NULL);
    assert_true(aborted(world));
    world_free(world);
}

static void r6_with_an_address_in_the_book_it_starts(void **state)
{
    (void)state;
    struct world *world = open_knowing_one_address(1);
    world_resolved(world, 0, NULL);
    assert_false(aborted(world));
    world_free(world);
}

static void r6_is_decided_once(void **state)
{
    (void)state;
    struct world *world = open_knowing_one_address(1);
    world_resolved(world, 0, NULL);
    struct peer_id id = id_of(1);
    book_remove(world->book, &id);
    world_run(world, SECONDS_MS(30));
    world_resolved(world, 0, NULL);
    assert_false(aborted(world));
    world_free(world);
}

static void r6_a_literal_seed_counts_as_online(void **state)
{
    (void)state;
    struct node_settings settings = with_seeds(2, false);
    seeds[1] = text_of(902, "seed.example");
    struct world *world = world_open(&settings);
    world_resolved(world, 1, NULL);
    assert_false(aborted(world));
    world_free(world);
}

static void pex_off_leaves_the_seeds_alone(void **state)
{
    (void)state;
    struct node_settings settings = with_seeds(2, true);
    settings.pex = false;
    struct world *world = world_open(&settings);
    assert_int_equal(world->done_n, 0);
    world_free(world);
}

/* ---- look-ups later (F14) ---- */

static void f14_names_that_fail_are_looked_up_again_with_growing_waits(void **state)
{
    (void)state;
    struct world *world = open_knowing_one_address(1);
    static const int64_t waits_s[] = {30, 60, 120, 240, 480, 600, 600};
    for (unsigned i = 0; i < 7; i++) {
        world_resolved(world, 0, NULL);
        world_run(world, SECONDS_MS(waits_s[i]) - 1);
        assert_int_equal(world_count(world, ACTION_RESOLVE), 0);
        world_run(world, 1);
        assert_int_equal(world_count(world, ACTION_RESOLVE), 1);
    }
    world_free(world);
}

static void f14_a_named_seed_that_cannot_be_reached_is_looked_up_again(void **state)
{
    (void)state;
    struct world *world = open_with_named_seeds(1);
    struct ip before = addr_of(901).at.ip, after = addr_of(555).at.ip;
    world_resolved(world, 0, &before);
    world_dial_fails(world, world_number(world, 901), ERR_TIMEOUT, false);
    world_run(world, PERIOD);
    assert_int_equal(world_count(world, ACTION_RESOLVE), 1);
    world_all_dials_fail(world, ERR_TIMEOUT);
    world_run(world, SECONDS_MS(12));
    world_resolved(world, 0, &after);
    assert_true(ip_equal(&world_only(world, ACTION_DIAL)->addr.at.ip, &after));
    world_free(world);
}

static void f14_a_name_without_addresses_did_not_resolve(void **state)
{
    (void)state;
    struct world *world = open_with_named_seeds(1);
    world_add_peers(world, 1, 1);
    struct ip none = {0};
    struct event answer = {.kind = EVENT_RESOLVED, .resolved = {.token = 0, .ips = &none}};
    world_step(world, &answer);
    assert_true(world_logged(world, "seed does not resolve"));
    world_free(world);
}

static void answers_nobody_waits_for_are_ignored(void **state)
{
    (void)state;
    struct world *world = open_with_named_seeds(1);
    struct ip ip = addr_of(901).at.ip;
    uint64_t strange[] = {1, 99, UINT64_C(1) << 32, UINT64_MAX};
    for (unsigned i = 0; i < 4; i++) {
        world_resolved(world, strange[i], &ip);
        assert_int_equal(world->done_n, 0);
    }
    world_resolved(world, 0, &ip);
    world_all_dials_fail(world, ERR_TIMEOUT);
    world_resolved(world, 0, NULL); /* a second answer */
    assert_int_equal(world->done_n + world->logged_n, 0);
    world_free(world);
}

/* ---- walks (R58) ---- */

static void r58_seeds_are_dialed_one_at_a_time_until_one_answers(void **state)
{
    (void)state;
    struct world *world = open_with_seeds(4);
    for (unsigned i = 0; i < 3; i++) {
        uint64_t number = world_only(world, ACTION_DIAL)->conn;
        world_dial_fails(world, number, ERR_REFUSED, false);
        assert_true(world_logged(world, "seed dial failed"));
    }
    world_connect(world, world_only(world, ACTION_DIAL)->conn);
    assert_int_equal(world_count(world, ACTION_DIAL), 0);
    assert_int_equal(world->fake.asked[HOOK_backoff], 0); /* no counters */
    assert_int_equal(bans_count(book_bans(world->book)), 0);
    world_free(world);
}

static void r58_all_seeds_failing_is_logged_and_tried_again_next_round(void **state)
{
    (void)state;
    struct world *world = open_with_seeds(3);
    for (unsigned i = 0; i < 3; i++)
        world_dial_fails(world, world_only(world, ACTION_DIAL)->conn, ERR_TIMEOUT, false);
    assert_true(world_logged(world, "no seed could be reached"));
    world_run(world, PERIOD - 1);
    assert_int_equal(world_count(world, ACTION_DIAL), 0);
    world_run(world, 1);
    assert_int_equal(world_count(world, ACTION_DIAL), 1);
    world_free(world);
}

static void r58_the_order_changes_from_run_to_run(void **state)
{
    (void)state;
    struct node_settings settings = with_seeds(4, false);
    unsigned first[4] = {0};
    for (uint64_t seed = 1; seed <= 80; seed++) {
        settings.rng_seed = seed;
        struct world *world = world_open(&settings);
        for (unsigned i = 0; i < 4; i++)
            first[i] += world_dialed(world, 901 + i);
        world_free(world);
    }
    for (unsigned i = 0; i < 4; i++)
        assert_in_range(first[i], 8, 36); /* 20 each; fixed seeds */
}

static void r58_a_seed_that_is_connected_ends_the_walk(void **state)
{
    (void)state;
    struct world *world = open_with_seeds(3);
    uint32_t dialed = 901;
    while (!world_number(world, dialed))
        dialed++;
    for (uint32_t n = 901; n <= 903; n++) /* the others connect to us meanwhile */
        if (n != dialed)
            world_inbound(world, n);
    world_dial_fails(world, world_number(world, dialed), ERR_TIMEOUT, false);
    assert_false(world_logged(world, "no seed could be reached"));
    assert_int_equal(world_count(world, ACTION_DIAL), 0);
    world_free(world);
}

static void r58_a_seed_that_dialed_us_meanwhile_counts_as_reached(void **state)
{
    (void)state;
    struct world *world = open_with_seeds(2);
    uint64_t number = world_only(world, ACTION_DIAL)->conn;
    uint32_t n = world_dialed(world, 901) ? 901 : 902;
    world_inbound(world, n);
    world_connect(world, number); /* a duplicate ID */
    assert_false(world_is_peer(world, number));
    assert_int_equal(world_count(world, ACTION_DIAL), 0);
    world_free(world);
}

static void p10_one_seed_is_not_dialed_twice_within_10_s(void **state)
{
    (void)state;
    struct node_settings settings = with_seeds(1, false);
    settings.ensure_peers_period_ms = SECONDS_MS(1);
    struct world *world = world_open(&settings);
    int64_t last_ms = world->now.mono_ms;
    for (unsigned i = 0; i < 20; i++) {
        world_all_dials_fail(world, ERR_REFUSED);
        while (world_sockets(world, SOCKET_DIALING) == 0)
            world_run(world, 500);
        assert_true(world->now.mono_ms - last_ms >= SECONDS_MS(10));
        last_ms = world->now.mono_ms;
    }
    world_free(world);
}

static void a_seed_that_closes_at_once_is_not_dialed_in_a_loop(void **state)
{
    (void)state;
    struct world *world = open_with_seeds(1);
    for (unsigned i = 0; i < 5; i++) {
        uint64_t number = world_number(world, 901);
        world_connect(world, number);
        world_closed(world, number, ERR_CLOSED_BY_PEER);
        assert_int_equal(world_count(world, ACTION_DIAL), 0);
        world_run(world, PERIOD);
        assert_int_equal(world_count(world, ACTION_DIAL), 1);
    }
    world_free(world);
}

/* Its address may be in the book, told by others: rounds still leave it to the walks. */
static void f16_a_seed_in_the_book_is_no_candidate_of_a_round(void **state)
{
    (void)state;
    struct node_settings settings = with_seeds(1, false);
    settings.ensure_peers_period_ms = SECONDS_MS(1);
    struct world *world = world_new(&settings);
    world_add_peers(world, 901, 1);
    world_start(world);
    uint64_t number = world_only(world, ACTION_DIAL)->conn; /* by a walk: nobody else to dial */
    world_connect(world, number);
    world_closed(world, number, ERR_CLOSED_BY_PEER);
    world_run(world, SECONDS_MS(9));
    assert_int_equal(world->fake.asked[HOOK_select], 0);
    assert_int_equal(world_sockets(world, SOCKET_DIALING), 0);
    world_free(world);
}

static void p17_a_seed_in_a_banned_range_is_dialed_still(void **state)
{
    (void)state;
    struct node_settings settings = with_seeds(1, false);
    struct world *world = world_new(&settings);
    world_ban_ip(world, 901, HOURS_MS(1));
    world_start(world);
    world_connect(world, world_number(world, 901));
    assert_true(world_is_peer(world, world_number(world, 901)));
    world_free(world);
}

static void our_own_id_among_the_seeds_is_skipped(void **state)
{
    (void)state;
    struct node_settings settings = with_seeds(2, false);
    seeds[0].id = settings.id;
    struct world *world = world_open(&settings);
    assert_true(world_dialed(world, 902));
    world_all_dials_fail(world, ERR_REFUSED);
    assert_int_equal(world_sockets(world, SOCKET_DIALING), 0);
    world_free(world);
}

static void s12_a_seed_that_is_ourselves_is_not_dialed_again(void **state)
{
    (void)state;
    struct world *world = open_with_seeds(1);
    world_dial_fails(world, world_number(world, 901), ERR_SELF, true);
    world_run(world, 10 * PERIOD);
    assert_int_equal(world_count(world, ACTION_DIAL), 0);
    assert_false(world_logged(world, "dialing seeds"));
    world_free(world);
}

static void people_are_told_of_failed_dials_and_look_ups(void **state)
{
    (void)state;
    struct node_settings settings = with_seeds(1, false);
    struct world *world = world_open(&settings);
    world_dial_fails(world, world_number(world, 901), ERR_REFUSED, false);
    struct node_configured told = world_configured(world, NODE_SEEDS);
    assert_int_equal(told.failures, 1);
    assert_int_equal(told.error, ERR_REFUSED);
    world_run(world, PERIOD);
    world_dial_fails(world, world_number(world, 901), ERR_OTHER_NETWORK, true);
    told = world_configured(world, NODE_SEEDS);
    assert_int_equal(told.failures, 2);
    assert_int_equal(told.error, ERR_OTHER_NETWORK);
    world_run(world, PERIOD);
    world_connect(world, world_number(world, 901));
    told = world_configured(world, NODE_SEEDS);
    assert_int_equal(told.failures, 0);
    assert_int_equal(told.error, ERR_OK);
    world_free(world);
    world = open_with_named_seeds(1);
    world_resolved(world, 0, NULL);
    told = world_configured(world, NODE_SEEDS);
    assert_int_equal(told.failures, 1);
    assert_int_equal(told.error, ERR_LOOKUP);
    world_free(world);
}

/* The seed is dialed at the time that was told, and not before. */
static void assert_dials_when_told(struct world *world)
{
    world_all_dials_fail(world, ERR_REFUSED);
    int64_t next_ms = world_configured(world, NODE_SEEDS).next_ms;
    world_run(world, next_ms - world->now.mono_ms - 1);
    assert_int_equal(world_sockets(world, SOCKET_DIALING), 0);
    world_run(world, 1);
    assert_int_equal(world_sockets(world, SOCKET_DIALING), 1);
}

static void people_are_told_when_a_seed_is_really_tried_again(void **state)
{
    (void)state;
    static const int64_t periods_s[] = {1, 7, 30};
    for (unsigned i = 0; i < 6; i++) {
        struct node_settings settings = with_seeds(1, false);
        settings.seed_mode = i % 2;
        settings.ensure_peers_period_ms = settings.crawl_period_ms = SECONDS_MS(periods_s[i / 2]);
        struct world *world = world_open(&settings);
        assert_dials_when_told(world);
        assert_dials_when_told(world);
        world_free(world);
    }
}

static void people_are_told_of_no_try_while_no_seed_is_wanted(void **state)
{
    (void)state;
    struct node_settings settings = with_seeds(1, false);
    settings.seed_mode = true;
    struct world *world = world_open(&settings);
    world_all_dials_fail(world, ERR_REFUSED);
    assert_int_not_equal(world_configured(world, NODE_SEEDS).next_ms, NEVER_MS);
    world_inbound(world, 1);
    assert_int_equal(world_configured(world, NODE_SEEDS).next_ms, NEVER_MS);
    world_free(world);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(r3_without_seeds_an_empty_book_is_fine),
        cmocka_unit_test(r5_names_are_looked_up_and_a_failure_drops_that_seed_only),
        cmocka_unit_test(r6_no_seed_resolved_and_no_address_aborts_once_all_answers_are_there),
        cmocka_unit_test(r6_with_an_address_in_the_book_it_starts),
        cmocka_unit_test(r6_is_decided_once),
        cmocka_unit_test(r6_a_literal_seed_counts_as_online),
        cmocka_unit_test(pex_off_leaves_the_seeds_alone),
        cmocka_unit_test(f14_names_that_fail_are_looked_up_again_with_growing_waits),
        cmocka_unit_test(f14_a_named_seed_that_cannot_be_reached_is_looked_up_again),
        cmocka_unit_test(f14_a_name_without_addresses_did_not_resolve),
        cmocka_unit_test(answers_nobody_waits_for_are_ignored),
        cmocka_unit_test(r58_seeds_are_dialed_one_at_a_time_until_one_answers),
        cmocka_unit_test(r58_all_seeds_failing_is_logged_and_tried_again_next_round),
        cmocka_unit_test(r58_the_order_changes_from_run_to_run),
        cmocka_unit_test(r58_a_seed_that_is_connected_ends_the_walk),
        cmocka_unit_test(r58_a_seed_that_dialed_us_meanwhile_counts_as_reached),
        cmocka_unit_test(p10_one_seed_is_not_dialed_twice_within_10_s),
        cmocka_unit_test(a_seed_that_closes_at_once_is_not_dialed_in_a_loop),
        cmocka_unit_test(f16_a_seed_in_the_book_is_no_candidate_of_a_round),
        cmocka_unit_test(p17_a_seed_in_a_banned_range_is_dialed_still),
        cmocka_unit_test(our_own_id_among_the_seeds_is_skipped),
        cmocka_unit_test(s12_a_seed_that_is_ourselves_is_not_dialed_again),
        cmocka_unit_test(people_are_told_of_failed_dials_and_look_ups),
        cmocka_unit_test(people_are_told_when_a_seed_is_really_tried_again),
        cmocka_unit_test(people_are_told_of_no_try_while_no_seed_is_wanted),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
