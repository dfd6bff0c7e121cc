/* core/node/persistent.c: peers the operator wants connected (S6, S14 - S17, S20, R53, F16, P25).
 */
#include "world.h"

static struct addr_text friends[3];

/* Persistent peers 1 .. n; the first may be a name. */
static struct node_settings with_friends(size_t n, const char *host)
{
    struct node_settings settings = world_settings();
    for (uint32_t i = 0; i < n; i++)
        friends[i] = text_of(1 + i, i == 0 ? host : NULL);
    settings.persistent_peers = friends;
    settings.persistent_peers_n = n;
    return settings;
}

/* Runs until peer 1 is dialed; how long that took. */
static int64_t next_dial_ms(struct world *world)
{
    int64_t began_ms = world->now.mono_ms;
    while (!world_number(world, 1) && world->now.mono_ms - began_ms < HOURS_MS(48))
        world_run(world, 100);
    assert_true(world_number(world, 1));
    return world->now.mono_ms - began_ms;
}

static void refuse(struct world *world)
{
    world_dial_fails(world, world_number(world, 1), ERR_REFUSED, false);
}

/* ---- start (S16) ---- */

static void s16_peers_are_added_to_the_book_told_by_us_and_saved_at_once(void **state)
{
    (void)state;
    struct node_settings settings = with_friends(2, NULL);
    struct world *world = world_open(&settings);
    assert_int_equal(world_count(world, ACTION_EXPORT), 1);
    struct peer_id id = id_of(1);
    const struct book_entry *entry = book_find(world->book, &id);
    assert_non_null(entry);
    assert_true(addr_equal(book_source(world->book, entry, 0), &settings.own_addresses[0]));
    world_free(world);
}

static void s16_each_is_dialed_after_a_delay_of_up_to_3_s(void **state)
{
    (void)state;
    int64_t least = INT64_MAX, most = 0;
    for (uint64_t seed = 0; seed < 60; seed++) {
        struct node_settings settings = with_friends(1, NULL);
        settings.rng_seed = seed;
        struct world *world = world_open(&settings);
        int64_t after = next_dial_ms(world);
        least = earlier_ms(least, after);
        most = after > most ? after : most;
        world_free(world);
    }
    assert_in_range(least, 0, 300);
    assert_in_range(most, 2700, 3000);
}

static void s16_ourselves_are_skipped(void **state)
{
    (void)state;
    struct node_settings settings = with_friends(2, NULL);
    friends[0].id = settings.id;
    struct world *world = world_open(&settings);
    world_run(world, SECONDS_MS(10));
    assert_int_equal(world_count(world, ACTION_DIAL), 1);
    assert_true(world_number(world, 2));
    world_free(world);
}

/* ---- schedule (S20, F16) ---- */

static void s20_twenty_tries_5_to_8_s_apart_and_then_growing_to_5_minutes(void **state)
{
    (void)state;
    struct node_settings settings = with_friends(1, NULL);
    struct world *world = world_open(&settings);
    next_dial_ms(world);
    for (unsigned i = 0; i < 20; i++) {
        refuse(world);
        assert_in_range(next_dial_ms(world), 5000, 8100);
    }
    static const int64_t growing_s[] = {3, 9, 27, 81, 243};
    for (unsigned i = 0; i < 5; i++) {
        refuse(world);
        assert_in_range(next_dial_ms(world), growing_s[i] * 1000, growing_s[i] * 1000 + 3100);
    }
    for (unsigned i = 0; i < 500; i++) { /* F16: never given up */
        refuse(world);
        assert_in_range(next_dial_ms(world), MINUTES_MS(5), MINUTES_MS(5) + 100);
    }
    assert_int_equal(world->fake.asked[HOOK_backoff], 0); /* not by the rules of R50 - R52 */
    assert_int_equal(bans_count(book_bans(world->book)), 0);
    world_free(world);
}

