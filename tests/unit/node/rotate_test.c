/* What holds whatever a policy answers to rotate, crawl and reinstate, and what observe is told
 * (P11, P18 - P20). */
#include "world.h"

#define PERIOD SECONDS_MS(30)

static union {
    struct rotate_verdict rotate;
    struct crawl_verdict crawl;
    struct reinstate_verdict reinstate;
} twisted;
static enum hook twisted_hook;
static size_t shown; /* rows of the last question */

struct told {
    enum policy_event kind;
    char id[PEER_ID_TEXT + 1], class[32];
    struct observe_view view;
};
static struct told told[64];
static size_t told_n;

static void note_event(const struct observe_view *view)
{
    struct told *last = &told[told_n++ % 64];
    *last = (struct told){.kind = view->kind, .view = *view};
    strcpy(last->id, view->id);
    strcpy(last->class, view->class);
}

static void twist(struct fake_policy *fake, enum hook hook, const void *view, void *verdict)
{
    (void)fake;
    if (hook == HOOK_observe)
        note_event(view);
    if (hook == HOOK_rotate)
        shown = ((const struct rotate_view *)view)->peers_n;
    if (hook == HOOK_crawl)
        shown = ((const struct crawl_view *)view)->candidates_n;
    if (hook == HOOK_reinstate)
        shown = ((const struct reinstate_view *)view)->banned_n;
    if (hook == twisted_hook)
        memcpy(verdict, &twisted, schema_hooks[hook].verdict.size);
}

static void answer_with(struct world *world, enum hook hook)
{
    memset(&twisted, 0, sizeof twisted);
    twisted_hook = hook;
    world->fake.answers[hook] = true;
    world->fake.twist = twist;
    shown = 0;
}

/* Nonsense, then each row twice. */
static void say_every_row(int64_t *rows, size_t *n, size_t max)
{
    for (size_t i = 0; i < max; i++)
        rows[i] = i < 3 ? (int64_t[]){-1, INT64_MAX, INT64_MIN}[i] : (int64_t)(i - 3) / 2;
    *n = max;
}

/* ---- rotate (P18, P20) ---- */

static struct world *open_with_peers(const struct node_settings *settings, uint32_t n)
{
    struct world *world = world_open(settings);
    for (uint32_t i = 1; i <= n; i++)
        world_inbound(world, i);
    answer_with(world, HOOK_rotate);
    return world;
}

static void p18_a_node_loses_a_quarter_of_its_peers_in_a_period_at_most(void **state)
{
    (void)state;
    static const uint32_t peers[] = {1, 4, 5, 20};
    static const size_t want[] = {1, 1, 2, 5};
    struct node_settings settings = world_settings();
    for (unsigned i = 0; i < 4; i++) {
        struct world *world = open_with_peers(&settings, peers[i]);
        say_every_row(twisted.rotate.rows, &twisted.rotate.rows_n, 64);
        world_run(world, PERIOD);
        assert_int_equal(world_count(world, ACTION_CLOSE), want[i]);
        assert_int_equal(world_last(world, ACTION_CLOSE)->why, ERR_GRACEFUL);
        world_free(world);
    }
}

static void p18_named_peers_are_not_shown(void **state)
{
    (void)state;
    struct node_settings settings = world_settings_naming_two();
    settings.max_outbound = 0; /* who went is not dialed again */
    struct world *world = open_with_peers(&settings, 3);
    say_every_row(twisted.rotate.rows, &twisted.rotate.rows_n, 64);
    world_run(world, 3 * PERIOD);
    assert_true(world_number(world, 1) > 0 && world_number(world, 2) > 0);
    assert_int_equal(world_number(world, 3), 0);
    world_free(world);
}

static void p18_false_or_a_failure_keeps_everybody(void **state)
{
    (void)state;
    struct node_settings settings = world_settings();
    for (unsigned fails = 0; fails < 2; fails++) {
        struct world *world = open_with_peers(&settings, 5);
        say_every_row(twisted.rotate.rows, &twisted.rotate.rows_n, 64);
        twisted.rotate.is_false = true;
        world->fake.fails[HOOK_rotate] = fails;
        world_run(world, 3 * PERIOD);
        assert_int_equal(world_count(world, ACTION_CLOSE), 0);
        world_free(world);
    }
}

