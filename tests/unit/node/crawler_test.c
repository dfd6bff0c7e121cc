/* core/node/crawler.c: seed mode (R60 - R65, F5, F17, P19, P20). */
#include "world.h"

#define PERIOD SECONDS_MS(30)

static struct node_settings as_seed(void)
{
    struct node_settings settings = world_settings();
    settings.seed_mode = true;
    return settings;
}

/* A seed whose book holds peers 1 .. n. */
static struct world *open_crawler(const struct node_settings *settings, uint32_t n)
{
    struct world *world = world_new(settings);
    world_add_peers(world, 1, n);
    world_start(world);
    return world;
}

/* ---- passes (R60 - R63) ---- */

static void r60_without_seeds_it_crawls_a_selection_at_once_and_every_30_s(void **state)
{
    (void)state;
    struct node_settings settings = as_seed();
    struct world *world = open_crawler(&settings, 20);
    assert_int_equal(world_count(world, ACTION_DIAL), 20);
    assert_int_equal(node_counts(world->node).rounds, 0); /* the other loop does not run */
    world_all_dials_fail(world, ERR_REFUSED);
    world_run(world, SECONDS_MS(1)); /* it looks for more whom it never visited */
    world_add_peers(world, 21, 5);
    world_run(world, PERIOD - SECONDS_MS(1) - 1);
    assert_int_equal(world_count(world, ACTION_DIAL), 0);
    world_run(world, 1);
    assert_int_equal(world_count(world, ACTION_DIAL), 5); /* R61: the others were just crawled */
    world_free(world);
}

static void r60_with_seeds_it_asks_them_first(void **state)
{
    (void)state;
    struct node_settings settings = as_seed();
    struct addr_text seed = text_of(900, NULL);
    settings.seeds = &seed;
    settings.seeds_n = 1;
    struct world *world = open_crawler(&settings, 20);
    assert_int_equal(world_count(world, ACTION_DIAL), 1);
    world_connect(world, world_number(world, 900));
    assert_int_equal(world_sent(world, PEX_REQUEST), 1);
    world_run(world, PERIOD);
    assert_int_equal(world_count(world, ACTION_DIAL), 20);
    world_free(world);
}

static void r60_a_selection_has_the_size_of_b35(void **state)
{
    (void)state;
    struct node_settings settings = as_seed();
    settings.crawl_concurrency = settings.dial_concurrency = 1000;
    settings.crawl_outbound_max = 1000;
    struct world *world = open_crawler(&settings, 300);
    assert_int_equal(world_count(world, ACTION_DIAL), 300 * 23 / 100);
    world_free(world);
}

/* Dials until the next round, all of which fail after 100 ms. */
static uint64_t dials_of_a_round(struct world *world)
{
    for (unsigned ms = 0; ms < PERIOD - 100; ms += 100) {
        world_all_dials_fail(world, ERR_REFUSED);
        world_run(world, 100);
    }
    return node_counts(world->node).dials;
}

static void f17_a_large_book_is_crawled_as_fast_as_dials_end(void **state)
{
    (void)state;
    struct node_settings settings = as_seed();
    settings.dial_rate = 1000;
    struct world *world = open_crawler(&settings, 600); /* a selection has 138 */
    world_run(world, 900);                              /* no dial ends */
    assert_int_equal(node_counts(world->node).dials, settings.crawl_concurrency);
    assert_int_equal(dials_of_a_round(world), 600); /* nobody is missed, or visited twice */
    world_free(world);
}

static void f17_whom_the_dial_rate_holds_back_as_a_round_begins_is_not_missed(void **state)
{
    (void)state;
    struct node_settings settings = as_seed();
    settings.dial_rate = 1;
    struct world *world = open_crawler(&settings, 600);
    world_run(world, PERIOD);
    struct event faster = {.kind = EVENT_COMMAND, .command = {.kind = COMMAND_SET}};
    faster.command.set.setting = NODE_SETTING_dial_rate;
    faster.command.set.value = 1000;
    world_step(world, &faster);
    assert_int_equal(dials_of_a_round(world), 600);
    world_free(world);
}

