/* The flow limit in virtual time: wire.md 5.5. */
#include "link/rate.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

static void budget_is_a_tenth_of_a_second(void **state)
{
    (void)state;
    struct rate rate = {0};
    rate_count(&rate, 1000, 99);
    assert_true(rate_resume_ms(&rate, 1000) <= 1000);
    rate_count(&rate, 1000, 1);
    assert_int_equal(rate_resume_ms(&rate, 1000), 1090); /* rounds to 1100 */
    assert_true(rate_resume_ms(&rate, 1010) <= 1000);    /* 101 */
    assert_true(rate_resume_ms(&rate, 1005) <= 1000);    /* 100.5 is rounded up */
}

static void budget_is_at_least_a_byte(void **state)
{
    (void)state;
    struct rate rate = {0};
    assert_true(rate_resume_ms(&rate, 1) <= 1000);
    rate_count(&rate, 1000, 1);
    assert_int_equal(rate_resume_ms(&rate, 1), 1090);
}

static void rates_below_one_are_no_limit(void **state)
{
    (void)state;
    struct rate rate = {0};
    rate_count(&rate, 1000, SIZE_MAX / 4);
    assert_true(rate_resume_ms(&rate, 0) <= 1000);
    assert_true(rate_resume_ms(&rate, -1) <= 1000);
}

static void overshoot_is_not_carried_over(void **state)
{
    (void)state;
    struct rate rate = {0};
    rate_count(&rate, 1000, 1000000);
    rate_count(&rate, 1090, 1);
    assert_true(rate_resume_ms(&rate, 1000) <= 1090);
}

static void samples_end_on_the_rounded_clock(void **state)
{
    (void)state;
    struct rate rate = {0};
    rate_count(&rate, 1009, 60); /* sample begins at 1000 */
    rate_count(&rate, 1089, 60); /* the clock says 1080 */
    assert_int_equal(rate_resume_ms(&rate, 1000), 1090);
    rate_count(&rate, 1090, 60); /* 1100: a new sample */
    assert_true(rate_resume_ms(&rate, 1000) <= 1090);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(budget_is_a_tenth_of_a_second),
        cmocka_unit_test(budget_is_at_least_a_byte),
        cmocka_unit_test(rates_below_one_are_no_limit),
        cmocka_unit_test(overshoot_is_not_carried_over),
        cmocka_unit_test(samples_end_on_the_rounded_clock),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
