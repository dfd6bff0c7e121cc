/* core/node/clock.c: clocks that jump. Inside a run mono_ms orders everything. */
#include "world.h"

#define PERIOD SECONDS_MS(30)
#define YEAR_MS HOURS_MS(365 * 24)

static const int64_t jumps[] = {YEAR_MS, -YEAR_MS, HOURS_MS(5), -HOURS_MS(5), 0};

/* Twenty minutes of a node; after five of them the wall clock jumps. Half of those it dials answer,
 * tell and go. Returns a digest of all it did, by mono_ms. */
static uint64_t play(const struct node_settings *settings, int64_t jump_ms)
{
    struct world *world = world_new(settings);
    world_add_peers(world, 1, 60);
    world_start(world);
    for (uint32_t second = 0; second < 1200; second++) {
        if (second == 300)
            world->now.wall_ms += jump_ms;
        world_run(world, SECONDS_MS(1));
        for (uint32_t n = 1; n <= 60; n++) {
            uint64_t number = world_number(world, n);
            struct world_socket *socket = number ? world_socket(world, number) : NULL;
            if (socket && socket->state == SOCKET_DIALING && n % 2 == 0)
                world_connect(world, number);
            else if (socket && socket->state == SOCKET_DIALING)
                world_dial_fails(world, number, ERR_TIMEOUT, false);
            else if (socket && socket->asked)
                world_list_of(world, number, 100 + n, 2);
            else if (socket && second % 40 == n % 40)
                world_closed(world, number, ERR_CLOSED_BY_PEER);
        }
    }
    uint64_t digest = world->digest;
    assert_true(node_counts(world->node).dials > 60);
    world_free(world);
    return digest;
}

static void a_wall_clock_that_jumps_changes_nothing_that_a_node_does(void **state)
{
    (void)state;
    for (unsigned seed_mode = 0; seed_mode < 2; seed_mode++) {
        struct node_settings settings = world_settings();
        settings.seed_mode = seed_mode;
        uint64_t undisturbed = play(&settings, 0);
        for (const int64_t *jump = jumps; *jump != 0; jump++)
            assert_true(play(&settings, *jump) == undisturbed);
    }
}

/* CLOCK_MONOTONIC stands still meanwhile on Linux, but not everywhere. */
static void r41_after_a_suspend_one_round_is_made_up_for(void **state)
{
    (void)state;
    struct node_settings settings = world_settings();
    struct world *world = world_open(&settings);
    world_inbound(world, 1);
    uint64_t rounds = node_counts(world->node).rounds;
    world->now.mono_ms += HOURS_MS(5);
    world->now.wall_ms += HOURS_MS(5);
    world_step(world, &(struct event){.kind = EVENT_TICK});
    assert_int_equal(node_counts(world->node).rounds, rounds + 1);
    assert_in_range(node_deadline(world->node) - world->now.mono_ms, 1, PERIOD);
    world_run(world, 10 * PERIOD);
    assert_int_equal(node_counts(world->node).rounds, rounds + 11);
    world_free(world);
}

static void what_scripts_see_goes_on_after_the_clock_was_set_back(void **state)
{
    (void)state;
    struct node_settings settings = world_settings();
    struct world *world = world_new(&settings);
    world_add_peers(world, 1, 1);
    world_start(world);
    world->now.wall_ms -= YEAR_MS;
    double before = world->fake.bias.common.now;
    for (unsigned i = 0; i < 100; i++) {
        world_all_dials_fail(world, ERR_REFUSED);
        world_run(world, PERIOD);
        assert_true(world->fake.bias.common.now >= before + 15 * (double)i);
    }
    world->now.wall_ms += YEAR_MS;
    world_run(world, PERIOD);
    assert_int_equal((int64_t)world->fake.bias.common.now, world->now.wall_ms / 1000);
    world_free(world);
}

static void f5_a_ban_made_in_the_future_ends_when_it_is_over(void **state)
{
    (void)state;
    struct node_settings settings = world_settings();
    struct world *world = world_new(&settings);
    world_add_peers(world, 1, 1);
    world_start(world);
    world->now.wall_ms += YEAR_MS;
    world_run(world, PERIOD);
    world_all_dials_fail(world, ERR_REFUSED);
    world_ban(world, 1, HOURS_MS(1));
    world->now.wall_ms -= YEAR_MS;
    world_run(world, MINUTES_MS(59));
    assert_false(world_knows(world, 1));
    world_run(world, MINUTES_MS(2));
    assert_true(world_knows(world, 1));
    world_free(world);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_wall_clock_that_jumps_changes_nothing_that_a_node_does),
        cmocka_unit_test(r41_after_a_suspend_one_round_is_made_up_for),
        cmocka_unit_test(what_scripts_see_goes_on_after_the_clock_was_set_back),
        cmocka_unit_test(f5_a_ban_made_in_the_future_ends_when_it_is_over),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