static void f17_a_book_of_many_windows_is_crawled_to_its_end(void **state)
{
    (void)state;
    struct node_settings settings = as_seed();
    settings.crawl_concurrency = settings.dial_concurrency = 250;
    settings.dial_rate = 10000;
    struct book_settings book = book_settings_default();
    book.new_buckets = 16384;
    struct world *world = world_new_with(&settings, &book);
    world->skips_book = true;
    for (uint32_t n = 1; n <= 60000; n++) {
        struct addr addr = addr_of(n);
        world_add(world, &addr, n); /* some ranges of these are refused */
    }
    assert_in_range(book_count(world->book), 40000, 60000);
    world_start(world);
    assert_int_equal(dials_of_a_round(world), book_count(world->book));
    world_free(world);
}

static void f17_who_is_new_in_a_list_is_visited_a_second_later(void **state)
{
    (void)state;
    struct node_settings settings = as_seed();
    struct world *world = open_crawler(&settings, 1);
    uint64_t told = world_number(world, 1);
    world_connect(world, told);
    world_run(world, SECONDS_MS(1));
    world_list_of(world, told, 100, 3);
    world_run(world, SECONDS_MS(1) - 1);
    assert_int_equal(world_count(world, ACTION_DIAL), 0);
    world_run(world, 1);
    assert_int_equal(world_count(world, ACTION_DIAL), 3);
    world_free(world);
}

static void choose_nobody(struct fake_policy *fake, enum hook hook, const void *view, void *verdict)
{
    (void)fake;
    (void)view;
    if (hook == HOOK_crawl)
        ((struct crawl_verdict *)verdict)->rows_n = 0;
}

static void p19_whom_the_policy_passes_over_is_shown_once_a_period(void **state)
{
    (void)state;
    struct node_settings settings = as_seed();
    struct world *world = world_new(&settings);
    world->fake.twist = choose_nobody;
    world_add_peers(world, 1, 20);
    world_start(world);
    world_run(world, PERIOD - 1);
    assert_int_equal(world->fake.asked[HOOK_crawl], 2); /* a selection, and who was never visited */
    world_run(world, PERIOD);
    assert_int_equal(world->fake.asked[HOOK_crawl], 4);
    assert_int_equal(node_counts(world->node).dials, 0);
    world_free(world);
}

static void r61_an_id_is_crawled_again_after_two_minutes(void **state)
{
    (void)state;
    struct node_settings settings = as_seed();
    settings.crawl_period_ms = 100;
    struct world *world = open_crawler(&settings, 1);
    world_connect(world, world_number(world, 1));
    world_closed(world, world_number(world, 1), ERR_CLOSED_BY_PEER);
    world_run(world, MINUTES_MS(2) - 1);
    assert_int_equal(world_count(world, ACTION_DIAL), 0);
    world_run(world, 1);
    assert_int_equal(world_count(world, ACTION_DIAL), 1);
    world_free(world);
}

static void r61_who_is_reached_is_asked(void **state)
{
    (void)state;
    struct node_settings settings = as_seed();
    struct world *world = world_new_wanting(&settings, 0); /* whatever the book holds */
    world_add_peers(world, 1, 40);
    world_start(world);
    world_connect(world, world_last(world, ACTION_DIAL)->conn);
    assert_int_equal(world_sent(world, PEX_REQUEST), 1);
    world_free(world);
}

