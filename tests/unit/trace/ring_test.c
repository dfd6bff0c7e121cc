#include "trace/ring.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>

#include <cmocka.h>

static void put(struct ring *ring, unsigned number, size_t n)
{
    char text[64] = {0};
    snprintf(text, sizeof text, "%u", number);
    ring_put(ring, span_of(text, n));
}

/* The records are the newest ones, in their order. */
static void check(const struct ring *ring, unsigned newest)
{
    for (uint32_t i = 0; i < ring->count; i++) {
        char text[16];
        snprintf(text, sizeof text, "%u", newest - (ring->count - 1 - i));
        assert_string_equal((const char *)ring_at(ring, i).at, text);
    }
}

static void the_oldest_make_room(void **state)
{
    (void)state;
    struct ring ring;
    assert_int_equal(ring_init(&ring, 100, 8), ERR_OK);
    for (unsigned i = 0; i < 1000; i++) {
        put(&ring, i, 5 + i * 7 % 40);
        assert_true(ring.count > 0 && ring.count <= 8);
        check(&ring, i);
    }
    ring_free(&ring);
}

static void as_many_as_there_are_slots_are_kept(void **state)
{
    (void)state;
    struct ring ring;
    assert_int_equal(ring_init(&ring, 1000, 4), ERR_OK);
    for (unsigned i = 0; i < 10; i++)
        put(&ring, i, 5);
    assert_int_equal(ring.count, 4);
    check(&ring, 9);
    ring_free(&ring);
}

static void one_that_does_not_fit_changes_nothing(void **state)
{
    (void)state;
    struct ring ring;
    assert_int_equal(ring_init(&ring, 32, 4), ERR_OK);
    put(&ring, 1, 20);
    put(&ring, 2, 33);
    assert_int_equal(ring.count, 1);
    put(&ring, 2, 32);
    assert_int_equal(ring.count, 1);
    check(&ring, 2);
    ring_free(&ring);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_oldest_make_room),
        cmocka_unit_test(as_many_as_there_are_slots_are_kept),
        cmocka_unit_test(one_that_does_not_fit_changes_nothing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
