/* core/node/dialer.c: what the answers of the hook backoff may and may not do (P4, P5, P17, F15).
 */
#include "world.h"

#define PERIOD SECONDS_MS(30)

/* A node whose book holds peer 1 only; its first dial is in progress. */
static struct world *open_one(void)
{
    struct node_settings settings = world_settings();
    struct world *world = world_new(&settings);
    world_add_peers(world, 1, 1);
    world_start(world);
    return world;
}

/* The dial of peer 1 fails, and is made again as soon as the back-off allows; `times` times. */
static void fail_and_retry(struct world *world, enum err err, unsigned times)
{
    for (unsigned i = 0; i < times; i++) {
        world_dial_fails(world, world_number(world, 1), err, false);
        for (unsigned wait = 0; world_number(world, 1) == 0 && wait < 20000; wait++)
            world_run(world, PERIOD);
    }
}

/* ---- policies that misbehave (P4, P5) ---- */

static double twisted_s;
static enum backoff_act twisted_act;

static void twist(struct fake_policy *fake, enum hook hook, const void *view, void *verdict)
{
    (void)fake;
    (void)view;
    if (hook == HOOK_backoff)
        *(struct backoff_verdict *)verdict = (struct backoff_verdict){.act = twisted_act,
            .wait_s = twisted_s,
            .ban_s = twisted_s,
            .scope = POLICY_SCOPE_group};
}

/* How long peer 1 is not dialed after a failure, to a round. */
static int64_t gap_ms(struct world *world)
{
    int64_t failed_ms = world->now.mono_ms;
    fail_and_retry(world, ERR_REFUSED, 1);
    return world->now.mono_ms - failed_ms;
}

static void p4_waits_are_between_a_second_and_48_hours(void **state)
{
    (void)state;
    static const double longs[] = {1e9, 1e300, INFINITY};
    static const double shorts[] = {0, -5, -INFINITY};
    twisted_act = BACKOFF_wait;
    for (unsigned i = 0; i < 3; i++) {
        struct world *world = open_one();
        world->fake.twist = twist;
        twisted_s = longs[i];
        assert_in_range(gap_ms(world), HOURS_MS(48), HOURS_MS(48) + PERIOD);
        twisted_s = shorts[i];
        assert_int_equal(gap_ms(world), PERIOD);
        world_free(world);
    }
}

/* Rounds come every 30 s as a rule, which hides shorter waits. */
static void p4_the_shortest_wait_is_a_second_whatever_the_script_says(void **state)
{
    (void)state;
    struct node_settings settings = world_settings();
    settings.ensure_peers_period_ms = 50;
    struct world *world = world_new(&settings);
    world_add_peers(world, 1, 1);
    world_start(world);
    world->fake.twist = twist;
    twisted_act = BACKOFF_wait;
    twisted_s = 0;
    int64_t failed_ms = world->now.mono_ms;
    world_dial_fails(world, world_number(world, 1), ERR_REFUSED, false);
    while (world_number(world, 1) == 0 && world->now.mono_ms < failed_ms + SECONDS_MS(5))
        world_run(world, settings.ensure_peers_period_ms);
    assert_in_range(world->now.mono_ms - failed_ms, 1000, 1050);
    world_free(world);
}

static void f15_a_script_that_fails_leaves_the_doubling_wait_saturated(void **state)
{
    (void)state;
    struct world *world = open_one();
    world->fake.fails[HOOK_backoff] = true;
    for (unsigned n = 1; n <= 40; n++) {
        int64_t least = n < 18 ? SECONDS_MS(1) << n : HOURS_MS(48);
        assert_in_range(gap_ms(world), least, least + PERIOD);
    }
    assert_true(world_knows(world, 1));
    world_free(world);
}

static int64_t ban_left_ms(const struct world *world)
{
    struct addr addr = addr_of(1);
    const struct ban *ban = bans_by_addr(book_bans(world->book), world->now, &addr);
    return ban ? ban->until_ms - world->now.wall_ms : 0;
}

static void p5_bans_are_between_a_minute_and_30_days_and_of_the_pair(void **state)
{
    (void)state;
    static const double seconds[] = {-1, 0, 59, 60, 3600, 2592000, 1e300, INFINITY};
    static const int64_t want_s[] = {60, 60, 60, 60, 3600, 2592000, 2592000, 2592000};
    twisted_act = BACKOFF_ban;
    for (unsigned i = 0; i < 8; i++) {
        struct world *world = open_one();
        world->fake.twist = twist;
        twisted_s = seconds[i];
        world_dial_fails(world, world_number(world, 1), ERR_REFUSED, false);
        assert_int_equal(ban_left_ms(world), SECONDS_MS(want_s[i]));
        struct addr neighbour = addr_of(1);
        neighbour.id = id_of(2); /* scope group was asked: it must not be given */
        assert_int_equal(world_add(world, &neighbour, 8), ERR_OK);
        world_free(world);
    }
}

static void p5_remove_takes_the_dialed_endpoint_only(void **state)
{
    (void)state;
    struct world *world = open_one();
    world->fake.twist = twist;
    twisted_act = BACKOFF_remove;
    world_dial_fails(world, world_number(world, 1), ERR_REFUSED, false);
    assert_false(world_knows(world, 1));
    struct addr elsewhere = addr_at(1, 0x63010203);
    assert_int_equal(world_add(world, &elsewhere, 8), ERR_OK);
    world_dial_fails(world, world_dial(world, 1), ERR_REFUSED, false);
    assert_true(world_knows(world, 1));
    world_free(world);
}

static void p4_persistent_peers_are_never_given_up(void **state)
{
    (void)state;
    struct node_settings settings = world_settings();
    struct addr_text friend = text_of(1, NULL);
    settings.persistent_peers = &friend;
    settings.persistent_peers_n = 1;
    settings.configured_dial_delay_max_ms = HOURS_MS(1);
    struct world *world = world_open(&settings);
    world->fake.twist = twist;
    for (int act = BACKOFF_ban; act <= BACKOFF_remove; act++) {
        twisted_act = (enum backoff_act)act;
        world_dial_fails(world, world_dial(world, 1), ERR_REFUSED, false);
        assert_true(world_knows(world, 1));
        assert_int_equal(bans_count(book_bans(world->book)), 0);
    }
    world_free(world);
}

static void p17_seeds_are_not_banned_by_failed_dials(void **state)
{
    (void)state;
    struct node_settings settings = world_settings();
    struct addr_text seed = text_of(1, "seed.example");
    settings.seeds = &seed;
    settings.seeds_n = 1;
    struct world *world = world_open(&settings);
    world->fake.twist = twist;
    twisted_act = BACKOFF_ban;
    world_add_peers(world, 1, 1);
    world_dial_fails(world, world_dial(world, 1), ERR_REFUSED, false);
    assert_int_equal(bans_count(book_bans(world->book)), 0);
    world_free(world);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(p4_waits_are_between_a_second_and_48_hours),
        cmocka_unit_test(p4_the_shortest_wait_is_a_second_whatever_the_script_says),
        cmocka_unit_test(f15_a_script_that_fails_leaves_the_doubling_wait_saturated),
        cmocka_unit_test(p5_bans_are_between_a_minute_and_30_days_and_of_the_pair),
        cmocka_unit_test(p5_remove_takes_the_dialed_endpoint_only),
        cmocka_unit_test(p4_persistent_peers_are_never_given_up),
        cmocka_unit_test(p17_seeds_are_not_banned_by_failed_dials),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