static int64_t settled_wait_ms(int64_t max_dial_period_ms)
{
    struct node_settings settings = with_friends(1, NULL);
    settings.persistent_max_dial_period_ms = max_dial_period_ms;
    struct world *world = world_open(&settings);
    int64_t wait = next_dial_ms(world);
    for (unsigned i = 0; i < 40; i++) {
        refuse(world);
        wait = next_dial_ms(world);
    }
    world_free(world);
    return wait;
}

static void r53_p25_the_operators_cap_holds_between_a_second_and_a_day(void **state)
{
    (void)state;
    assert_in_range(settled_wait_ms(SECONDS_MS(2)), 2000, 2100);
    assert_in_range(settled_wait_ms(HOURS_MS(1)), HOURS_MS(1), HOURS_MS(1) + 100);
    assert_in_range(settled_wait_ms(1), 1000, 1100);
    assert_in_range(settled_wait_ms(INT64_MAX), HOURS_MS(24), HOURS_MS(24) + 100); /* F15 */
}

static void s20_success_starts_the_schedule_anew(void **state)
{
    (void)state;
    struct node_settings settings = with_friends(1, NULL);
    struct world *world = world_open(&settings);
    next_dial_ms(world);
    for (unsigned i = 0; i < 30; i++) {
        refuse(world);
        next_dial_ms(world);
    }
    world_connect(world, world_number(world, 1));
    world_run(world, MINUTES_MS(1));
    world_closed(world, world_number(world, 1), ERR_RESET);
    assert_true(world_dialed(world, 1)); /* S14: at once */
    refuse(world);
    assert_in_range(next_dial_ms(world), 5000, 8100);
    world_free(world);
}

static void s20_a_peer_that_closes_at_once_is_not_dialed_in_a_loop(void **state)
{
    (void)state;
    struct node_settings settings = with_friends(1, NULL);
    struct world *world = world_open(&settings);
    next_dial_ms(world);
    for (unsigned i = 0; i < 20; i++) {
        world_connect(world, world_number(world, 1));
        world_closed(world, world_number(world, 1), ERR_CLOSED_BY_PEER);
        assert_in_range(next_dial_ms(world), 5000, 8100);
    }
    world_free(world);
}

static void people_are_told_why_it_was_lost_or_not_reached(void **state)
{
    (void)state;
    struct node_settings settings = with_friends(1, NULL);
    struct world *world = world_open(&settings);
    next_dial_ms(world);
    refuse(world);
    assert_int_equal(world_configured(world, NODE_PERSISTENT).error, ERR_REFUSED);
    next_dial_ms(world);
    world_connect(world, world_number(world, 1));
    assert_int_equal(world_configured(world, NODE_PERSISTENT).error, ERR_OK);
    world_run(world, MINUTES_MS(1));
    world_closed(world, world_number(world, 1), ERR_RESET);
    struct node_configured told = world_configured(world, NODE_PERSISTENT);
    assert_int_equal(told.error, ERR_RESET);
    assert_int_equal(told.failures, 0);
    world_free(world);
}

static void s20_it_retries_whatever_the_error(void **state)
{
    (void)state;
    static const enum err errs[] = {ERR_WRONG_ID, ERR_OTHER_NETWORK, ERR_TIMEOUT, ERR_UNREACHABLE,
        ERR_NODE_INFO, ERR_NO_DESCRIPTORS};
    struct node_settings settings = with_friends(1, NULL);
    struct world *world = world_open(&settings);
    for (unsigned i = 0; i < 6; i++) {
        next_dial_ms(world);
        world_dial_fails(world, world_number(world, 1), errs[i], errs[i] == ERR_OTHER_NETWORK);
    }
    next_dial_ms(world);
    assert_int_equal(bans_count(book_bans(world->book)), 0);
    world_free(world);
}

