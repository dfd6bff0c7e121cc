/* What holds whatever a policy answers to dial_count, ask, seeds, reconnect and promote (P1, P6,
 * P8 - P10, P25), and that a failing one leaves the node quiet. */
#include "world.h"

#define PERIOD SECONDS_MS(30)

static union {
    struct dial_count_verdict dial_count;
    struct ask_verdict ask;
    struct seeds_verdict seeds;
    struct reconnect_verdict reconnect;
    struct promote_verdict promote;
} twisted;
static enum hook twisted_hook;

static void twist(struct fake_policy *fake, enum hook hook, const void *view, void *verdict)
{
    (void)fake;
    (void)view;
    if (hook == twisted_hook)
        memcpy(verdict, &twisted, schema_hooks[hook].verdict.size);
}

static void answer_with(struct world *world, enum hook hook)
{
    memset(&twisted, 0, sizeof twisted);
    twisted_hook = hook;
    world->fake.twist = twist;
}

/* ---- dial_count (P1) ---- */

static void p1_dials_are_between_none_and_the_free_slots(void **state)
{
    (void)state;
    static const int64_t wanted[] = {INT64_MIN, -1, 0, 3, 10, 11, 1024, INT64_MAX};
    static const size_t want[] = {0, 0, 0, 3, 10, 10, 10, 10};
    struct node_settings settings = world_settings();
    for (unsigned i = 0; i < 8; i++) {
        struct world *world = world_new(&settings);
        world_add_peers(world, 1, 50);
        answer_with(world, HOOK_dial_count);
        twisted.dial_count.dials = wanted[i];
        world_start(world);
        assert_int_equal(world_count(world, ACTION_DIAL), want[i]);
        world_free(world);
    }
}

static void p1_false_or_a_failure_dials_nobody_and_no_seed(void **state)
{
    (void)state;
    struct node_settings settings = world_settings();
    struct addr_text seed = text_of(90, NULL);
    settings.seeds = &seed;
    settings.seeds_n = 1;
    for (unsigned fails = 0; fails < 2; fails++) {
        struct world *world = world_new(&settings);
        world_add_peers(world, 1, 50);
        answer_with(world, HOOK_dial_count);
        twisted.dial_count = (struct dial_count_verdict){.is_false = true, .dials = 5};
        world->fake.fails[HOOK_dial_count] = fails;
        world_start(world);
        assert_int_equal(world_count(world, ACTION_DIAL), 0);
        world_free(world);
    }
}

/* ---- ask (P8, P9) ---- */

static void p8_no_row_asks_nobody(void **state)
{
    (void)state;
    static const int64_t rows[] = {-1, 1, 1024, INT64_MAX, INT64_MIN};
    struct node_settings settings = world_settings();
    for (unsigned i = 0; i < 5; i++) {
        struct world *world = world_open(&settings);
        answer_with(world, HOOK_ask);
        twisted.ask.row = rows[i];
        world_outbound(world, 1);
        world_run(world, 3 * PERIOD);
        assert_true(world->fake.asked[HOOK_ask] > 1);
        assert_int_equal(node_counts(world->node).requests_sent, 0);
        world_free(world);
    }
}

static void p8_a_peer_is_asked_every_12_s_at_most_whatever_it_says(void **state)
{
    (void)state;
    struct node_settings settings = world_settings();
    settings.ensure_peers_period_ms = SECONDS_MS(1);
    struct world *world = world_open(&settings);
    answer_with(world, HOOK_ask); /* always the first one */
    uint64_t peer = world_outbound(world, 1);
    int64_t last = world->now.mono_ms;
    unsigned sent = 1;
    world_list_of(world, peer, 50, 1);
    while (sent < 5) {
        world_run(world, SECONDS_MS(1));
        if (world_sent(world, PEX_REQUEST) == 0)
            continue;
        assert_true(world->now.mono_ms - last >= SECONDS_MS(12));
        last = world->now.mono_ms;
        sent++;
        world_list_of(world, peer, 50, 1);
    }
    world_free(world);
}

