/* Networks of a scenario, and what is measured of them. */
#include "app/sim/measure.h"
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>

#include <cmocka.h>

static const struct lua_rules by_default = {0};

static struct scenario scenario_of(int64_t nodes)
{
    return (struct scenario){
        .nodes = nodes,
        .subjects = nodes,
        .outbound = 1,
        .inbound = 40,
        .groups = nodes,
        .for_ms = HOURS_MS(1),
        .attacker_groups = 1,
    };
}

static void open_stage(struct stage *stage, const struct scenario *scenario, uint64_t seed)
{
    struct script_error error;
    assert_int_equal(stage_open(stage, scenario, &by_default, seed, &error), ERR_OK);
}

/* What nodes counted themselves. */
static struct node_counts counts_of(const struct stage *stage)
{
    struct node_counts sum = {0};
    for (uint32_t i = 0; i < stage_measured(stage); i++) {
        struct node_counts counts = node_counts(sim_node(stage->sim, i));
        sum.dials += counts.dials;
        sum.dialing += counts.dialing;
        sum.dials_failed += counts.dials_failed;
        sum.requests_sent += counts.requests_sent;
        sum.requests_received += counts.requests_received;
        sum.addresses_received += counts.addresses_received;
    }
    return sum;
}

/* counts: NULL, or what nodes counted themselves. */
static struct figures figures_and_counts_of(
    const struct scenario *scenario, struct node_counts *counts)
{
    struct stage stage;
    struct measure measure;
    open_stage(&stage, scenario, 1);
    measure_open(&measure, &stage);
    for (int64_t ms = SECONDS_MS(1); ms <= scenario->for_ms; ms += SECONDS_MS(1)) {
        sim_run_until(stage.sim, ms);
        measure_second(&measure);
        assert_null(watch_broken(stage.watch));
    }
    struct figures figures = measure_end(&measure);
    if (counts)
        *counts = counts_of(&stage);
    measure_close(&measure);
    stage_close(&stage);
    return figures;
}

static struct figures figures_of(const struct scenario *scenario)
{
    return figures_and_counts_of(scenario, NULL);
}

static void roles_follow_each_other_and_all_are_found_by_id(void **state)
{
    (void)state;
    struct scenario scenario = scenario_of(3);
    scenario.seed_nodes = 1;
    scenario.attackers = 2;
    scenario.dead = 1;
    static const enum role roles[] = {
        ROLE_NODE, ROLE_NODE, ROLE_NODE, ROLE_SEED, ROLE_ATTACKER, ROLE_ATTACKER, ROLE_NOBODY};
    struct stage stage;
    open_stage(&stage, &scenario, 1);
    assert_int_equal(stage.addrs_n, 7);
    assert_int_equal(sim_machines(stage.sim), 6);
    for (uint32_t i = 0; i < 7; i++) {
        assert_int_equal(stage_role(&stage, i), roles[i]);
        assert_int_equal(stage_find(&stage, &stage.addrs[i].id), i);
        assert_true(ip_is_routable(&stage.addrs[i].at.ip));
    }
    struct group first = ip_group(&stage.addrs[4].at.ip, true);
    assert_true(group_equal(first, ip_group(&stage.addrs[5].at.ip, true)));
    stage_close(&stage);
}

/* Of two nodes that know each other, one dials and one is dialed. */
static void two_nodes_are_one_path(void **state)
{
    (void)state;
    const struct scenario scenario = scenario_of(2);
    struct figures figures = figures_of(&scenario);
    assert_true(figures.of[FIGURE_OUTBOUND_MIN] + figures.of[FIGURE_OUTBOUND_MAX] == 1);
    assert_true(figures.of[FIGURE_INBOUND_MIN] + figures.of[FIGURE_INBOUND_MAX] == 1);
    assert_true(figures.of[FIGURE_OUTBOUND_MEDIAN] == 0.5);
    assert_true(figures.of[FIGURE_LARGEST_COMPONENT] == 100);
    assert_true(figures.of[FIGURE_PATH_MEAN] == 1 && figures.of[FIGURE_DIAMETER] == 1);
    assert_true(figures.of[FIGURE_BOOK_KNOWN] == 100 && figures.of[FIGURE_BOOK_ENTRIES] == 1);
    assert_true(figures.of[FIGURE_BOOK_OLD] > 0 && figures.of[FIGURE_BOOK_DEAD] == 0);
    assert_true(isfinite(figures.of[FIGURE_TARGET_HALF]));
    assert_true(isinf(figures.of[FIGURE_TARGET_ALL])); /* one is enough for both */
}

