/* The default policy against the rules, computed here a second time, over generated situations:
 * what is expected comes from the rules' text alone. */
#include "unit/script/fixture.h"

#include <math.h>

#define ROUNDS 3000 /* situations of each rule that draws its own */

static unsigned situations; /* asked so far; the last test wants 10,000 */

/* Reasons are logged at debug; what is logged here is a failure. */
static int setup_without_reasons(void **state)
{
    struct fixture *fixture = calloc(1, sizeof *fixture);
    fixture_init(fixture);
    fixture->settings.log.level = LOG_INFO;
    fixture_start(fixture);
    *state = fixture;
    return 0;
}

static int64_t upto(struct rng *rng, int64_t max)
{
    return (int64_t)rng_below(rng, (uint64_t)max + 1);
}

static int64_t smaller(int64_t a, int64_t b)
{
    return a < b ? a : b;
}

static void bias_prefers_new_addresses_with_more_outbound_peers_R43(void **state)
{
    for (int64_t outbound = 0; outbound < 60; outbound++) {
        for (int64_t wanted = 0; wanted < 400; wanted += 7) {
            struct bias_verdict verdict = ask_bias(*state, outbound, wanted);
            situations++;
            assert_true(verdict.new_percent == (double)(outbound >= 8 ? 90 : 10 + 10 * outbound));
            int64_t draw = wanted == 0 ? 1 : wanted * 3 > 1024 ? 1024 : wanted * 3;
            assert_int_equal(verdict.draw, draw);
        }
    }
}

static void select_takes_dialable_candidates_in_order_R44_F14(void **state)
{
    struct fixture *fixture = *state;
    static struct address_row rows[300];
    static struct select_verdict verdict;
    struct rng rng;
    rng_seed(&rng, 1);
    for (int round = 0; round < 300; round++) {
        struct select_view view;
        schema_view_defaults(&schema_hooks[HOOK_select], &view);
        view.candidates = rows;
        view.candidates_n = (size_t)upto(&rng, 300);
        view.wanted = upto(&rng, 60);
        size_t expected[300], expected_n = 0;
        for (size_t i = 0; i < view.candidates_n; i++) {
            schema_row_defaults(&schema_rows[0], &rows[i]);
            rows[i].retry_in_s = upto(&rng, 2) == 0 ? rng_unit(&rng) * 100 + 0.001 : 0;
            if (rows[i].retry_in_s == 0 && (int64_t)expected_n < view.wanted)
                expected[expected_n++] = i;
        }
        situations++;
        assert_int_equal(ask(fixture, HOOK_select, &view, &verdict), ERR_OK);
        assert_int_equal(verdict.picks_n, expected_n);
        for (size_t i = 0; i < expected_n; i++) {
            assert_int_equal(verdict.picks[i].row, expected[i]);
            assert_false(verdict.picks[i].feeler);
        }
    }
}

static const char *const classes[] = {"refused", "timeout", "reset", "handshake_timeout",
    "auth_signature", "node_info", "closed_by_peer", "wrong_id", "self", "other_network",
    "other_block_version", "no_common_channel"};
#define ORDINARY 7 /* classes before wrong_id */
#define FOREIGN 9  /* classes from other_network */

static void backoff_doubles_bans_and_removes_R51_R52_R53_F3_F15_F25(void **state)
{
    struct fixture *fixture = *state;
    struct rng rng;
    rng_seed(&rng, 2);
    for (int round = 0; round < ROUNDS; round++) {
        struct backoff_view view;
        struct backoff_verdict verdict;
        schema_view_defaults(&schema_hooks[HOOK_backoff], &view);
        size_t class = (size_t)upto(&rng, sizeof classes / sizeof *classes - 1);
        view.class = classes[class];
        view.failures = upto(&rng, 3) == 0 ? 1 + upto(&rng, 80) : 1 + upto(&rng, 17);
        view.max_wait_s = upto(&rng, 1) ? (double)(1 + upto(&rng, 7200)) : 0;
        view.address.persistent = upto(&rng, 1);
        situations++;
        assert_int_equal(ask(fixture, HOOK_backoff, &view, &verdict), ERR_OK);

        bool is_patient = view.address.persistent;
        if (!is_patient && class >= ORDINARY && class < FOREIGN) {
            assert_int_equal(verdict.act, BACKOFF_remove);
            assert_true(verdict.remove);
        } else if (!is_patient && (class >= FOREIGN || view.failures > 16)) {
            assert_int_equal(verdict.act, BACKOFF_ban);
            assert_true(verdict.ban_s == 86400);
            assert_int_equal(verdict.scope, POLICY_SCOPE_id);
        } else {
            assert_int_equal(verdict.act, BACKOFF_wait);
            double low = ldexp(1, (int)smaller(view.failures, 60)), cap = 172800;
            if (is_patient && view.max_wait_s > 0)
                cap = view.max_wait_s;
            assert_true(verdict.wait_s >= (low < cap ? low : cap));
            assert_true(verdict.wait_s <= (low + 1 < cap ? low + 1 : cap));
        }
    }
}

