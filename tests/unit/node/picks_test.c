/* core/node/ensure.c: rates and caps of dial rounds, and policies that pick badly (P1 - P3). */
#include "world.h"

#define PERIOD SECONDS_MS(30)

static struct world *new_node(uint32_t max_outbound)
{
    struct node_settings settings = world_settings();
    settings.max_outbound = max_outbound;
    return world_new(&settings);
}

/* ---- rates (P3) ---- */

static void p3_ten_dials_a_second_and_the_rest_a_second_later(void **state)
{
    (void)state;
    struct world *world = new_node(35);
    world_add_peers(world, 1, 300);
    world_start(world);
    assert_int_equal(world_count(world, ACTION_DIAL), 10);
    for (unsigned second = 1; second <= 2; second++) {
        world_run(world, SECONDS_MS(1));
        assert_int_equal(world_count(world, ACTION_DIAL), 10);
    }
    world_run(world, SECONDS_MS(20));
    assert_int_equal(world_count(world, ACTION_DIAL), 5);
    world_free(world);
}

static void p3_dials_in_flight_are_capped(void **state)
{
    (void)state;
    struct node_settings settings = world_settings();
    settings.max_outbound = 50;
    settings.dial_rate = 1000;
    settings.dial_concurrency = 7;
    struct world *world = world_new(&settings);
    world_add_peers(world, 1, 300);
    world_start(world);
    world_run(world, 3 * PERIOD);
    assert_int_equal(world_sockets(world, SOCKET_DIALING), 7);
    world_free(world);
}

/* Peers 1 .. n in one /24, each told by another one. */
static void add_neighbours(struct world *world, uint32_t n)
{
    for (uint32_t i = 1; i <= n; i++) {
        struct addr addr = addr_at(i, 0x63010200 + i);
        assert_int_equal(world_add(world, &addr, 50 + i), ERR_OK);
    }
}

static void p3_one_24_gets_two_dials_in_flight(void **state)
{
    (void)state;
    for (int strict = 0; strict < 2; strict++) {
        struct node_settings settings = world_settings();
        settings.strict = strict;
        struct world *world = world_new(&settings);
        add_neighbours(world, 60);
        world_start(world);
        world_run(world, 5 * PERIOD);
        assert_int_equal(world_sockets(world, SOCKET_DIALING), strict ? 2 : 10);
        world_free(world);
    }
}

/* More than this many dials in any minute? times[] are those of all dials so far, ascending. */
static void check_any_minute(const int64_t *times, size_t n, size_t most)
{
    for (size_t i = 0; i + most < n; i++)
        assert_true(times[i + most] - times[i] >= MINUTES_MS(1));
}

static void p3_one_24_gets_ten_dials_in_any_minute(void **state)
{
    (void)state;
    struct node_settings settings = world_settings();
    settings.ensure_peers_period_ms = 500;
    struct world *world = world_new(&settings);
    add_neighbours(world, 250);
    world_start(world);
    int64_t times[200];
    size_t n = 0;
    for (unsigned i = 0; i < 1200; i++) { /* ten minutes; every dial fails at once */
        for (size_t failed = world_all_dials_fail(world, ERR_REFUSED); failed > 0; failed--)
            times[n++] = world->now.mono_ms;
        world_run(world, 500);
    }
    assert_in_range(n, 75, 85); /* eight a minute in the long run */
    check_any_minute(times, n, 10);
    world_free(world);
}

/* ---- policies that misbehave ---- */

static void twist_select(struct fake_policy *fake, enum hook hook, const void *view, void *verdict)
{
    const struct select_view *select = view;
    struct select_verdict *picks = verdict;
    (void)fake;
    if (hook != HOOK_select)
        return;
    picks->picks_n = 0;
    for (unsigned i = 0; i < 1000; i++) /* everybody many times, more than wanted */
        picks->picks[picks->picks_n++] =
            (struct policy_pick){.row = (int64_t)(i / 4 % select->candidates_n)};
}

static void p3_repeated_picks_are_dialed_once_and_never_more_than_wanted(void **state)
{
    (void)state;
    struct world *world = new_node(3);
    world->fake.twist = twist_select;
    world_add_peers(world, 1, 50);
    world_start(world);
    assert_int_equal(world_count(world, ACTION_DIAL), 3); /* each checked by the world */
    world_free(world);
}

static void twist_strangers(
    struct fake_policy *fake, enum hook hook, const void *view, void *verdict)
{
    struct select_verdict *picks = verdict;
    (void)fake;
    (void)view;
    if (hook == HOOK_bias)
        ((struct bias_verdict *)verdict)->draw = INT64_MAX;
    if (hook != HOOK_select)
        return;
    memset(picks, 0, sizeof *picks);
    char text[PEER_ID_TEXT + 1];
    struct peer_id ids[] = {id_of(777), id_of(OWN_ID), id_of(1), id_of(2), id_of(3)};
    picks->picks[picks->picks_n++] = (struct policy_pick){.row = 100000};
    picks->picks[picks->picks_n++] = (struct policy_pick){.row = -1, .id = "no ID"};
    for (unsigned i = 0; i < 5; i++) {
        picks->picks[picks->picks_n].row = -1;
        memcpy(picks->picks[picks->picks_n++].id, peer_id_text(&ids[i], text), sizeof text);
    }
}

