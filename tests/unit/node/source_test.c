/* core/node/source.c: what one source may add to the book (P16). */
#include "world.h"

/* ---- sources (P16) ---- */

/* Lists of 250 new addresses, each when it is asked for. Returns how many were added. */
static uint32_t tell(struct world *world, uint64_t peer, uint32_t first, unsigned lists)
{
    uint32_t before = book_count(world->book);
    for (unsigned i = 0; i < lists; i++) {
        for (unsigned s = 0; world_sent(world, PEX_REQUEST) == 0 && s < 150; s++)
            world_run(world, SECONDS_MS(1));
        world_list_of(world, peer, first + 250 * i, 250);
    }
    return book_count(world->book) - before;
}

static struct world *open_hungry(void)
{
    struct node_settings settings = world_settings();
    settings.max_outbound = 1000;
    settings.dial_concurrency = 1; /* the addresses themselves do not matter here */
    settings.ensure_peers_period_ms = SECONDS_MS(12);
    settings.crawl_outbound_max = 1;
    struct world *world = world_new_wanting(&settings, 100000);
    world->skips_book = true;
    world_start(world);
    return world;
}

static void p16_one_source_adds_2000_addresses_an_hour(void **state)
{
    (void)state;
    struct world *world = open_hungry();
    uint64_t peer = world_outbound(world, 1);
    /* One source group reaches 32 buckets, so the book may hold fewer than were added. */
    uint64_t added = 0;
    for (unsigned i = 0; i < 12; i++) {
        tell(world, peer, 100 + 250 * i, 1);
        added = node_counts(world->node).addresses_added;
    }
    assert_int_equal(added, 2000);
    world_run(world, HOURS_MS(1));
    world->done_n = 0; /* what was asked meanwhile has expired */
    tell(world, peer, 5000, 1);
    assert_int_equal(node_counts(world->node).addresses_added, 2250);
    assert_int_equal(bans_count(book_bans(world->book)), 0);
    world_free(world);
}

static void p16_dead_addresses_lower_what_their_source_may_add(void **state)
{
    (void)state;
    struct node_settings settings = world_settings();
    settings.max_outbound = 1000;
    settings.dial_rate = 1000;
    settings.dial_concurrency = 190;
    settings.ensure_peers_period_ms = SECONDS_MS(12);
    struct world *world = world_new_wanting(&settings, 100000);
    world->skips_book = true;
    world_start(world);
    uint64_t peer = world_outbound(world, 1);
    tell(world, peer, 100, 1);
    world_run(world, SECONDS_MS(12));
    size_t dead = world_all_dials_fail(world, ERR_REFUSED);
    assert_in_range(dead, 150, 199); /* three halvings: 250 an hour, which are used up */
    tell(world, peer, 1000, 1);
    assert_int_equal(node_counts(world->node).addresses_added, 250);
    assert_true(world_is_peer(world, peer)); /* blame never disconnects */
    world_run(world, HOURS_MS(25));
    world->done_n = 0;
    tell(world, peer, 1000, 1);
    assert_true(node_counts(world->node).addresses_added > 450); /* back within a day */
    world_free(world);
}

/* Peer 1 connects, is asked, tells 250 addresses and leaves. */
static void visit(struct world *world, uint32_t first)
{
    uint64_t peer = world_outbound(world, 1);
    world_list_of(world, peer, first, 250);
    world_closed(world, peer, ERR_CLOSED_BY_PEER);
    world_run(world, SECONDS_MS(12));
}

static void p16_a_dead_address_is_blamed_on_its_source_once(void **state)
{
    (void)state;
    struct node_settings settings = world_settings();
    settings.max_outbound = 0; /* nobody is dialed but by the test */
    struct world *world = world_new_wanting(&settings, 100000);
    world->skips_book = true;
    world_start(world);
    visit(world, 100);
    for (uint32_t i = 0; i < 64; i++) { /* four addresses fail sixteen times each */
        world_dial_fails(world, world_dial(world, 100 + i % 4), ERR_REFUSED, false);
        world_run(world, 200);
    }
    for (uint32_t i = 1; i < 10; i++)
        visit(world, 100 + 250 * i);
    assert_int_equal(node_counts(world->node).addresses_added, 2000);
    world_free(world);
}

static struct world *open_for_one(void)
{
    struct node_settings settings = world_settings();
    settings.source_hourly_max = 1;
    return world_open(&settings);
}

static void p16_r21_a_source_that_added_all_it_may_does_not_add_itself(void **state)
{
    (void)state;
    struct world *world = open_for_one();
    uint64_t peer = world_outbound(world, 1);
    world_list_of(world, peer, 100, 1);
    assert_true(world_knows(world, 100));
    world_closed(world, peer, ERR_CLOSED_BY_PEER);
    peer = world_inbound(world, 1);
    assert_false(world_knows(world, 1));
    world_closed(world, peer, ERR_CLOSED_BY_PEER);
    world_run(world, HOURS_MS(1));
    world_inbound(world, 1);
    assert_true(world_knows(world, 1));
    world_free(world);
}

static void p16_r21_its_own_address_counts_as_one_that_a_source_added(void **state)
{
    (void)state;
    struct world *world = open_for_one();
    uint64_t peer = world_inbound(world, 1);
    assert_true(world_knows(world, 1));
    world_closed(world, peer, ERR_CLOSED_BY_PEER);
    peer = world_outbound(world, 1);
    assert_int_equal(world_sent(world, PEX_REQUEST), 1);
    world_list_of(world, peer, 100, 1);
    assert_true(world_is_peer(world, peer));
    assert_false(world_knows(world, 100));
    world_free(world);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(p16_one_source_adds_2000_addresses_an_hour),
        cmocka_unit_test(p16_dead_addresses_lower_what_their_source_may_add),
        cmocka_unit_test(p16_a_dead_address_is_blamed_on_its_source_once),
        cmocka_unit_test(p16_r21_a_source_that_added_all_it_may_does_not_add_itself),
        cmocka_unit_test(p16_r21_its_own_address_counts_as_one_that_a_source_added),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
