/* core/node/promote.c: when an address counts as good (P6, F21). */
#include "world.h"

/* The policy is asked once a minute, in steps of ten seconds. */
#define ASKED_WITHIN_MS SECONDS_MS(70)

static struct world *open_node(void)
{
    struct node_settings settings = world_settings();
    return world_open(&settings);
}

/* ---- good addresses (P6) ---- */

static bool is_good(const struct world *world, uint32_t n)
{
    struct peer_id id = id_of(n);
    return book_is_good(world->book, &id);
}

static void p6_a_dialed_peer_is_good_after_a_list_and_10_minutes(void **state)
{
    (void)state;
    struct world *world = open_node();
    world_add_peers(world, 1, 1);
    uint64_t peer = world_outbound(world, 1);
    world_list_of(world, peer, 50, 1);
    world_run(world, MINUTES_MS(10) - 1);
    assert_false(is_good(world, 1));
    world_run(world, ASKED_WITHIN_MS);
    assert_true(is_good(world, 1));
    world_free(world);
}

static void p6_a_dialed_peer_is_good_after_an_hour_without_a_list(void **state)
{
    (void)state;
    struct world *world = open_node();
    world_add_peers(world, 1, 1);
    world_outbound(world, 1);
    world_run(world, HOURS_MS(1) - 1);
    assert_false(is_good(world, 1));
    world_run(world, ASKED_WITHIN_MS);
    assert_true(is_good(world, 1));
    world_free(world);
}

static void p6_an_inbound_connection_never_promotes(void **state)
{
    (void)state;
    struct world *world = open_node();
    struct addr addr = addr_of(1);
    world_establish(world, world_accept(world, &addr.at), &addr.id, NULL);
    world_run(world, HOURS_MS(3)); /* though its socket is where it claims to listen */
    assert_true(world_knows(world, 1));
    assert_false(is_good(world, 1));
    world_free(world);
}

static void p6_only_the_dialed_endpoint_is_good(void **state)
{
    (void)state;
    struct world *world = open_node();
    struct addr elsewhere = addr_at(1, 0x63010203);
    assert_int_equal(world_add(world, &elsewhere, 9), ERR_OK);
    assert_int_equal(book_mark_success(world->book, world->now, &elsewhere, 1), ERR_OK);
    world_outbound(world, 1);
    world_run(world, HOURS_MS(2));
    assert_false(is_good(world, 1));
    world_free(world);
}

static void p6_marks_come_an_hour_apart(void **state)
{
    (void)state;
    struct world *world = open_node();
    world_add_peers(world, 1, 1);
    world_outbound(world, 1);
    world_run(world, HOURS_MS(1) + ASKED_WITHIN_MS);
    struct peer_id id = id_of(1);
    const struct book_entry *entry = book_find(world->book, &id);
    int64_t marked_ms = entry->last_success_ms;
    world_run(world, HOURS_MS(1) - ASKED_WITHIN_MS - SECONDS_MS(1));
    assert_int_equal(entry->last_success_ms, marked_ms);
    world_run(world, 2 * ASKED_WITHIN_MS);
    assert_true(entry->last_success_ms > marked_ms);
    world_free(world);
}

static void p6_a_crawler_promotes_at_the_list_even_if_the_peer_leaves_at_once(void **state)
{
    (void)state;
    struct node_settings settings = world_settings();
    settings.seed_mode = true;
    struct world *world = world_new(&settings);
    world_add_peers(world, 1, 1);
    world_start(world);
    uint64_t peer = world_only(world, ACTION_DIAL)->conn;
    world_connect(world, peer);
    world_list_of(world, peer, 50, 1);
    world_closed(world, peer, ERR_CLOSED_BY_PEER);
    assert_true(is_good(world, 1));
    world_free(world);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(p6_a_dialed_peer_is_good_after_a_list_and_10_minutes),
        cmocka_unit_test(p6_a_dialed_peer_is_good_after_an_hour_without_a_list),
        cmocka_unit_test(p6_an_inbound_connection_never_promotes),
        cmocka_unit_test(p6_only_the_dialed_endpoint_is_good),
        cmocka_unit_test(p6_marks_come_an_hour_apart),
        cmocka_unit_test(p6_a_crawler_promotes_at_the_list_even_if_the_peer_leaves_at_once),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