static void p3_picks_by_id_must_be_in_the_book_and_dialable(void **state)
{
    (void)state;
    struct world *world = new_node(10);
    world->fake.twist = twist_strangers;
    world_add_peers(world, 1, 3);
    world_ban(world, 2, HOURS_MS(1));
    world_start(world);
    assert_int_equal(world_count(world, ACTION_DIAL), 2);
    assert_true(world_dialed(world, 1) && world_dialed(world, 3));
    world_free(world);
}

static void twist_gated(struct fake_policy *fake, enum hook hook, const void *view, void *verdict)
{
    const struct select_view *select = view;
    struct select_verdict *picks = verdict;
    (void)fake;
    if (hook != HOOK_select)
        return;
    picks->picks_n = 0;
    for (size_t i = 0; i < select->candidates_n; i++)
        picks->picks[picks->picks_n++] = (struct policy_pick){.row = (int64_t)i};
}

static void p3_p4_a_pick_that_must_still_wait_is_dropped(void **state)
{
    (void)state;
    struct world *world = new_node(10);
    world->fake.twist = twist_gated;
    world_add_peers(world, 1, 1);
    world_start(world);
    for (unsigned i = 1; i <= 6; i++) { /* each wait is longer than the one before */
        if (world_all_dials_fail(world, ERR_REFUSED) == 0)
            return world_free(world);
        world_run(world, PERIOD);
    }
    fail_msg("dialed every 30 s with back-offs up to 64 s");
}

static void twist_feelers(struct fake_policy *fake, enum hook hook, const void *view, void *verdict)
{
    struct select_verdict *picks = verdict;
    (void)view;
    if (hook != HOOK_select)
        return;
    twist_gated(fake, hook, view, verdict);
    for (size_t i = 0; i < picks->picks_n; i++)
        picks->picks[i].feeler = i % 2 == 0;
}

static void feeler_is_one_above_the_slots_and_leaves_once_authenticated(void **state)
{
    (void)state;
    struct world *world = new_node(2);
    world->fake.twist = twist_feelers;
    world_add_peers(world, 1, 50);
    world_start(world);
    assert_int_equal(world_count(world, ACTION_DIAL), 3);
    struct addr felt = world->done[0].addr;
    world_connect(world, world->done[0].conn); /* the first pick was the feeler */
    assert_int_equal(world_only(world, ACTION_CLOSE)->why, ERR_GRACEFUL);
    const struct book_entry *entry = book_find(world->book, &felt.id);
    assert_int_equal(entry->last_verified_ms, world->now.wall_ms); /* stamped */
    assert_int_equal(entry->side, BOOK_NEW);
    assert_int_equal(node_counts(world->node).peers, 0);
    world_free(world);
}

static void a_feeler_needs_no_free_slot(void **state)
{
    (void)state;
    struct world *world = new_node(1);
    world_add_peers(world, 1, 50);
    world_start(world);
    world_connect(world, world_only(world, ACTION_DIAL)->conn);
    world->fake.twist = twist_feelers;
    world_run(world, PERIOD);
    world_connect(world, world_only(world, ACTION_DIAL)->conn);
    assert_int_equal(world_only(world, ACTION_CLOSE)->why, ERR_GRACEFUL);
    assert_int_equal(node_counts(world->node).outbound, 1);
    assert_int_equal(world->fake.select.wanted, 0);
    world_free(world);
}

static void a_silent_policy_dials_nobody_and_the_seeds_still_help(void **state)
{
    (void)state;
    struct addr_text seed = text_of(900, NULL);
    for (int hook = HOOK_bias; hook <= HOOK_select; hook++) {
        struct node_settings settings = world_settings();
        settings.seeds = &seed;
        settings.seeds_n = 1;
        struct world *world = world_new(&settings);
        world->fake.fails[hook] = true;
        world_add_peers(world, 1, 50);
        world_start(world);
        assert_int_equal(world_count(world, ACTION_DIAL), 1);
        assert_true(world_dialed(world, 900));
        world_free(world);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(p3_ten_dials_a_second_and_the_rest_a_second_later),
        cmocka_unit_test(p3_dials_in_flight_are_capped),
        cmocka_unit_test(p3_one_24_gets_two_dials_in_flight),
        cmocka_unit_test(p3_one_24_gets_ten_dials_in_any_minute),
        cmocka_unit_test(p3_repeated_picks_are_dialed_once_and_never_more_than_wanted),
        cmocka_unit_test(p3_picks_by_id_must_be_in_the_book_and_dialable),
        cmocka_unit_test(p3_p4_a_pick_that_must_still_wait_is_dropped),
        cmocka_unit_test(feeler_is_one_above_the_slots_and_leaves_once_authenticated),
        cmocka_unit_test(a_feeler_needs_no_free_slot),
        cmocka_unit_test(a_silent_policy_dials_nobody_and_the_seeds_still_help),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
