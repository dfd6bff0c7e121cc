/* core/base/tables.h: zeroed memory, small and large, that can be given back. */
#include "base/tables.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

static void table_take_gives_zeroed_records_of_any_number(void **state)
{
    (void)state;
    static const size_t bytes[] = {
        1, 100, TABLE_LARGE - 1, TABLE_LARGE, TABLE_LARGE + 1, 3 * TABLE_LARGE + 4097};
    for (size_t i = 0; i < sizeof bytes / sizeof *bytes; i++) {
        uint8_t *table = table_take(bytes[i], 1);
        assert_non_null(table);
        for (size_t at = 0; at < bytes[i]; at += 997)
            assert_int_equal(table[at], 0);
        assert_int_equal(table[bytes[i] - 1], 0);
        memset(table, 0xa5, bytes[i]);
        table_free(table, bytes[i], 1);
    }
}

static void table_take_of_a_large_one_begins_at_a_huge_page(void **state)
{
    (void)state;
    void *table = table_take(TABLE_LARGE / 8, 8);
    assert_int_equal((uintptr_t)table % (2 << 20), 0);
    table_free(table, TABLE_LARGE / 8, 8);
}

static void table_take_refuses_what_cannot_be(void **state)
{
    (void)state;
    assert_null(table_take(SIZE_MAX / 4, 8));
    assert_null(table_take(SIZE_MAX, 1));
    table_free(NULL, 5, 8);
    table_free(NULL, TABLE_LARGE, 8);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(table_take_gives_zeroed_records_of_any_number),
        cmocka_unit_test(table_take_of_a_large_one_begins_at_a_huge_page),
        cmocka_unit_test(table_take_refuses_what_cannot_be),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