static void backoff_jitter_is_redrawn_within_a_second_R52(void **state)
{
    struct backoff_view view;
    struct backoff_verdict first, second;
    schema_view_defaults(&schema_hooks[HOOK_backoff], &view);
    view.failures = 3;
    assert_int_equal(ask(*state, HOOK_backoff, &view, &first), ERR_OK);
    assert_int_equal(ask(*state, HOOK_backoff, &view, &second), ERR_OK);
    assert_true(first.wait_s != second.wait_s);
    assert_true(fabs(first.wait_s - 8.5) <= 0.5 && fabs(second.wait_s - 8.5) <= 0.5);
}

/* behaviour.md 1.10: what is banned; everything else only costs the connection. */
static bool is_banned(const char *kind)
{
    return strcmp(kind, "pex_too_soon") == 0 || strcmp(kind, "pex_bad_address") == 0 ||
        strcmp(kind, "pex_unsolicited") == 0;
}

static void random_peer(struct rng *rng, struct peer_row *peer)
{
    schema_row_defaults(schema_hooks[HOOK_ban].view[schema_hooks[HOOK_ban].view_n - 1].row, peer);
    peer->outbound = upto(rng, 1);
    peer->uptime_s = (double)upto(rng, 8000) / 2;
    peer->lists = upto(rng, 2);
    peer->list_age_s = peer->lists > 0 ? (double)upto(rng, 20) / 2 : -1;
    peer->requests = upto(rng, 2);
    peer->seed = upto(rng, 5) == 0;
}

/* Whoever it is and whatever it did before. */
static void ban_follows_the_matrix_of_1_10(void **state)
{
    struct rng rng;
    rng_seed(&rng, 3);
    for (int round = 0; round < ROUNDS; round++) {
        enum err err = (enum err)upto(&rng, ERR_COUNT - 1);
        if (err_blame(err) != BLAME_PEER)
            continue;
        struct ban_view view;
        struct ban_verdict verdict;
        schema_view_defaults(&schema_hooks[HOOK_ban], &view);
        view.kind = err_name(err);
        view.incidents = 1 + upto(&rng, 50);
        random_peer(&rng, &view.peer);
        situations++;
        assert_int_equal(ask(*state, HOOK_ban, &view, &verdict), ERR_OK);
        assert_false(verdict.is_false);
        assert_true(verdict.disconnect);
        assert_true(verdict.ban_s == (is_banned(view.kind) ? 86400 : 0));
        assert_int_equal(verdict.scope, POLICY_SCOPE_id);
    }
}

static void every_kind_of_the_matrix_is_judged_1_10(void **state)
{
    unsigned banned = 0;
    for (int err = 0; err < ERR_COUNT; err++) {
        if (err_blame((enum err)err) != BLAME_PEER)
            continue;
        struct ban_view view;
        struct ban_verdict verdict;
        schema_view_defaults(&schema_hooks[HOOK_ban], &view);
        view.kind = err_name((enum err)err);
        assert_int_equal(ask(*state, HOOK_ban, &view, &verdict), ERR_OK);
        assert_true(verdict.ban_s == (is_banned(view.kind) ? 86400 : 0));
        banned += verdict.ban_s > 0;
    }
    assert_int_equal(banned, 3);
}

