/* core/node/share.c: what we tell who asks (R25, R26, B36, B37, P13). */
#include "world.h"

static struct world *open_seed(void)
{
    struct node_settings settings = world_settings();
    settings.seed_mode = true;
    return world_open(&settings);
}

static void r25_seed_prefers_vetted_addresses(void **state)
{
    (void)state;
    struct world *world = open_seed();
    world_add_peers(world, 100, 200);
    for (uint32_t i = 100; i < 200; i++) {
        struct addr addr = addr_of(i);
        book_mark_good(world->book, world->now, &addr);
    }
    uint64_t peer = world_inbound(world, 1);
    world_request(world, peer);
    size_t n = world_only(world, ACTION_SEND)->addrs_n, old = 0;
    for (size_t i = 0; i < n; i++)
        old += book_is_good(world->book, &world->list[i].id);
    assert_int_equal(n, 46);       /* B35: 23 % of 201, less the requester if it was drawn */
    assert_int_equal(n - old, 14); /* B37: 30 % new */
    world_free(world);
}

/* Of peers 100 .. 299, those below `until` were reached by us. */
static struct world *open_seed_that_reached(uint32_t until)
{
    struct world *world = open_seed();
    world_add_peers(world, 100, 200);
    for (uint32_t i = 100; i < until; i++) {
        struct addr addr = addr_of(i);
        book_mark_success(world->book, world->now, &addr, 20);
    }
    return world;
}

static size_t count_verified(const struct world *world, size_t n)
{
    size_t verified = 0;
    for (size_t i = 0; i < n; i++)
        verified += book_find(world->book, &world->list[i].id)->last_verified_ms > 0;
    return verified;
}

static void b37_seed_gives_addresses_it_reached_itself_first(void **state)
{
    (void)state;
    static const uint32_t untils[] = {100, 101, 130, 146, 147, 300};
    for (unsigned i = 0; i < 6; i++) {
        struct world *world = open_seed_that_reached(untils[i]);
        uint64_t peer = world_inbound(world, 1);
        world_request(world, peer);
        size_t n = world_only(world, ACTION_SEND)->addrs_n;
        size_t reached = untils[i] - 100;
        assert_int_equal(n, 46); /* always full */
        assert_int_equal(count_verified(world, n), reached < n ? reached : n);
        for (size_t a = 0; a < n; a++)
            for (size_t b = 0; b < a; b++)
                assert_false(peer_id_equal(&world->list[a].id, &world->list[b].id));
        world_free(world);
    }
}

static void b37_whoever_was_reached_long_ago_is_no_better_than_others(void **state)
{
    (void)state;
    struct world *world = open_seed_that_reached(300);
    world->now.wall_ms += HOURS_MS(24) * 8;
    world_add_peers(world, 300, 1);
    struct addr addr = addr_of(300);
    book_mark_success(world->book, world->now, &addr, 20);
    world_request(world, world_inbound(world, 1));
    assert_true(peer_id_equal(&world->list[0].id, &addr.id));
    assert_int_equal(world_only(world, ACTION_SEND)->addrs_n, 46);
    world_free(world);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(r25_seed_prefers_vetted_addresses),
        cmocka_unit_test(b37_seed_gives_addresses_it_reached_itself_first),
        cmocka_unit_test(b37_whoever_was_reached_long_ago_is_no_better_than_others),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
