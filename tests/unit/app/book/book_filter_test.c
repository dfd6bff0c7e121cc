#include "app/book/book_filter.h"

#include "unit/book/kit.h"

#define ENTRIES 500

static struct book *filled(void)
{
    struct book *book = default_book();
    struct rng rng = seeded(3);
    for (uint32_t i = 0; i < ENTRIES; i++) {
        const struct addr addr = addr_number(i);
        const struct now then = at_ms((int64_t)rng_below(&rng, 50) * 1000);
        add_ok(book, addr, source_number(i));
        if (rng_below(&rng, 3) == 0)
            assert_int_equal(book_mark_success(book, then, &addr, 5), ERR_OK);
    }
    return book;
}

/* Every number of first ones, also more than there are, comes as from the whole list in order. */
static void book_filter_list_begins_with_those_asked_for(void **state)
{
    (void)state;
    static const size_t firsts[] = {0, 1, 2, 3, 50, ENTRIES - 1, ENTRIES, ENTRIES + 1};
    const struct book_filter all = {0};
    struct book *book = filled();
    size_t n, whole_n;
    const struct book_entry **whole =
        book_filter_list(&all, book, at_ms(100000), SIZE_MAX, &whole_n);
    assert_int_equal(whole_n, book_count(book));
    for (size_t i = 0; i < COUNT(firsts); i++) {
        const struct book_entry **list = book_filter_list(&all, book, at_ms(100000), firsts[i], &n);
        assert_int_equal(n, whole_n);
        for (size_t k = 0; k < firsts[i] && k < n; k++)
            assert_ptr_equal(list[k], whole[k]);
        free(list);
    }
    free(whole);
    done(book);
}

static void book_filter_list_has_the_last_verified_first(void **state)
{
    (void)state;
    const struct book_filter all = {0};
    struct book *book = filled();
    size_t n;
    const struct book_entry **list = book_filter_list(&all, book, at_ms(100000), 100, &n);
    for (size_t k = 1; k < 100; k++)
        assert_true(list[k - 1]->last_verified_ms >= list[k]->last_verified_ms);
    assert_true(list[99]->last_verified_ms > 0);
    for (size_t k = 100; k < n; k++)
        assert_true(list[k]->last_verified_ms <= list[99]->last_verified_ms);
    free(list);
    done(book);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(book_filter_list_begins_with_those_asked_for),
        cmocka_unit_test(book_filter_list_has_the_last_verified_first),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