static void r61_the_gate_of_back_off_holds_for_crawls(void **state)
{
    (void)state;
    struct node_settings settings = as_seed();
    struct world *world = open_crawler(&settings, 1);
    for (unsigned i = 0; i < 8; i++) { /* to a back-off of 256 s */
        for (unsigned s = 0; world_sockets(world, SOCKET_DIALING) == 0 && s < 100; s++)
            world_run(world, SECONDS_MS(10));
        assert_int_equal(world_all_dials_fail(world, ERR_REFUSED), 1);
    }
    world_run(world, SECONDS_MS(255));
    assert_int_equal(world_count(world, ACTION_DIAL), 0);
    world_free(world);
}

static void f17_dials_run_side_by_side_up_to_the_concurrency(void **state)
{
    (void)state;
    struct node_settings settings = as_seed();
    settings.crawl_concurrency = 8;
    struct world *world = open_crawler(&settings, 30);
    assert_int_equal(world_count(world, ACTION_DIAL), 8);
    world_dial_fails(world, world_last(world, ACTION_DIAL)->conn, ERR_TIMEOUT, false);
    assert_int_equal(world_count(world, ACTION_DIAL), 1); /* the next of the pass */
    world_run(world, SECONDS_MS(20));
    assert_int_equal(world_sockets(world, SOCKET_DIALING), 8);
    world_free(world);
}

static void f17_outbound_peers_and_dials_are_capped(void **state)
{
    (void)state;
    struct node_settings settings = as_seed();
    settings.crawl_outbound_max = 5;
    struct world *world = open_crawler(&settings, 30);
    for (unsigned i = 0; i < 40; i++) {
        struct node_counts counts = node_counts(world->node);
        assert_true(counts.outbound + counts.dialing <= 5);
        uint64_t numbers[5];
        size_t n = 0;
        for (size_t j = 0; j < world->sockets_n; j++)
            if (world->sockets[j].state == SOCKET_DIALING)
                numbers[n++] = world->sockets[j].number;
        for (size_t j = 0; j < n; j++)
            world_connect(world, numbers[j]);
        world_run(world, SECONDS_MS(1));
    }
    assert_int_equal(node_counts(world->node).dials, 10); /* held for 30 s each (P20) */
    world_free(world);
}

static void p3_a_crawl_that_meets_the_dial_rate_goes_on_a_second_later(void **state)
{
    (void)state;
    struct node_settings settings = as_seed();
    settings.dial_rate = 4;
    struct world *world = open_crawler(&settings, 30);
    unsigned dials = 0;
    for (unsigned second = 0; second < 7; second++) {
        for (size_t failed; (failed = world_all_dials_fail(world, ERR_REFUSED)) > 0;)
            dials += (unsigned)failed; /* all dials end at once: nothing else wakes the crawl */
        world_run(world, SECONDS_MS(1));
    }
    assert_in_range(dials, 24, 32);
    world_free(world);
}

static void p3_one_busy_range_does_not_hold_up_a_crawl(void **state)
{
    (void)state;
    struct node_settings settings = as_seed();
    struct world *world = world_new(&settings);
    for (uint32_t i = 1; i <= 12; i++) {
        struct addr addr = addr_at(i, 0x63010200 + i);
        assert_int_equal(world_add(world, &addr, 50 + i), ERR_OK);
    }
    world_add_peers(world, 100, 12);
    world_start(world);
    assert_int_equal(world_count(world, ACTION_DIAL), 2 + 12);
    world_free(world);
}

static void crawl_passes_over_who_was_banned_or_left_the_book_meanwhile(void **state)
{
    (void)state;
    struct node_settings settings = as_seed();
    settings.crawl_concurrency = 1;
    struct world *world = open_crawler(&settings, 10);
    for (uint32_t n = 1; n <= 5; n++)
        if (!world_number(world, n))
            world_ban(world, n, HOURS_MS(1));
    uint32_t gone = world_number(world, 6) ? 7 : 6;
    struct peer_id id = id_of(gone);
    book_remove(world->book, &id);
    unsigned dials = 0;
    for (; world_all_dials_fail(world, ERR_REFUSED) > 0; dials++)
        assert_int_equal(world_number(world, gone), 0);
    assert_in_range(dials, 4, 5); /* of 6 .. 10 without one, and perhaps the first */
    world_free(world);
}