static void share_is_even_for_a_node_and_biased_for_a_seed_B36_B37(void **state)
{
    struct rng rng;
    rng_seed(&rng, 4);
    for (int round = 0; round < ROUNDS; round++) {
        struct share_view view;
        struct share_verdict verdict;
        schema_view_defaults(&schema_hooks[HOOK_share], &view);
        bool is_seed = upto(&rng, 1);
        view.common.role = is_seed ? POLICY_ROLE_seed : POLICY_ROLE_node;
        view.count = upto(&rng, 250);
        random_peer(&rng, &view.peer);
        situations++;
        assert_int_equal(ask(*state, HOOK_share, &view, &verdict), ERR_OK);
        assert_false(verdict.is_false);
        assert_int_equal(verdict.act, SHARE_amount);
        assert_int_equal(verdict.count, view.count);
        assert_true(verdict.new_percent == (is_seed ? 30 : -1));
        assert_false(verdict.verified_only);
        assert_int_equal(verdict.verified_first, is_seed);
        assert_int_equal(verdict.draw, 0);
    }
}

static void dials_fill_the_free_slots_R42(void **state)
{
    for (int64_t available = -20; available <= 1024; available++) {
        struct dial_count_view view;
        struct dial_count_verdict verdict;
        schema_view_defaults(&schema_hooks[HOOK_dial_count], &view);
        view.free = available;
        view.reason = available % 2 ? POLICY_ROUND_tick : POLICY_ROUND_wakeup;
        situations++;
        assert_int_equal(ask(*state, HOOK_dial_count, &view, &verdict), ERR_OK);
        assert_int_equal(verdict.dials, available > 0 ? available : 0);
    }
}

static void promotion_takes_an_hour_or_a_list_P6(void **state)
{
    struct rng rng;
    rng_seed(&rng, 5);
    for (int round = 0; round < 1000; round++) {
        struct promote_view view;
        struct promote_verdict verdict;
        schema_view_defaults(&schema_hooks[HOOK_promote], &view);
        random_peer(&rng, &view.peer);
        view.common.role = upto(&rng, 1) ? POLICY_ROLE_seed : POLICY_ROLE_node;
        double minutes = view.peer.uptime_s / 60;
        bool good = minutes >= 60 || (view.peer.lists > 0 && minutes >= 10) ||
            (view.peer.lists > 0 && view.common.role == POLICY_ROLE_seed);
        situations++;
        assert_int_equal(ask(*state, HOOK_promote, &view, &verdict), ERR_OK);
        assert_int_equal(verdict.good, good);
    }
}

/* Over many questions every peer is asked about as often as any other. */
static void whom_to_ask_is_drawn_evenly_while_addresses_are_wanted_R47(void **state)
{
    static struct peer_row rows[10];
    struct ask_view view;
    struct ask_verdict verdict;
    struct rng rng;
    unsigned asked[10] = {0};
    rng_seed(&rng, 6);
    schema_view_defaults(&schema_hooks[HOOK_ask], &view);
    for (int i = 0; i < 10; i++)
        random_peer(&rng, &rows[i]);
    view.peers = rows;
    view.peers_n = 10;
    for (int round = 0; round < 2000; round++) {
        situations++;
        assert_int_equal(ask(*state, HOOK_ask, &view, &verdict), ERR_OK);
        assert_false(verdict.is_false);
        asked[verdict.row]++;
    }
    for (int i = 0; i < 10; i++)
        assert_in_range(asked[i], 140, 260); /* 200, over four standard deviations */
    view.need_more = false;
    assert_int_equal(ask(*state, HOOK_ask, &view, &verdict), ERR_OK);
    assert_true(verdict.is_false);
}

