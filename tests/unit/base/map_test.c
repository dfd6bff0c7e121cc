/* base/map.h against a slow, obvious model. */
#include "base/map.h"
#include "base/rng.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#define KEYS 97
#define STEPS 200000

static void map_agrees_with_an_array_over_random_operations(void **state)
{
    (void)state;
    uint32_t model[KEYS];
    for (unsigned i = 0; i < KEYS; i++)
        model[i] = MAP_NONE;
    struct map map;
    struct rng rng;
    rng_seed(&rng, 7);
    map_init(&map, sizeof(uint64_t), rng_next(&rng));
    size_t held = 0;
    for (unsigned i = 0; i < STEPS; i++) {
        uint64_t key = rng_below(&rng, KEYS);
        if (rng_below(&rng, 2)) {
            uint32_t value = (uint32_t)rng_below(&rng, 1000);
            held += model[key] == MAP_NONE;
            model[key] = value;
            assert_true(map_put(&map, &key, value));
        } else {
            held -= model[key] != MAP_NONE;
            model[key] = MAP_NONE;
            map_remove(&map, &key);
        }
        uint64_t probe = rng_below(&rng, KEYS);
        assert_int_equal(map_get(&map, &probe), model[probe]);
        assert_int_equal(map.n, held);
    }
    for (uint64_t key = 0; key < KEYS; key++)
        assert_int_equal(map_get(&map, &key), model[key]);
    map_free(&map);
}

static void map_holds_keys_of_odd_size(void **state)
{
    (void)state;
    struct map map;
    map_init(&map, 18, 1);
    uint8_t key[18] = {0};
    for (uint32_t i = 0; i < 1000; i++) {
        key[17] = (uint8_t)i;
        key[0] = (uint8_t)(i >> 8);
        assert_true(map_put(&map, key, i));
    }
    for (uint32_t i = 0; i < 1000; i++) {
        key[17] = (uint8_t)i;
        key[0] = (uint8_t)(i >> 8);
        assert_int_equal(map_get(&map, key), i);
    }
    map_free(&map);
    assert_int_equal(map_get(&map, key), MAP_NONE);
}

static void map_of_nothing_answers_and_forgets(void **state)
{
    (void)state;
    struct map map;
    map_init(&map, 8, 1);
    uint64_t key = 5;
    assert_int_equal(map_get(&map, &key), MAP_NONE);
    map_remove(&map, &key);
    assert_int_equal(map.n, 0);
    map_free(&map);
}

static void map_grows_neither_when_it_replaces_nor_after_reserve(void **state)
{
    (void)state;
    struct map map;
    map_init(&map, sizeof(uint32_t), 3);
    for (uint32_t key = 0; key < 3000; key++) {
        assert_true(map_reserve(&map));
        size_t cap = map.cap;
        assert_true(map_put(&map, &key, key));
        for (uint32_t i = 0; i < 2; i++)
            assert_true(map_put(&map, &key, key + i)); /* at any load */
        assert_int_equal(map.cap, cap);
        assert_int_equal(map_get(&map, &key), key + 1);
    }
    map_free(&map);
}

/* The longest run of slots in use: what the slowest look-up walks. */
static size_t longest_run(const struct map *map)
{
    size_t longest = 0, run = 0;
    for (size_t i = 0; i < 2 * map->cap; i++) {
        run = map->values[i & (map->cap - 1)] == MAP_NONE ? 0 : run + 1;
        longest = run > longest ? run : longest;
    }
    return longest;
}

/* Keys that differ in few chosen bits, as peers can make them: addresses of one range, endpoints of
 * one host, the same bits in several words. */
static void map_spreads_keys_that_were_chosen_to_collide(void **state)
{
    (void)state;
    for (unsigned shift = 0; shift <= 52; shift += 4) {
        struct map map;
        map_init(&map, 2 * sizeof(uint64_t), 12345 + shift);
        for (uint64_t i = 0; i < 4096; i++) {
            uint64_t key[2] = {i << shift, (i << shift) ^ (i << shift >> 29)};
            assert_true(map_put(&map, key, (uint32_t)i));
        }
        assert_int_equal(map.n, 4096);
        assert_true(longest_run(&map) < 100);
        map_free(&map);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(map_agrees_with_an_array_over_random_operations),
        cmocka_unit_test(map_holds_keys_of_odd_size),
        cmocka_unit_test(map_of_nothing_answers_and_forgets),
        cmocka_unit_test(map_grows_neither_when_it_replaces_nor_after_reserve),
        cmocka_unit_test(map_spreads_keys_that_were_chosen_to_collide),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
