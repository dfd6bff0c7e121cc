#include "base/rng.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

/* First numbers of xoshiro256** from the state 1, 2, 3, 4, as its authors' code gives them. */
static void rng_next_is_xoshiro256_starstar(void **state)
{
    (void)state;
    static const uint64_t expected[] = {11520, 0, 1509978240, 1215971899390074240,
        1216172134540287360, 607988272756665600, 16172922978634559625u, 8476171486693032832};
    struct rng rng = {{1, 2, 3, 4}};
    for (size_t i = 0; i < sizeof expected / sizeof *expected; i++)
        assert_true(rng_next(&rng) == expected[i]);
}

/* The state is four numbers of splitmix64; those of seed 1234567 are widely published. */
static void rng_seed_fills_the_state_by_splitmix64(void **state)
{
    (void)state;
    struct rng rng;
    rng_seed(&rng, 1234567);
    assert_true(rng.s[0] == 6457827717110365317);
    assert_true(rng.s[1] == 3203168211198807973);
    assert_true(rng.s[2] == 9817491932198370423u);
    rng_seed(&rng, 0);
    assert_true(rng_next(&rng) == 0x99ec5f36cb75f2b4);
}

static void rng_of_one_seed_repeats_itself(void **state)
{
    (void)state;
    struct rng a, b, other;
    rng_seed(&a, 7);
    rng_seed(&b, 7);
    rng_seed(&other, 8);
    for (int i = 0; i < 100; i++)
        assert_true(rng_next(&a) == rng_next(&b));
    assert_true(rng_next(&a) != rng_next(&other));
}

static void rng_below_one_is_zero(void **state)
{
    (void)state;
    struct rng rng;
    rng_seed(&rng, 1);
    for (int i = 0; i < 100; i++)
        assert_int_equal(rng_below(&rng, 1), 0);
}

static void rng_below_reaches_every_value_evenly(void **state)
{
    (void)state;
    enum { BOUND = 7, ROUNDS = 70000 };
    unsigned counts[BOUND] = {0};
    struct rng rng;
    rng_seed(&rng, 1);
    for (int i = 0; i < ROUNDS; i++) {
        uint64_t value = rng_below(&rng, BOUND);
        assert_true(value < BOUND);
        counts[value]++;
    }
    for (int i = 0; i < BOUND; i++)
        assert_in_range(counts[i], ROUNDS / BOUND * 95 / 100, ROUNDS / BOUND * 105 / 100);
}

/* With a plain remainder the lower half of this bound would come up twice as often. */
static void rng_below_has_no_bias_at_large_bounds(void **state)
{
    (void)state;
    const uint64_t bound = UINT64_MAX / 3 * 2;
    struct rng rng;
    unsigned low = 0;
    rng_seed(&rng, 1);
    for (int i = 0; i < 20000; i++) {
        uint64_t value = rng_below(&rng, bound);
        assert_true(value < bound);
        low += value < bound / 2;
    }
    assert_in_range(low, 9600, 10400);
}

static void rng_index_reaches_every_value_evenly(void **state)
{
    (void)state;
    enum { BOUND = 7, ROUNDS = 70000 };
    unsigned counts[BOUND] = {0};
    struct rng rng;
    rng_seed(&rng, 1);
    for (int i = 0; i < ROUNDS; i++) {
        uint32_t value = rng_index(&rng, BOUND);
        assert_true(value < BOUND);
        counts[value]++;
        assert_int_equal(rng_index(&rng, 1), 0);
    }
    for (int i = 0; i < BOUND; i++)
        assert_in_range(counts[i], ROUNDS / BOUND * 95 / 100, ROUNDS / BOUND * 105 / 100);
}

/* At three quarters of 2^32 a third of the results would come up twice as often. */
static void rng_index_has_no_bias_at_large_bounds(void **state)
{
    (void)state;
    const uint32_t bound = 3u << 30;
    struct rng rng;
    unsigned thirds[3] = {0};
    rng_seed(&rng, 1);
    for (int i = 0; i < 30000; i++) {
        uint32_t value = rng_index(&rng, bound);
        assert_true(value < bound);
        thirds[value % 3]++;
    }
    for (int i = 0; i < 3; i++)
        assert_in_range(thirds[i], 9600, 10400);
}

static void rng_unit_stays_in_its_range(void **state)
{
    (void)state;
    struct rng rng;
    double sum = 0;
    rng_seed(&rng, 1);
    for (int i = 0; i < 20000; i++) {
        double value = rng_unit(&rng);
        assert_true(value >= 0 && value < 1);
        sum += value;
    }
    assert_true(sum > 9800 && sum < 10200);
}

/* All bits set is the number nearest to 1 that may come up. */
static void rng_unit_never_rounds_up_to_one(void **state)
{
    (void)state;
    /* rotl(s1 * 5, 7) * 9 = 2^64 - 1 for this s1 */
    struct rng rng = {{1, 0, 3, 4}};
    uint64_t inverse_of_9 = 0x8e38e38e38e38e39, inverse_of_5 = 0xcccccccccccccccd;
    uint64_t rotated = UINT64_MAX * inverse_of_9;
    rng.s[1] = (rotated >> 7 | rotated << 57) * inverse_of_5;
    assert_true(rng_unit(&rng) < 1.0);
    rng.s[1] = (rotated >> 7 | rotated << 57) * inverse_of_5;
    assert_true(rng_next(&rng) == UINT64_MAX);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(rng_next_is_xoshiro256_starstar),
        cmocka_unit_test(rng_seed_fills_the_state_by_splitmix64),
        cmocka_unit_test(rng_of_one_seed_repeats_itself),
        cmocka_unit_test(rng_below_one_is_zero),
        cmocka_unit_test(rng_below_reaches_every_value_evenly),
        cmocka_unit_test(rng_below_has_no_bias_at_large_bounds),
        cmocka_unit_test(rng_index_reaches_every_value_evenly),
        cmocka_unit_test(rng_index_has_no_bias_at_large_bounds),
        cmocka_unit_test(rng_unit_stays_in_its_range),
        cmocka_unit_test(rng_unit_never_rounds_up_to_one),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