static void p20_a_seed_keeps_nobody_beyond_the_disconnect_wait_whatever_it_says(void **state)
{
    (void)state;
    struct node_settings settings = world_settings();
    settings.seed_mode = true;
    settings.seed_disconnect_wait_ms = MINUTES_MS(5);
    for (unsigned fails = 0; fails < 2; fails++) {
        struct world *world = open_with_peers(&settings, 5);
        world->fake.fails[HOOK_rotate] = fails;
        world_run(world, MINUTES_MS(5) - 1);
        assert_int_equal(world_count(world, ACTION_CLOSE), 0);
        world_run(world, SECONDS_MS(1));
        assert_int_equal(world_count(world, ACTION_CLOSE), 5);
        world_free(world);
    }
}

static void p18_of_many_peers_a_sample_is_shown(void **state)
{
    (void)state;
    struct node_settings settings = world_settings();
    settings.seed_mode = true;
    settings.max_inbound = 2000;
    settings.allow_duplicate_ip = true;
    struct world *world = open_with_peers(&settings, 1500);
    world->skips_book = true;
    world_run(world, SECONDS_MS(2));
    assert_int_equal(shown, 1024);
    say_every_row(twisted.rotate.rows, &twisted.rotate.rows_n, 1024);
    world_run(world, SECONDS_MS(1));
    assert_int_equal(world_count(world, ACTION_CLOSE), 511); /* rows 0 .. 510 */
    world_free(world);
}

/* ---- crawl (P19) ---- */

static struct world *open_crawler(uint32_t concurrency)
{
    struct node_settings settings = world_settings();
    settings.seed_mode = true;
    settings.crawl_concurrency = concurrency;
    settings.crawl_period_ms = SECONDS_MS(5);
    struct world *world = world_new(&settings);
    world_add_peers(world, 1, 20);
    answer_with(world, HOOK_crawl);
    return world;
}

static void p19_rows_are_crawled_once_each_whatever_else_it_says(void **state)
{
    (void)state;
    struct world *world = open_crawler(64);
    say_every_row(twisted.crawl.rows, &twisted.crawl.rows_n, 1024);
    world_start(world);
    assert_int_equal(shown, 20);
    assert_int_equal(world_count(world, ACTION_DIAL), 20);
    world_free(world);
}

static void p19_concurrency_is_the_settings_at_most(void **state)
{
    (void)state;
    static const int64_t said[] = {0, 1, 5, 6, INT64_MAX, -1};
    static const size_t want[] = {5, 1, 5, 5, 5, 5};
    for (unsigned i = 0; i < 6; i++) {
        struct world *world = open_crawler(5);
        say_every_row(twisted.crawl.rows, &twisted.crawl.rows_n, 64);
        twisted.crawl.concurrency = said[i];
        world_start(world);
        assert_int_equal(world_count(world, ACTION_DIAL), want[i]);
        world_free(world);
    }
}

static void p19_an_id_is_crawled_every_30_s_at_most_whatever_it_says(void **state)
{
    (void)state;
    struct world *world = open_crawler(64);
    say_every_row(twisted.crawl.rows, &twisted.crawl.rows_n, 64);
    world_start(world);
    while (world_sockets(world, SOCKET_DIALING) > 0) { /* they answer, and go */
        uint64_t number = world->sockets[0].number;
        world_connect(world, number);
        world_closed(world, number, ERR_CLOSED_BY_PEER);
    }
    world_run(world, SECONDS_MS(29));
    assert_int_equal(world_count(world, ACTION_DIAL), 0);
    world_run(world, SECONDS_MS(6));
    assert_int_equal(world_count(world, ACTION_DIAL), 20);
    world_free(world);
}

static void p19_false_or_a_failure_crawls_nobody(void **state)
{
    (void)state;
    for (unsigned fails = 0; fails < 2; fails++) {
        struct world *world = open_crawler(64);
        say_every_row(twisted.crawl.rows, &twisted.crawl.rows_n, 64);
        twisted.crawl.is_false = true;
        world->fake.fails[HOOK_crawl] = fails;
        world_start(world);
        world_run(world, MINUTES_MS(1));
        assert_int_equal(node_counts(world->node).dials, 0);
        world_free(world);
    }
}

/* ---- reinstate (P11) ---- */

static struct world *open_with_bans(void)
{
    struct node_settings settings = world_settings();
    struct world *world = world_open(&settings);
    world_add_peers(world, 1, 3);
    for (uint32_t n = 1; n <= 3; n++)
        world_ban(world, n, n * HOURS_MS(1));
    answer_with(world, HOOK_reinstate);
    return world;
}

