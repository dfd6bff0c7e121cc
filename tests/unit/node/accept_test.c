/* core/node/accept.c: which addresses of a list a policy takes (P16). */
#include "world.h"

static struct accept_verdict twisted;
static struct accept_view seen;
static struct offer_row offers[PEX_SELECTION_MAX];

static void twist(struct fake_policy *fake, enum hook hook, const void *view, void *verdict)
{
    (void)fake;
    if (hook != HOOK_accept)
        return;
    seen = *(const struct accept_view *)view;
    memcpy(offers, seen.offers, seen.offers_n * sizeof *offers);
    *(struct accept_verdict *)verdict = twisted;
}

static struct world *open_with(struct accept_verdict verdict)
{
    struct node_settings settings = world_settings();
    settings.max_outbound = 1; /* taken by the one who is asked */
    struct world *world = world_open(&settings);
    world->fake.answers[HOOK_accept] = true;
    world->fake.twist = twist;
    twisted = verdict;
    return world;
}

static void p16_a_policy_takes_the_rows_it_names_each_once(void **state)
{
    (void)state;
    struct world *world = open_with(
        (struct accept_verdict){.rows = {3, 3, 0, -1, 10, INT64_MAX, INT64_MIN}, .rows_n = 7});
    world_list_of(world, world_outbound(world, 1), 50, 10);
    assert_int_equal(seen.offers_n, 10);
    assert_int_equal(book_count(world->book), 2);
    assert_true(world_knows(world, 53) && world_knows(world, 50));
    world_free(world);
}

static void p16_false_takes_none(void **state)
{
    (void)state;
    struct world *world = open_with((struct accept_verdict){.is_false = true});
    uint64_t peer = world_outbound(world, 1);
    world_list_of(world, peer, 50, 10);
    assert_int_equal(book_count(world->book), 0);
    assert_true(world_is_peer(world, peer));
    world_free(world);
}

static void p16_a_policy_that_fails_takes_all(void **state)
{
    (void)state;
    struct world *world = open_with((struct accept_verdict){.is_false = true});
    world->fake.fails[HOOK_accept] = true;
    world_list_of(world, world_outbound(world, 1), 50, 10);
    assert_int_equal(book_count(world->book), 10);
    world_free(world);
}

static void p16_an_unsolicited_list_is_not_shown(void **state)
{
    (void)state;
    struct world *world = open_with((struct accept_verdict){.rows = {0}, .rows_n = 1});
    world_list_of(world, world_inbound(world, 1), 50, 10);
    assert_int_equal(world->fake.asked[HOOK_accept], 0);
    assert_true(world_is_banned(world, 1));
    world_free(world);
}

static void p16_the_checks_of_the_book_hold_for_what_it_takes(void **state)
{
    (void)state;
    struct world *world = open_with((struct accept_verdict){.rows = {0, 1, 2}, .rows_n = 3});
    world_ban(world, 51, HOURS_MS(1));
    struct addr list[] = {addr_at(50, 0x7f000001), addr_of(51), addr_of(52)};
    world_list(world, world_outbound(world, 1), list, 3);
    assert_int_equal(book_count(world->book), 1);
    assert_true(world_knows(world, 52));
    world_free(world);
}

static void p16_offers_say_what_is_known_already(void **state)
{
    (void)state;
    struct world *world = open_with((struct accept_verdict){.is_false = true});
    world_add_peers(world, 50, 2);
    struct addr list[] = {addr_of(50), addr_at(51, 0x63010203), addr_of(52)};
    world_list(world, world_outbound(world, 1), list, 3);
    assert_true(offers[0].known && !offers[0].known_elsewhere);
    assert_true(!offers[1].known && offers[1].known_elsewhere);
    assert_true(!offers[2].known && !offers[2].known_elsewhere);
    world_free(world);
}

/* 50 dead addresses halve what a source may add (source_dead_step). */
static void p16_blame_lowers_the_hourly_cap_for_a_day_and_does_nothing_else(void **state)
{
    (void)state;
    struct world *world = open_with((struct accept_verdict){.is_false = true, .blame = 100});
    uint64_t peer = world_outbound(world, 1);
    world_list_of(world, peer, 50, 10);
    assert_int_equal(seen.room, 2000);
    assert_true(world_is_peer(world, peer));
    world_closed(world, peer, ERR_CLOSED_BY_PEER);
    world_run(world, MINUTES_MS(1));
    twisted.blame = 0;
    peer = world_outbound(world, 1);
    world_list_of(world, peer, 50, 10);
    assert_int_equal(seen.room, 500);
    assert_int_equal(seen.peer.dead_addresses, 100); /* visible to hooks */
    world_closed(world, peer, ERR_CLOSED_BY_PEER);
    world_run(world, HOURS_MS(24));
    world_list_of(world, world_outbound(world, 1), 50, 10);
    assert_int_equal(seen.room, 2000);
    assert_int_equal(bans_count(book_bans(world->book)), 0);
    world_free(world);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(p16_a_policy_takes_the_rows_it_names_each_once),
        cmocka_unit_test(p16_false_takes_none),
        cmocka_unit_test(p16_a_policy_that_fails_takes_all),
        cmocka_unit_test(p16_an_unsolicited_list_is_not_shown),
        cmocka_unit_test(p16_the_checks_of_the_book_hold_for_what_it_takes),
        cmocka_unit_test(p16_offers_say_what_is_known_already),
        cmocka_unit_test(p16_blame_lowers_the_hourly_cap_for_a_day_and_does_nothing_else),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
