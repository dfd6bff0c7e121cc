/* base/recent.h: bounded tables (F26). */
#include "base/recent.h"
#include "base/rng.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

struct record {
    uint64_t value;
};

static struct record *touch(struct recent *recent, uint64_t key)
{
    struct record *record = recent_touch(recent, &key);
    assert_non_null(record);
    return record;
}

static void recent_never_exceeds_its_bound_and_drops_the_oldest(void **state)
{
    (void)state;
    struct recent recent;
    recent_init(&recent, sizeof(uint64_t), sizeof(struct record), 4, 1);
    for (uint64_t key = 1; key <= 4; key++)
        touch(&recent, key)->value = key * 10;
    touch(&recent, 1); /* 2 is the oldest now */
    touch(&recent, 5)->value = 50;
    assert_int_equal(recent.n, 4);
    uint64_t gone = 2, kept = 1;
    assert_null(recent_find(&recent, &gone));
    assert_int_equal(((struct record *)recent_find(&recent, &kept))->value, 10);
    recent_free(&recent);
}

static void recent_starts_a_record_at_zero_again_after_removal(void **state)
{
    (void)state;
    struct recent recent;
    recent_init(&recent, sizeof(uint64_t), sizeof(struct record), 4, 1);
    uint64_t key = 9;
    touch(&recent, key)->value = 1;
    recent_remove(&recent, &key);
    assert_null(recent_find(&recent, &key));
    recent_remove(&recent, &key);
    assert_int_equal(touch(&recent, key)->value, 0);
    recent_free(&recent);
}

static void recent_forgets_the_record_touched_longest_ago(void **state)
{
    (void)state;
    struct recent recent;
    recent_init(&recent, sizeof(uint64_t), sizeof(struct record), 4, 1);
    assert_null(recent_oldest(&recent));
    recent_forget_oldest(&recent);
    for (uint64_t key = 1; key <= 3; key++)
        touch(&recent, key)->value = key * 10;
    touch(&recent, 1);
    assert_int_equal(((const struct record *)recent_oldest(&recent))->value, 20);
    recent_forget_oldest(&recent);
    assert_int_equal(((const struct record *)recent_oldest(&recent))->value, 30);
    assert_int_equal(recent.n, 2);
    recent_free(&recent);
}

/* Model: per key, its value and when it was touched. */
#define KEYS 64
#define MAX 20
#define STEPS 100000

static void evict_oldest(uint64_t touched[KEYS])
{
    unsigned oldest = KEYS, held = 0;
    for (unsigned i = 0; i < KEYS; i++) {
        held += touched[i] != 0;
        if (touched[i] && (oldest == KEYS || touched[i] < touched[oldest]))
            oldest = i;
    }
    if (held == MAX)
        touched[oldest] = 0;
}

static void recent_agrees_with_a_model_over_random_operations(void **state)
{
    (void)state;
    struct recent recent;
    struct rng rng;
    uint64_t values[KEYS] = {0}, touched[KEYS] = {0};
    rng_seed(&rng, 11);
    recent_init(&recent, sizeof(uint64_t), sizeof(struct record), MAX, rng_next(&rng));
    for (uint64_t step = 1; step <= STEPS; step++) {
        uint64_t key = rng_below(&rng, KEYS);
        if (rng_below(&rng, 4) == 0) {
            recent_remove(&recent, &key);
            touched[key] = 0;
        } else {
            if (!touched[key]) {
                evict_oldest(touched);
                values[key] = 0;
            }
            touched[key] = step;
            struct record *record = touch(&recent, key);
            assert_int_equal(record->value, values[key]);
            record->value = values[key] = step;
        }
        uint64_t probe = rng_below(&rng, KEYS);
        const struct record *found = recent_find(&recent, &probe);
        assert_int_equal(found != NULL, touched[probe] != 0);
        if (found)
            assert_int_equal(found->value, values[probe]);
    }
    recent_free(&recent);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(recent_never_exceeds_its_bound_and_drops_the_oldest),
        cmocka_unit_test(recent_starts_a_record_at_zero_again_after_removal),
        cmocka_unit_test(recent_forgets_the_record_touched_longest_ago),
        cmocka_unit_test(recent_agrees_with_a_model_over_random_operations),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
