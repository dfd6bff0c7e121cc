#include "base/nearest.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

static void edit_distance_counts_slips(void **state)
{
    (void)state;
    assert_int_equal(edit_distance("seeds", "seeds", 9), 0);
    assert_int_equal(edit_distance("seed", "seeds", 9), 1);
    assert_int_equal(edit_distance("sseeds", "seeds", 9), 1);
    assert_int_equal(edit_distance("sedds", "seeds", 9), 1);
    assert_int_equal(edit_distance("sedes", "seeds", 9), 1); /* a swap is one slip */
    assert_int_equal(edit_distance("kitten", "sitting", 9), 3);
    assert_int_equal(edit_distance("", "abc", 9), 3);
    assert_int_equal(edit_distance("abc", "", 9), 3);
}

static void edit_distance_is_cut_beyond_max(void **state)
{
    (void)state;
    assert_int_equal(edit_distance("abcdef", "uvwxyz", 2), 3);
    char longer[NEAREST_NAME_MAX + 2];
    memset(longer, 'a', sizeof longer - 1);
    longer[sizeof longer - 1] = 0;
    assert_int_equal(edit_distance(longer, longer, 2), 3);
    assert_int_equal(edit_distance(longer + 1, longer + 1, 2), 0);
}

static const char *nearest_of_three(const char *name)
{
    struct nearest nearest = nearest_to(name);
    nearest_try(&nearest, "rtt_ms");
    nearest_try(&nearest, "seed_mode");
    nearest_try(&nearest, "seeds");
    return nearest.found;
}

static void nearest_finishes_a_name_but_prefers_a_slip(void **state)
{
    (void)state;
    assert_string_equal(nearest_of_three("rtt"), "rtt_ms");
    assert_string_equal(nearest_of_three("seed"), "seeds");
    assert_string_equal(nearest_of_three("seedss"), "seeds");
    assert_null(nearest_of_three("rt"));
    assert_null(nearest_of_three("ms"));
    assert_null(nearest_of_three("mode"));
}

static const char *nearest_of(const char *name, const char *a, const char *b)
{
    struct nearest nearest = nearest_to(name);
    nearest_try(&nearest, a);
    nearest_try(&nearest, b);
    return nearest.found ? nearest.found : "";
}

/* A policy reads the name in an error; tables are walked in an order that differs per process. */
static void the_nearest_does_not_depend_on_the_order_of_trying(void **state)
{
    (void)state;
    assert_string_equal(nearest_of("ix", "id", "ip"), "id");
    assert_string_equal(nearest_of("ix", "ip", "id"), "id");
    assert_string_equal(nearest_of("ix", "iy", "ix"), "ix");
    assert_string_equal(nearest_of("ix", "ab", "abc"), "");
    assert_string_equal(nearest_of("ban", "bxyz", "byxz"), "");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(edit_distance_counts_slips),
        cmocka_unit_test(edit_distance_is_cut_beyond_max),
        cmocka_unit_test(nearest_finishes_a_name_but_prefers_a_slip),
        cmocka_unit_test(the_nearest_does_not_depend_on_the_order_of_trying),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
