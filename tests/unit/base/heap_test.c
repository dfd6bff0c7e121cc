#include "base/heap.h"

#include "base/rng.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

#define ITEMS 300

static void assert_order(const struct heap *heap)
{
    for (uint32_t place = 1; place <= heap->n; place++) {
        assert_int_equal(heap->at[place - 1]->place, place);
        if (place > 1)
            assert_true(heap->at[place / 2 - 1]->key <= heap->at[place - 1]->key);
    }
}

static void heap_is_empty_when_all_zero(void **state)
{
    (void)state;
    struct heap heap = {0};
    struct heap_item item = {0};
    assert_null(heap_top(&heap));
    heap_remove(&heap, &item);
    assert_null(heap_top(&heap));
}

static void heap_top_is_the_smallest_key(void **state)
{
    (void)state;
    struct heap heap = {0};
    struct heap_item a = {0}, b = {0}, c = {0};
    assert_true(heap_reserve(&heap, 3));
    heap_set(&heap, &a, 30);
    heap_set(&heap, &b, 10);
    heap_set(&heap, &c, 20);
    assert_ptr_equal(heap_top(&heap), &b);
    heap_set(&heap, &b, 40);
    assert_ptr_equal(heap_top(&heap), &c);
    heap_remove(&heap, &c);
    assert_ptr_equal(heap_top(&heap), &a);
    heap_remove(&heap, &c);
    assert_int_equal(heap.n, 2);
    heap_free(&heap);
}

static void heap_gives_equal_keys_in_the_order_they_were_set(void **state)
{
    (void)state;
    struct heap heap = {0};
    struct heap_item items[ITEMS] = {{0}};
    assert_true(heap_reserve(&heap, ITEMS));
    for (int i = 0; i < ITEMS; i++)
        heap_set(&heap, &items[i], i % 3);
    heap_set(&heap, &items[0], 0); /* setting it again puts it last */
    for (int key = 0; key < 3; key++)
        for (int i = key ? key : 3; i < ITEMS + (key == 0); i += 3) {
            struct heap_item *top = heap_top(&heap);
            assert_ptr_equal(top, i < ITEMS ? &items[i] : &items[0]);
            heap_remove(&heap, top);
        }
    assert_null(heap_top(&heap));
    heap_free(&heap);
}

static void heap_keeps_order_under_random_changes(void **state)
{
    (void)state;
    struct heap heap = {0};
    struct heap_item items[ITEMS] = {{0}};
    struct rng rng;
    rng_seed(&rng, 7);
    for (int i = 0; i < 6000; i++) {
        struct heap_item *item = &items[rng_below(&rng, ITEMS)];
        assert_true(heap_reserve(&heap, heap.n + 1));
        if (rng_below(&rng, 4) == 0)
            heap_remove(&heap, item);
        else
            heap_set(&heap, item, (int64_t)rng_below(&rng, 100) - 50);
        assert_order(&heap);
    }
    int64_t last = INT64_MIN;
    while (heap_top(&heap)) {
        struct heap_item *top = heap_top(&heap);
        assert_true(top->key >= last);
        last = top->key;
        heap_remove(&heap, top);
        assert_int_equal(top->place, 0);
    }
    heap_free(&heap);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(heap_is_empty_when_all_zero),
        cmocka_unit_test(heap_top_is_the_smallest_key),
        cmocka_unit_test(heap_gives_equal_keys_in_the_order_they_were_set),
        cmocka_unit_test(heap_keeps_order_under_random_changes),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
