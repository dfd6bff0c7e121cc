/* base/bucket.h: token buckets. */
#include "base/bucket.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

static unsigned take_all(struct bucket *bucket, int64_t mono_ms, double rate, double burst)
{
    unsigned n = 0;
    while (bucket_take(bucket, mono_ms, rate, burst))
        n++;
    return n;
}

static void bucket_starts_full_and_refills_at_its_rate(void **state)
{
    (void)state;
    struct bucket bucket = {0};
    assert_int_equal(take_all(&bucket, 1000000, 10, 20), 20);
    assert_int_equal(take_all(&bucket, 1000099, 10, 20), 0);
    assert_int_equal(take_all(&bucket, 1000100, 10, 20), 1);
    assert_int_equal(take_all(&bucket, 1001100, 10, 20), 10);
}

static void bucket_never_holds_more_than_its_burst(void **state)
{
    (void)state;
    struct bucket bucket = {0};
    take_all(&bucket, 0, 1, 5);
    assert_int_equal(take_all(&bucket, 3600000, 1, 5), 5);
}

static void bucket_of_a_slow_rate_gives_one_token_a_period(void **state)
{
    (void)state;
    struct bucket bucket = {0};
    double per_second = 10.0 / 60;
    unsigned taken = 0;
    for (int64_t ms = 0; ms < 60 * 60 * 1000; ms += 500)
        taken += bucket_take(&bucket, ms, per_second, 10);
    assert_in_range(taken, 10 + 598, 10 + 600);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(bucket_starts_full_and_refills_at_its_rate),
        cmocka_unit_test(bucket_never_holds_more_than_its_burst),
        cmocka_unit_test(bucket_of_a_slow_rate_gives_one_token_a_period),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