static void s12_a_persistent_peer_that_is_ourselves_is_given_up(void **state)
{
    (void)state;
    struct node_settings settings = with_friends(1, NULL);
    struct world *world = world_open(&settings);
    next_dial_ms(world);
    world_dial_fails(world, world_number(world, 1), ERR_SELF, true);
    world_run(world, HOURS_MS(1));
    assert_int_equal(world_count(world, ACTION_DIAL), 0);
    world_free(world);
}

/* ---- names (F16) ---- */

static void f16_a_name_is_looked_up_before_every_try(void **state)
{
    (void)state;
    struct node_settings settings = with_friends(1, "friend.example");
    struct world *world = world_open(&settings);
    for (uint32_t i = 0; i < 5; i++) {
        while (world_count(world, ACTION_RESOLVE) == 0)
            world_run(world, 100);
        struct ip ip = addr_of(100 + i).at.ip; /* another one each time */
        world_resolved(world, world_only(world, ACTION_RESOLVE)->token, &ip);
        assert_true(ip_equal(&world_only(world, ACTION_DIAL)->addr.at.ip, &ip));
        assert_true(world_knows(world, 1)); /* S16 */
        refuse(world);
    }
    world_free(world);
}

static void f16_a_name_that_does_not_resolve_is_tried_for_ever(void **state)
{
    (void)state;
    struct node_settings settings = with_friends(1, "friend.example");
    struct world *world = world_open(&settings);
    for (unsigned i = 0; i < 100; i++) {
        for (unsigned s = 0; world_count(world, ACTION_RESOLVE) == 0; s++) {
            assert_true(s <= 300);
            world_run(world, SECONDS_MS(1));
        }
        world_resolved(world, world_only(world, ACTION_RESOLVE)->token, NULL);
    }
    world_free(world);
}

static void f16_one_look_up_at_a_time(void **state)
{
    (void)state;
    struct node_settings settings = with_friends(1, "friend.example");
    struct world *world = world_open(&settings);
    world_run(world, SECONDS_MS(3));
    assert_int_equal(world_count(world, ACTION_RESOLVE), 1);
    uint64_t token = world_last(world, ACTION_RESOLVE)->token;
    uint64_t inbound = world_inbound(world, 1); /* comes and goes while we wait */
    world_run(world, SECONDS_MS(10));
    world_closed(world, inbound, ERR_RESET);
    assert_int_equal(world_count(world, ACTION_RESOLVE), 0);
    world_run(world, MINUTES_MS(5));
    assert_int_equal(world_count(world, ACTION_RESOLVE), 0);
    struct ip ip = addr_of(1).at.ip;
    world_resolved(world, token, &ip);
    assert_int_equal(world_count(world, ACTION_DIAL), 1);
    world_free(world);
}

/* ---- one dialer, one identity (S6, F16) ---- */

static void f16_rounds_leave_persistent_peers_to_their_own_dialer(void **state)
{
    (void)state;
    struct node_settings settings = with_friends(1, NULL);
    settings.configured_dial_delay_max_ms = HOURS_MS(2);
    settings.rng_seed = 3;
    struct world *world = world_open(&settings);
    assert_true(world_knows(world, 1));
    world_run(world, MINUTES_MS(2));
    assert_int_equal(world_count(world, ACTION_DIAL), 0);
    world_free(world);
}

static void s6_f16_an_inbound_peer_is_persistent_by_its_id(void **state)
{
    (void)state;
    struct node_settings settings = with_friends(1, NULL);
    struct world *world = world_open(&settings);
    struct endpoint elsewhere = remote_of(200);
    struct peer_id id = id_of(1);
    uint64_t number = world_accept(world, &elsewhere);
    world_establish(world, number, &id, "tcp://0.0.0.0:1");
    world_run(world, MINUTES_MS(1));
    assert_int_equal(world_count(world, ACTION_DIAL), 0); /* connected already */
    world_closed(world, number, ERR_RESET);
    struct addr configured = addr_of(1);
    assert_true(addr_equal(&world_only(world, ACTION_DIAL)->addr, &configured));
    world_free(world);
}