static void a_peer_is_asked_on_connect_if_we_dialed_it_R20_R61(void **state)
{
    struct ask_view view;
    struct ask_verdict verdict;
    struct peer_row peer;
    struct rng rng;
    rng_seed(&rng, 7);
    schema_view_defaults(&schema_hooks[HOOK_ask], &view);
    view.reason = POLICY_WANTED_connected;
    view.peers = &peer;
    view.peers_n = 1;
    for (int round = 0; round < 500; round++) {
        random_peer(&rng, &peer);
        view.need_more = upto(&rng, 1);
        view.common.role = upto(&rng, 1) ? POLICY_ROLE_seed : POLICY_ROLE_node;
        bool asked =
            peer.outbound && (view.need_more || peer.seed || view.common.role == POLICY_ROLE_seed);
        situations++;
        assert_int_equal(ask(*state, HOOK_ask, &view, &verdict), ERR_OK);
        assert_int_equal(verdict.is_false, !asked);
    }
}

static void seeds_are_tried_in_every_order_R58(void **state)
{
    static struct seed_row rows[8];
    struct seeds_view view;
    struct seeds_verdict verdict;
    unsigned first[8] = {0};
    schema_view_defaults(&schema_hooks[HOOK_seeds], &view);
    view.seeds = rows;
    for (int round = 0; round < 1600; round++) {
        view.seeds_n = round % 2 ? 8 : (size_t)(round / 2 % 9);
        situations++;
        assert_int_equal(ask(*state, HOOK_seeds, &view, &verdict), ERR_OK);
        assert_int_equal(verdict.rows_n, view.seeds_n);
        unsigned seen = 0;
        for (size_t i = 0; i < verdict.rows_n; i++)
            seen |= 1u << verdict.rows[i];
        assert_int_equal(seen, (1u << view.seeds_n) - 1);
        if (view.seeds_n == 8)
            first[verdict.rows[0]]++;
    }
    for (int i = 0; i < 8; i++)
        assert_in_range(first[i], 60, 165); /* about 111 */
}

/* S20 with F16: 20 times 5 s, then 3^1, 3^2 ... s, at most 5 min or what is set; up to 3 s more. */
static void reconnects_slow_down_and_never_end_S20_F16(void **state)
{
    struct rng rng;
    rng_seed(&rng, 8);
    for (int round = 0; round < 1000; round++) {
        struct reconnect_view view;
        struct reconnect_verdict verdict;
        schema_view_defaults(&schema_hooks[HOOK_reconnect], &view);
        view.failures = upto(&rng, 2) == 0 ? upto(&rng, INT32_MAX) : upto(&rng, 40);
        view.max_wait_s = upto(&rng, 1) ? (double)upto(&rng, 200000) : 0;
        double wait = 5, most = view.max_wait_s > 0 ? view.max_wait_s : 300;
        if (view.failures > 20)
            wait = pow(3, (double)smaller(view.failures - 20, 30));
        most = most > 86400 ? 86400 : most;
        situations++;
        assert_int_equal(ask(*state, HOOK_reconnect, &view, &verdict), ERR_OK);
        assert_true(verdict.wait_s >= (wait < most ? wait : most));
        assert_true(verdict.wait_s <= (wait + 3 < most ? wait + 3 : most));
    }
}

static bool may_go(const struct peer_row *peer, double hold_max_s)
{
    if (peer->uptime_s >= hold_max_s)
        return true; /* R65 */
    if (!peer->outbound)
        return peer->requests == 0 && peer->uptime_s >= 60;
    return peer->lists > 0 ? peer->list_age_s >= 5 : peer->uptime_s >= 30;
}

static void a_seed_lets_its_peers_go_and_a_node_keeps_them_R65_P20(void **state)
{
    static struct peer_row rows[200];
    static struct rotate_verdict verdict;
    struct rng rng;
    rng_seed(&rng, 9);
    for (int round = 0; round < 100; round++) {
        struct rotate_view view;
        schema_view_defaults(&schema_hooks[HOOK_rotate], &view);
        view.common.role = round % 4 ? POLICY_ROLE_seed : POLICY_ROLE_node;
        view.hold_max_s = (double)(10 + upto(&rng, 5000));
        view.peers = rows;
        view.peers_n = (size_t)upto(&rng, 200);
        size_t expected[200], n = 0;
        for (size_t i = 0; i < view.peers_n; i++) {
            random_peer(&rng, &rows[i]);
            rows[i].uptime_s = upto(&rng, 1) ? rows[i].uptime_s : (double)upto(&rng, 70);
            if (round % 4 && may_go(&rows[i], view.hold_max_s))
                expected[n++] = i;
        }
        situations++;
        assert_int_equal(ask(*state, HOOK_rotate, &view, &verdict), ERR_OK);
        assert_int_equal(verdict.rows_n, n);
        for (size_t i = 0; i < n; i++)
            assert_int_equal(verdict.rows[i], expected[i]);
    }
}