static void p8_only_those_that_may_be_asked_are_shown(void **state)
{
    (void)state;
    struct node_settings settings = world_settings();
    struct world *world = world_open(&settings);
    answer_with(world, HOOK_ask);
    world->lacks_pex = true;
    world_outbound(world, 1);
    unsigned asked = world->fake.asked[HOOK_ask];
    world_run(world, 3 * PERIOD);
    assert_int_equal(world->fake.asked[HOOK_ask], asked); /* there is nobody to choose */
    world_free(world);
}

/* ---- seeds (P10) ---- */

static void p10_seeds_are_tried_once_each_in_its_order_whatever_else_it_says(void **state)
{
    (void)state;
    struct node_settings settings = world_settings();
    struct addr_text seeds[3] = {text_of(1, NULL), text_of(2, NULL), text_of(3, NULL)};
    settings.seeds = seeds;
    settings.seeds_n = 3;
    struct world *world = world_new(&settings);
    answer_with(world, HOOK_seeds);
    twisted.seeds = (struct seeds_verdict){.rows = {2, 2, -1, 3, INT64_MAX, 0, 2, 0}, .rows_n = 8};
    world_start(world);
    assert_true(world_dialed(world, 3));
    world_all_dials_fail(world, ERR_TIMEOUT);
    assert_true(world_dialed(world, 1));
    world_all_dials_fail(world, ERR_TIMEOUT);
    assert_int_equal(world_count(world, ACTION_DIAL), 0);
    world_free(world);
}

static void p10_a_seed_is_dialed_every_10_s_at_most_whatever_it_says(void **state)
{
    (void)state;
    struct node_settings settings = world_settings();
    struct addr_text seed = text_of(1, NULL);
    settings.seeds = &seed;
    settings.seeds_n = 1;
    settings.ensure_peers_period_ms = SECONDS_MS(1);
    struct world *world = world_new(&settings);
    answer_with(world, HOOK_seeds);
    twisted.seeds.rows_n = 1;
    world_start(world);
    unsigned dials = 1;
    world_all_dials_fail(world, ERR_TIMEOUT);
    for (unsigned second = 0; second < 100; second++) {
        world_run(world, SECONDS_MS(1));
        dials += (unsigned)world_all_dials_fail(world, ERR_TIMEOUT);
    }
    assert_in_range(dials, 9, 11);
    world_free(world);
}

static void p10_false_or_a_failure_dials_no_seed(void **state)
{
    (void)state;
    struct node_settings settings = world_settings();
    struct addr_text seed = text_of(1, NULL);
    settings.seeds = &seed;
    settings.seeds_n = 1;
    for (unsigned fails = 0; fails < 2; fails++) {
        struct world *world = world_new(&settings);
        answer_with(world, HOOK_seeds);
        twisted.seeds = (struct seeds_verdict){.is_false = true, .rows_n = 1};
        world->fake.fails[HOOK_seeds] = fails;
        world_start(world);
        world_run(world, 4 * PERIOD);
        assert_int_equal(node_counts(world->node).dials, 0);
        world_free(world);
    }
}

/* ---- reconnect (P25) ---- */

/* Until the next dial after one that failed. */
static int64_t wait_after_failure(double wait_s, bool fails, int64_t cap_ms)
{
    struct node_settings settings = world_settings();
    struct addr_text friend = text_of(1, NULL);
    settings.persistent_peers = &friend;
    settings.persistent_peers_n = 1;
    settings.configured_dial_delay_max_ms = 0;
    settings.persistent_max_dial_period_ms = cap_ms;
    struct world *world = world_open(&settings);
    answer_with(world, HOOK_reconnect);
    twisted.reconnect.wait_s = wait_s;
    world->fake.fails[HOOK_reconnect] = fails;
    world_run(world, 1);
    assert_int_equal(world_all_dials_fail(world, ERR_TIMEOUT), 1);
    int64_t from_ms = world->now.mono_ms;
    while (world_sockets(world, SOCKET_DIALING) == 0)
        world_run(world, SECONDS_MS(1));
    int64_t waited_ms = world->now.mono_ms - from_ms;
    world_free(world);
    return waited_ms;
}