static void s14_our_dial_that_meets_an_inbound_connection_is_no_failure(void **state)
{
    (void)state;
    struct node_settings settings = with_friends(1, NULL);
    struct world *world = world_open(&settings);
    next_dial_ms(world);
    uint64_t dial = world_number(world, 1), inbound = world_inbound(world, 1);
    world_connect(world, dial);
    assert_false(world_is_peer(world, dial));
    assert_false(world_logged(world, "persistent peer not reached, will try again"));
    world_run(world, MINUTES_MS(10));
    assert_int_equal(world_count(world, ACTION_DIAL), 0);
    world_closed(world, inbound, ERR_RESET);
    assert_int_equal(world_count(world, ACTION_DIAL), 1);
    world_free(world);
}

static void s15_after_a_graceful_close_there_is_no_reconnect_for_5_minutes(void **state)
{
    (void)state;
    struct node_settings settings = with_friends(1, NULL);
    struct world *world = world_open(&settings);
    for (unsigned i = 0; i < 2; i++) { /* F13: three answers in an interval close gracefully */
        uint64_t number = world_inbound(world, 1);
        world_request(world, number);
        world_closed(world, number, ERR_CLOSED_BY_PEER);
        world_all_dials_fail(world, ERR_REFUSED);
    }
    uint64_t number = world_inbound(world, 1);
    world_request(world, number);
    assert_int_equal(world_only(world, ACTION_CLOSE)->why, ERR_GRACEFUL);
    assert_in_range(next_dial_ms(world), MINUTES_MS(5), MINUTES_MS(5) + 100); /* F16 */
    world_free(world);
}

static void p3_a_full_dial_budget_only_delays_persistent_peers(void **state)
{
    (void)state;
    struct node_settings settings = with_friends(3, NULL);
    settings.configured_dial_delay_max_ms = 0;
    settings.dial_rate = 1;
    struct world *world = world_open(&settings);
    assert_int_equal(world_count(world, ACTION_DIAL), 1);
    world_run(world, SECONDS_MS(1));
    assert_int_equal(world_count(world, ACTION_DIAL), 1);
    world_run(world, SECONDS_MS(1));
    assert_int_equal(world_count(world, ACTION_DIAL), 1);
    world_free(world);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(s16_peers_are_added_to_the_book_told_by_us_and_saved_at_once),
        cmocka_unit_test(s16_each_is_dialed_after_a_delay_of_up_to_3_s),
        cmocka_unit_test(s16_ourselves_are_skipped),
        cmocka_unit_test(s20_twenty_tries_5_to_8_s_apart_and_then_growing_to_5_minutes),
        cmocka_unit_test(r53_p25_the_operators_cap_holds_between_a_second_and_a_day),
        cmocka_unit_test(s20_success_starts_the_schedule_anew),
        cmocka_unit_test(s20_a_peer_that_closes_at_once_is_not_dialed_in_a_loop),
        cmocka_unit_test(people_are_told_why_it_was_lost_or_not_reached),
        cmocka_unit_test(s20_it_retries_whatever_the_error),
        cmocka_unit_test(s12_a_persistent_peer_that_is_ourselves_is_given_up),
        cmocka_unit_test(f16_a_name_is_looked_up_before_every_try),
        cmocka_unit_test(f16_a_name_that_does_not_resolve_is_tried_for_ever),
        cmocka_unit_test(f16_one_look_up_at_a_time),
        cmocka_unit_test(f16_rounds_leave_persistent_peers_to_their_own_dialer),
        cmocka_unit_test(s6_f16_an_inbound_peer_is_persistent_by_its_id),
        cmocka_unit_test(s14_our_dial_that_meets_an_inbound_connection_is_no_failure),
        cmocka_unit_test(s15_after_a_graceful_close_there_is_no_reconnect_for_5_minutes),
        cmocka_unit_test(p3_a_full_dial_budget_only_delays_persistent_peers),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