static void p11_only_bans_that_ran_out_come_back_and_only_those_it_names(void **state)
{
    (void)state;
    struct world *world = open_with_bans();
    say_every_row(twisted.reinstate.rows, &twisted.reinstate.rows_n, 64);
    world_run(world, MINUTES_MS(50));
    assert_int_equal(world->fake.asked[HOOK_reinstate], 0); /* there is none to bring back */
    twisted.reinstate.is_false = true;
    world_run(world, MINUTES_MS(40)); /* 1 ran out */
    assert_int_equal(shown, 1);
    assert_false(world_knows(world, 1));
    twisted.reinstate.is_false = false;
    world_run(world, MINUTES_MS(1));
    assert_true(world_knows(world, 1) && !world_knows(world, 2) && !world_knows(world, 3));
    assert_true(world_logged(world, "addresses reinstated"));
    world_free(world);
}

static void p11_a_policy_that_fails_brings_all_back(void **state)
{
    (void)state;
    struct world *world = open_with_bans();
    world->fake.fails[HOOK_reinstate] = true;
    world_run(world, HOURS_MS(4));
    assert_true(world_knows(world, 1) && world_knows(world, 2) && world_knows(world, 3));
    world_free(world);
}

/* ---- observe ---- */

static const struct told *last_told(enum policy_event kind)
{
    for (size_t i = told_n; i-- > 0 && told_n < 64;)
        if (told[i].kind == kind)
            return &told[i];
    fail_msg("nothing was told of kind %d", (int)kind);
    return NULL;
}

static void observe_is_told_what_happened(void **state)
{
    (void)state;
    struct node_settings settings = world_settings();
    struct world *world = world_open(&settings);
    struct peer_id id = id_of(1);
    char text[PEER_ID_TEXT + 1];
    answer_with(world, HOOK_observe);
    told_n = 0;
    uint64_t peer = world_outbound(world, 1);
    assert_true(last_told(POLICY_EVENT_dialed)->view.rtt_ms == 20);
    assert_string_equal(last_told(POLICY_EVENT_connected)->id, peer_id_text(&id, text));
    world_list_of(world, peer, 50, 3);
    assert_true(last_told(POLICY_EVENT_list)->view.useful_addresses == 3);
    world_step(
        world, &(struct event){.kind = EVENT_ROUND_TRIP, .conn = peer, .round_trip = {.ms = 20}});
    assert_true(last_told(POLICY_EVENT_round_trip)->view.outbound);
    world_run(world, SECONDS_MS(5));
    world_closed(world, peer, ERR_RESET);
    assert_string_equal(last_told(POLICY_EVENT_closed)->class, "reset");
    assert_true(last_told(POLICY_EVENT_closed)->view.uptime_s == 5);
    world_dial_fails(world, world_dial(world, 9), ERR_REFUSED, false);
    assert_string_equal(last_told(POLICY_EVENT_dial_failed)->class, "refused");
    world_free(world);
}

static void observe_costs_nothing_where_nobody_listens(void **state)
{
    (void)state;
    struct node_settings settings = world_settings();
    struct world *world = world_open(&settings);
    world_closed(world, world_outbound(world, 1), ERR_RESET);
    for (unsigned hook = HOOK_admit; hook <= HOOK_observe; hook++)
        assert_int_equal(world->fake.asked[hook], 0);
    world_free(world);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(p18_a_node_loses_a_quarter_of_its_peers_in_a_period_at_most),
        cmocka_unit_test(p18_named_peers_are_not_shown),
        cmocka_unit_test(p18_false_or_a_failure_keeps_everybody),
        cmocka_unit_test(p20_a_seed_keeps_nobody_beyond_the_disconnect_wait_whatever_it_says),
        cmocka_unit_test(p18_of_many_peers_a_sample_is_shown),
        cmocka_unit_test(p19_rows_are_crawled_once_each_whatever_else_it_says),
        cmocka_unit_test(p19_concurrency_is_the_settings_at_most),
        cmocka_unit_test(p19_an_id_is_crawled_every_30_s_at_most_whatever_it_says),
        cmocka_unit_test(p19_false_or_a_failure_crawls_nobody),
        cmocka_unit_test(p11_only_bans_that_ran_out_come_back_and_only_those_it_names),
        cmocka_unit_test(p11_a_policy_that_fails_brings_all_back),
        cmocka_unit_test(observe_is_told_what_happened),
        cmocka_unit_test(observe_costs_nothing_where_nobody_listens),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