static bool is_shown;
static double shown_age_s;

static void note_crawl_age(
    struct fake_policy *fake, enum hook hook, const void *view, void *verdict)
{
    const struct crawl_view *crawl = view;
    (void)fake;
    (void)verdict;
    if (hook != HOOK_crawl || crawl->candidates_n == 0 || is_shown)
        return;
    is_shown = true;
    shown_age_s = crawl->candidates[0].last_crawl_age_s;
}

/* Peer 1 leaves the book for so long and comes back: how long ago it was crawled then; below 0:
 * never. */
static double crawl_age_after(struct world *world, int64_t away_ms)
{
    struct peer_id id = id_of(1);
    world_all_dials_fail(world, ERR_REFUSED);
    book_remove(world->book, &id);
    world_run(world, away_ms);
    world_add_peers(world, 1, 1);
    is_shown = false;
    world_run(world, PERIOD);
    return shown_age_s;
}

static void r64_crawls_are_forgotten_after_a_day(void **state)
{
    (void)state;
    struct node_settings settings = as_seed();
    struct world *world = open_crawler(&settings, 1);
    world->fake.twist = note_crawl_age;
    double age_s = crawl_age_after(world, HOURS_MS(23));
    assert_true(age_s > 22 * 3600 && age_s < 24 * 3600);
    assert_true(crawl_age_after(world, HOURS_MS(25)) < 0);
    world_free(world);
}

static void f5_bans_that_ran_out_are_reinstated_in_seed_mode_too(void **state)
{
    (void)state;
    struct node_settings settings = as_seed();
    struct world *world = open_crawler(&settings, 1);
    world_all_dials_fail(world, ERR_REFUSED);
    world_ban(world, 1, SECONDS_MS(50));
    world_run(world, PERIOD);
    assert_false(world_knows(world, 1));
    world_run(world, PERIOD);
    assert_true(world_knows(world, 1));
    world_free(world);
}

/* ---- who may stay (R65, P20) ---- */

static int64_t stayed_ms(struct world *world, uint64_t number)
{
    int64_t began_ms = world->now.mono_ms;
    while (world_is_peer(world, number) && world->now.mono_ms - began_ms < HOURS_MS(30))
        world_run(world, SECONDS_MS(1));
    return world->now.mono_ms - began_ms;
}

static void p20_a_crawled_peer_goes_5_s_after_its_list_or_after_30_s(void **state)
{
    (void)state;
    struct node_settings settings = as_seed();
    struct world *world = open_crawler(&settings, 2);
    uint64_t silent = world_number(world, 1), told = world_number(world, 2);
    world_connect(world, silent);
    world_connect(world, told);
    world_list_of(world, told, 100, 3);
    assert_in_range(stayed_ms(world, told), 5000, 6000);
    assert_in_range(stayed_ms(world, silent), 24000, 25000);
    assert_int_equal(world_last(world, ACTION_CLOSE)->why, ERR_GRACEFUL);
    world_free(world);
}

static void p20_an_inbound_peer_that_does_not_ask_goes_after_a_minute(void **state)
{
    (void)state;
    struct node_settings settings = as_seed();
    struct world *world = open_crawler(&settings, 0);
    assert_in_range(stayed_ms(world, world_inbound(world, 1)), 60000, 61000);
    assert_int_equal(world->fake.asked[HOOK_ban], 0);
    world_free(world);
}

static void r65_p20_persistent_peers_stay(void **state)
{
    (void)state;
    struct node_settings settings = as_seed();
    struct addr_text friend = text_of(1, NULL);
    settings.persistent_peers = &friend;
    settings.persistent_peers_n = 1;
    settings.seed_disconnect_wait_ms = MINUTES_MS(5);
    struct world *world = open_crawler(&settings, 0);
    uint64_t number = world_inbound(world, 1);
    assert_in_range(stayed_ms(world, number), HOURS_MS(30), HOURS_MS(31));
    world_free(world);
}