static void p25_waits_are_between_a_second_and_a_day_and_never_end(void **state)
{
    (void)state;
    assert_int_equal(wait_after_failure(0, false, 0), 1000);
    assert_int_equal(wait_after_failure(-1e300, false, 0), 1000);
    assert_int_equal(wait_after_failure(NAN, false, 0), 1000);
    assert_int_equal(wait_after_failure(7, false, 0), 7000);
    assert_int_equal(wait_after_failure(INFINITY, false, 0), HOURS_MS(24));
    assert_int_equal(wait_after_failure(600, false, SECONDS_MS(20)), SECONDS_MS(20));
    assert_int_equal(wait_after_failure(7, true, 0), MINUTES_MS(5)); /* reconnect_max */
}

/* ---- promote (P6) ---- */

static void p6_yes_to_all_is_heeded_for_dialed_peers_once_an_hour(void **state)
{
    (void)state;
    struct node_settings settings = world_settings();
    struct world *world = world_open(&settings);
    answer_with(world, HOOK_promote);
    twisted.promote.good = true;
    struct peer_id dialed = id_of(1), inbound = id_of(2);
    world_add_peers(world, 1, 1);
    world_outbound(world, 1);
    world_inbound(world, 2);
    world_run(world, SECONDS_MS(20));
    assert_true(book_is_good(world->book, &dialed));
    unsigned asked = world->fake.asked[HOOK_promote];
    world_run(world, HOURS_MS(1) - SECONDS_MS(30));
    assert_int_equal(world->fake.asked[HOOK_promote], asked);
    world_run(world, MINUTES_MS(1));
    assert_int_equal(world->fake.asked[HOOK_promote], asked + 1);
    assert_false(book_is_good(world->book, &inbound));
    world_free(world);
}

static void p6_a_failure_marks_nobody_good(void **state)
{
    (void)state;
    struct node_settings settings = world_settings();
    struct world *world = world_open(&settings);
    world->fake.fails[HOOK_promote] = true;
    struct peer_id dialed = id_of(1);
    world_add_peers(world, 1, 1);
    world_outbound(world, 1);
    world_run(world, HOURS_MS(3));
    assert_false(book_is_good(world->book, &dialed));
    world_free(world);
}

/* ---- rows ---- */

static void rows_carry_the_operators_tag_of_their_address(void **state)
{
    (void)state;
    struct node_settings settings = world_settings();
    struct tags *tags = NULL;
    struct tags_error error;
    assert_int_equal(
        tags_parse(span_of_text("20.0.0.0/8 AS1\n20.2.0.0/16 AS2\n"), &tags, &error), ERR_OK);
    settings.tags = tags;
    struct world *world = world_new(&settings);
    world_add_peers(world, 2, 1);
    world_start(world);
    assert_int_equal(world->fake.select.candidates_n, 1);
    assert_string_equal(world->fake.rows[0].tag, "AS2");
    world_free(world);
    tags_free(tags);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(p1_dials_are_between_none_and_the_free_slots),
        cmocka_unit_test(p1_false_or_a_failure_dials_nobody_and_no_seed),
        cmocka_unit_test(p8_no_row_asks_nobody),
        cmocka_unit_test(p8_a_peer_is_asked_every_12_s_at_most_whatever_it_says),
        cmocka_unit_test(p8_only_those_that_may_be_asked_are_shown),
        cmocka_unit_test(p10_seeds_are_tried_once_each_in_its_order_whatever_else_it_says),
        cmocka_unit_test(p10_a_seed_is_dialed_every_10_s_at_most_whatever_it_says),
        cmocka_unit_test(p10_false_or_a_failure_dials_no_seed),
        cmocka_unit_test(p25_waits_are_between_a_second_and_a_day_and_never_end),
        cmocka_unit_test(p6_yes_to_all_is_heeded_for_dialed_peers_once_an_hour),
        cmocka_unit_test(p6_a_failure_marks_nobody_good),
        cmocka_unit_test(rows_carry_the_operators_tag_of_their_address),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