static void a_crawl_visits_nobody_twice_in_two_minutes_R61(void **state)
{
    static struct address_row rows[300];
    static struct crawl_verdict verdict;
    struct rng rng;
    rng_seed(&rng, 10);
    for (int round = 0; round < 100; round++) {
        struct crawl_view view;
        schema_view_defaults(&schema_hooks[HOOK_crawl], &view);
        view.candidates = rows;
        view.candidates_n = (size_t)upto(&rng, 300);
        size_t expected[300], n = 0;
        for (size_t i = 0; i < view.candidates_n; i++) {
            schema_row_defaults(&schema_rows[0], &rows[i]);
            rows[i].last_crawl_age_s = (double)(upto(&rng, 241) - 1);
            if (rows[i].last_crawl_age_s == -1 || rows[i].last_crawl_age_s >= 120)
                expected[n++] = i;
        }
        situations++;
        assert_int_equal(ask(*state, HOOK_crawl, &view, &verdict), ERR_OK);
        assert_int_equal(verdict.rows_n, n);
        assert_int_equal(verdict.concurrency, 0);
        for (size_t i = 0; i < n; i++)
            assert_int_equal(verdict.rows[i], expected[i]);
    }
}

static void hooks_whose_rule_is_in_the_core_are_left_to_it(void **state)
{
    static uint64_t view[64], verdict[2048];
    for (int i = 0; i < HOOK_COUNT; i++) {
        assert_true(schema_hooks[i].view_size <= sizeof view);
        if (!schema_hooks[i].answered_by_core)
            continue;
        schema_view_defaults(&schema_hooks[i], view);
        assert_int_equal(ask(*state, (enum hook)i, view, verdict), ERR_NOT_FOUND);
    }
}

static void the_default_never_failed(void **state)
{
    struct fixture *fixture = *state;
    for (int i = 0; i < HOOK_COUNT; i++) {
        assert_int_equal(hook_stats(fixture, (enum hook)i).errors, 0);
        assert_true(hook_stats(fixture, (enum hook)i).calls > 0);
    }
    assert_true(situations >= 10000);
    assert_int_equal(fixture->lines_n, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(bias_prefers_new_addresses_with_more_outbound_peers_R43),
        cmocka_unit_test(select_takes_dialable_candidates_in_order_R44_F14),
        cmocka_unit_test(backoff_doubles_bans_and_removes_R51_R52_R53_F3_F15_F25),
        cmocka_unit_test(backoff_jitter_is_redrawn_within_a_second_R52),
        cmocka_unit_test(ban_follows_the_matrix_of_1_10),
        cmocka_unit_test(every_kind_of_the_matrix_is_judged_1_10),
        cmocka_unit_test(share_is_even_for_a_node_and_biased_for_a_seed_B36_B37),
        cmocka_unit_test(dials_fill_the_free_slots_R42),
        cmocka_unit_test(promotion_takes_an_hour_or_a_list_P6),
        cmocka_unit_test(whom_to_ask_is_drawn_evenly_while_addresses_are_wanted_R47),
        cmocka_unit_test(a_peer_is_asked_on_connect_if_we_dialed_it_R20_R61),
        cmocka_unit_test(seeds_are_tried_in_every_order_R58),
        cmocka_unit_test(reconnects_slow_down_and_never_end_S20_F16),
        cmocka_unit_test(a_seed_lets_its_peers_go_and_a_node_keeps_them_R65_P20),
        cmocka_unit_test(a_crawl_visits_nobody_twice_in_two_minutes_R61),
        cmocka_unit_test(hooks_whose_rule_is_in_the_core_are_left_to_it),
        cmocka_unit_test(the_default_never_failed),
    };
    return cmocka_run_group_tests(tests, setup_without_reasons, teardown);
}