static void r65_nobody_else_stays_longer_than_the_disconnect_wait(void **state)
{
    (void)state;
    struct node_settings settings = as_seed();
    struct peer_id friend = id_of(1);
    settings.unconditional_ids = &friend; /* not exempt */
    settings.unconditional_ids_n = 1;
    settings.seed_disconnect_wait_ms = SECONDS_MS(20);
    struct world *world = open_crawler(&settings, 0);
    assert_in_range(stayed_ms(world, world_inbound(world, 1)), 20000, 21000);
    assert_in_range(stayed_ms(world, world_outbound(world, 2)), 20000, 21000);
    world_free(world);
}

static void r65_a_normal_node_keeps_its_peers(void **state)
{
    (void)state;
    struct node_settings settings = world_settings();
    struct world *world = world_open(&settings);
    assert_true(stayed_ms(world, world_inbound(world, 1)) >= HOURS_MS(30));
    world_free(world);
}

static void f14_a_crawler_with_nobody_left_asks_the_seeds_again(void **state)
{
    (void)state;
    struct node_settings settings = as_seed();
    struct addr_text seed = text_of(900, NULL);
    settings.seeds = &seed;
    settings.seeds_n = 1;
    struct world *world = open_crawler(&settings, 0);
    world_all_dials_fail(world, ERR_TIMEOUT);
    world_run(world, PERIOD);
    assert_true(world_dialed(world, 900));
    world_free(world);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(r60_without_seeds_it_crawls_a_selection_at_once_and_every_30_s),
        cmocka_unit_test(r60_with_seeds_it_asks_them_first),
        cmocka_unit_test(r60_a_selection_has_the_size_of_b35),
        cmocka_unit_test(f17_a_large_book_is_crawled_as_fast_as_dials_end),
        cmocka_unit_test(f17_whom_the_dial_rate_holds_back_as_a_round_begins_is_not_missed),
        cmocka_unit_test(f17_a_book_of_many_windows_is_crawled_to_its_end),
        cmocka_unit_test(f17_who_is_new_in_a_list_is_visited_a_second_later),
        cmocka_unit_test(p19_whom_the_policy_passes_over_is_shown_once_a_period),
        cmocka_unit_test(r61_an_id_is_crawled_again_after_two_minutes),
        cmocka_unit_test(r61_who_is_reached_is_asked),
        cmocka_unit_test(r61_the_gate_of_back_off_holds_for_crawls),
        cmocka_unit_test(f17_dials_run_side_by_side_up_to_the_concurrency),
        cmocka_unit_test(f17_outbound_peers_and_dials_are_capped),
        cmocka_unit_test(p3_a_crawl_that_meets_the_dial_rate_goes_on_a_second_later),
        cmocka_unit_test(p3_one_busy_range_does_not_hold_up_a_crawl),
        cmocka_unit_test(crawl_passes_over_who_was_banned_or_left_the_book_meanwhile),
        cmocka_unit_test(r64_crawls_are_forgotten_after_a_day),
        cmocka_unit_test(f5_bans_that_ran_out_are_reinstated_in_seed_mode_too),
        cmocka_unit_test(p20_a_crawled_peer_goes_5_s_after_its_list_or_after_30_s),
        cmocka_unit_test(p20_an_inbound_peer_that_does_not_ask_goes_after_a_minute),
        cmocka_unit_test(r65_p20_persistent_peers_stay),
        cmocka_unit_test(r65_nobody_else_stays_longer_than_the_disconnect_wait),
        cmocka_unit_test(r65_a_normal_node_keeps_its_peers),
        cmocka_unit_test(f14_a_crawler_with_nobody_left_asks_the_seeds_again),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
