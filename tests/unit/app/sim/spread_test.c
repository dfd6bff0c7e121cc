/* Middle and ends of several values. */
#include "app/sim/spread.h"
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

static void assert_same(double got, double wanted)
{
    assert_true(got == wanted || (isnan(got) && isnan(wanted)));
}

static void assert_spread(struct spread spread, double low, double median, double high)
{
    assert_same(spread.low, low);
    assert_same(spread.median, median);
    assert_same(spread.high, high);
}

static void the_median_is_in_the_middle_whatever_the_order(void **state)
{
    (void)state;
    assert_spread(spread_of((double[]){9, 1, 4}, 3), 1, 4, 9);
    assert_spread(spread_of((double[]){9, 1, 4, 5}, 4), 1, 4.5, 9);
    assert_spread(spread_of((double[]){7}, 1), 7, 7, 7);
}

static void what_never_happened_is_behind_all_else(void **state)
{
    (void)state;
    assert_spread(spread_of((double[]){INFINITY, 3, 2}, 3), 2, 3, INFINITY);
    assert_spread(spread_of((double[]){INFINITY, 3, INFINITY}, 3), 3, INFINITY, INFINITY);
    assert_spread(spread_of((double[]){3, INFINITY}, 2), 3, INFINITY, INFINITY);
}

static void what_was_not_measured_is_left_out(void **state)
{
    (void)state;
    assert_spread(spread_of((double[]){NAN, 3, NAN, 5}, 4), 3, 4, 5);
    assert_spread(spread_of((double[]){NAN}, 1), NAN, NAN, NAN);
    assert_spread(spread_of(NULL, 0), NAN, NAN, NAN);
}

static void a_share_is_reached_by_the_last_of_it(void **state)
{
    (void)state;
    assert_same(spread_reach((double[]){40, 10, 30, 20}, 4, 0.5), 20);
    assert_same(spread_reach((double[]){40, 10, 30, 20, 50}, 5, 0.5), 30);
    assert_same(spread_reach((double[]){1, 2, 3, 4, 5, 6, 7, 8, 9, INFINITY}, 10, 0.9), 9);
    assert_same(spread_reach((double[]){1, 2, 3, 4, 5, 6, 7, 8, 9, INFINITY}, 10, 1), INFINITY);
    assert_same(spread_reach(NULL, 0, 1), NAN);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_median_is_in_the_middle_whatever_the_order),
        cmocka_unit_test(what_never_happened_is_behind_all_else),
        cmocka_unit_test(what_was_not_measured_is_left_out),
        cmocka_unit_test(a_share_is_reached_by_the_last_of_it),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
