#include "app/book/book_rows.h"
#include "app/book/book_tally.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#define NOW_MS (SECONDS_MS(1700000000))

static const struct now now = {.wall_ms = NOW_MS};

/* ---- ages ---- */

static void age_text_is_whole_units_of_the_largest_that_fits(void **state)
{
    (void)state;
    static const struct {
        int64_t age_s;
        const char *text;
    } cases[] = {{0, "0s"}, {59, "59s"}, {60, "1m"}, {3599, "59m"}, {3600, "1h"}, {86399, "23h"},
        {86400, "1d"}, {400 * 86400, "400d"}};
    char text[AGE_TEXT_MAX];
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        assert_string_equal(
            age_text(NOW_MS - SECONDS_MS(cases[i].age_s), now, text), cases[i].text);
}

static void age_text_of_never_and_of_the_future(void **state)
{
    (void)state;
    char text[AGE_TEXT_MAX];
    assert_string_equal(age_text(0, now, text), "-");
    assert_string_equal(age_text(NOW_MS + 5000, now, text), "0s");
}

/* ---- counting ---- */

static void add_times(struct tally *tally, char key, unsigned times)
{
    for (unsigned i = 0; i < times; i++)
        tally_add(tally, &key, 1);
}

static void tally_top_is_the_most_frequent_first(void **state)
{
    (void)state;
    struct tally tally;
    struct tally_count top[3];
    size_t n;
    assert_true(tally_init(&tally, 100));
    add_times(&tally, 'a', 2);
    add_times(&tally, 'b', 9);
    add_times(&tally, 'c', 1);
    add_times(&tally, 'd', 4);
    add_times(&tally, 'a', 3);
    assert_int_equal(tally_top(&tally, top, 3, &n), 4);
    assert_int_equal(n, 3);
    assert_int_equal(top[0].key[0], 'b');
    assert_int_equal(top[0].n, 9);
    assert_int_equal(top[1].key[0], 'a');
    assert_int_equal(top[1].n, 5);
    assert_int_equal(top[2].key[0], 'd');
    tally_free(&tally);
}

static void tally_top_of_nothing_is_empty(void **state)
{
    (void)state;
    struct tally tally;
    struct tally_count top[3];
    size_t n = 7;
    assert_true(tally_init(&tally, 0));
    add_times(&tally, 'a', 1); /* no room: not counted */
    assert_int_equal(tally_top(&tally, top, 3, &n), 0);
    assert_int_equal(n, 0);
    tally_free(&tally);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(age_text_is_whole_units_of_the_largest_that_fits),
        cmocka_unit_test(age_text_of_never_and_of_the_future),
        cmocka_unit_test(tally_top_is_the_most_frequent_first),
        cmocka_unit_test(tally_top_of_nothing_is_empty),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