static void the_dead_are_dialed_in_vain(void **state)
{
    (void)state;
    struct scenario scenario = scenario_of(2);
    scenario.dead = 5;
    scenario.loss_percent = 100;
    struct figures figures = figures_of(&scenario);
    assert_true(figures.of[FIGURE_DIALS] > 1 && figures.of[FIGURE_DIALS_FAILED] == 100);
    assert_true(figures.of[FIGURE_BOOK_ENTRIES] == 6);
    assert_float_equal(figures.of[FIGURE_BOOK_DEAD], 100.0 * 5 / 6, 1e-9);
    assert_true(figures.of[FIGURE_LARGEST_COMPONENT] == 50);
    assert_true(isnan(figures.of[FIGURE_PATH_MEAN]) && isnan(figures.of[FIGURE_OUTBOUND_RTT]));
    assert_true(
        isnan(figures.of[FIGURE_BELOW_TARGET]) && isnan(figures.of[FIGURE_ATTACKERS_OUTBOUND]));
    assert_true(figures.of[FIGURE_ADDRESSES_RECEIVED] == 0 && figures.of[FIGURE_ECLIPSED] == 0);
}

/* Where nobody restarts, nodes count all that they do. */
static void what_is_seen_from_outside_is_what_nodes_count(void **state)
{
    (void)state;
    struct scenario scenario = scenario_of(6);
    struct node_counts counts;
    scenario.seed_nodes = 1;
    scenario.outbound = 5;
    scenario.dead = 10;
    struct figures figures = figures_and_counts_of(&scenario, &counts);
    double node_hours = 6 * 1.0;
    assert_true(counts.dials_failed > 10 && counts.addresses_received > 100);
    assert_float_equal(figures.of[FIGURE_DIALS] * node_hours, counts.dials, 1e-6);
    assert_float_equal(figures.of[FIGURE_DIALS_FAILED],
        100.0 * (double)counts.dials_failed / (double)(counts.dials - counts.dialing), 1e-6);
    assert_float_equal(figures.of[FIGURE_REQUESTS_SENT] * node_hours, counts.requests_sent, 1e-6);
    assert_float_equal(
        figures.of[FIGURE_REQUESTS_RECEIVED] * node_hours, counts.requests_received, 1e-6);
    assert_float_equal(
        figures.of[FIGURE_ADDRESSES_RECEIVED] * node_hours, counts.addresses_received, 1e-6);
}

/* Two nodes that cannot be dialed have nobody but the attackers. */
static void who_has_attackers_alone_is_eclipsed(void **state)
{
    (void)state;
    struct scenario scenario = scenario_of(2);
    scenario.nat_percent = 100;
    scenario.seed_nodes = 1;
    scenario.attackers = 4;
    struct figures figures = figures_of(&scenario);
    assert_true(figures.of[FIGURE_ECLIPSED] == 2);
    assert_true(figures.of[FIGURE_ATTACKERS_OUTBOUND] == 100);
    assert_true(figures.of[FIGURE_OUTBOUND_GROUPS] == 1);
    assert_true(figures.of[FIGURE_ATTACKERS_BOOK] > 0);
    assert_true(figures.of[FIGURE_REQUESTS_SENT] > 0 && figures.of[FIGURE_ADDRESSES_RECEIVED] > 0);
    assert_true(figures.of[FIGURE_LARGEST_COMPONENT] == 50);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(roles_follow_each_other_and_all_are_found_by_id),
        cmocka_unit_test(two_nodes_are_one_path),
        cmocka_unit_test(the_dead_are_dialed_in_vain),
        cmocka_unit_test(what_is_seen_from_outside_is_what_nodes_count),
        cmocka_unit_test(who_has_attackers_alone_is_eclipsed),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
