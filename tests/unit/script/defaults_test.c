/* The default policy against the rules, computed here a second time, over generated situations. */
#include "unit/script/fixture.h"

#include <math.h>

#define ROUNDS 2000

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

static void ban_follows_the_matrix_of_1_10(void **state)
{
    for (int err = 0; err < ERR_COUNT; err++) {
        if (err_blame((enum err)err) != BLAME_PEER)
            continue;
        struct ban_view view;
        struct ban_verdict verdict;
        schema_view_defaults(&schema_hooks[HOOK_ban], &view);
        view.kind = err_name((enum err)err);
        assert_int_equal(ask(*state, HOOK_ban, &view, &verdict), ERR_OK);
        assert_false(verdict.is_false);
        assert_true(verdict.disconnect);
        assert_true(verdict.ban_s == (is_banned(view.kind) ? 86400 : 0));
        assert_int_equal(verdict.scope, POLICY_SCOPE_id);
    }
}

static void the_default_never_failed(void **state)
{
    struct fixture *fixture = *state;
    for (int i = 0; i < HOOK_COUNT; i++)
        assert_int_equal(hook_stats(fixture, (enum hook)i).errors, 0);
    assert_true(hook_stats(fixture, HOOK_ban).calls > 0);
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
        cmocka_unit_test(the_default_never_failed),
    };
    return cmocka_run_group_tests(tests, setup, teardown);
}
