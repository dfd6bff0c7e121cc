#include "base/text.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static void text_is_empty_when_all_zero(void **state)
{
    (void)state;
    struct text text = {0};
    char *at = NULL;
    size_t n = 7;
    text_free(&text);
    assert_int_equal(text_take(&text, &at, &n), ERR_OK);
    assert_string_equal(at, "");
    assert_int_equal(n, 0);
    free(at);
}

static void text_holds_all_that_was_added(void **state)
{
    (void)state;
    struct text text = {0};
    char *at = NULL;
    size_t n = 0;
    text_add(&text, "a\0b", 3);
    text_add(&text, NULL, 0);
    text_add_text(&text, "");
    text_clear(&text);
    text_add(&text, "a\0b", 3);
    text_add_text(&text, "cd");
    text_add_char(&text, 'e');
    assert_int_equal(text_take(&text, &at, &n), ERR_OK);
    assert_int_equal(n, 6);
    assert_memory_equal(at, "a\0bcde", 7);
    assert_null(text.at);
    free(at);
}

static void text_writes_every_count(void **state)
{
    (void)state;
    struct text text = {0};
    char *at = NULL;
    text_add_count(&text, 0);
    text_add_char(&text, ' ');
    text_add_count(&text, 1005);
    text_add_char(&text, ' ');
    text_add_count(&text, UINT64_MAX);
    assert_int_equal(text_take(&text, &at, NULL), ERR_OK);
    assert_string_equal(at, "0 1005 18446744073709551615");
    free(at);
}

static void text_grows_as_long_as_something_is_added(void **state)
{
    (void)state;
    struct text text = {0};
    char *at = NULL;
    size_t n = 0;
    for (unsigned i = 0; i < 100000; i++)
        text_add_count(&text, i % 10);
    assert_int_equal(text_take(&text, &at, &n), ERR_OK);
    assert_int_equal(n, 100000);
    for (unsigned i = 0; i < 100000; i++)
        assert_int_equal(at[i], '0' + i % 10);
    free(at);
}

static void text_with_a_part_left_out_is_not_given(void **state)
{
    (void)state;
    struct text text = {0};
    char *at = NULL;
    size_t n = 7;
    text_add_text(&text, "x");
    text_clear(&text);
    text_add_text(&text, "a");
    text_add(&text, "b", SIZE_MAX / 2); /* no such memory: nothing is read */
    text_add_text(&text, "c");
    assert_int_equal(text_take(&text, &at, &n), ERR_NO_MEMORY);
    assert_null(at);
    assert_int_equal(n, 7);
    text_add_text(&text, "d");
    assert_int_equal(text_take(&text, &at, &n), ERR_OK);
    assert_string_equal(at, "d");
    free(at);
}

static void made_printable(const char *text, const char *expected)
{
    char copy[32];
    snprintf(copy, sizeof copy, "%s", text);
    text_make_printable(copy, strlen(copy));
    assert_string_equal(copy, expected);
}

static void text_keeps_characters_and_nothing_else(void **state)
{
    (void)state;
    made_printable("", "");
    made_printable(
        "caf\xc3\xa9 \xe2\x82\xac\xf0\x9f\x98\x80", "caf\xc3\xa9 \xe2\x82\xac\xf0\x9f\x98\x80");
    made_printable("a\n\x1b[\x7f", "a??[?");
    made_printable("\xc3", "?");                     /* ends early */
    made_printable("\xc3 \xe2\x82", "? ??");         /* no tail, half a tail */
    made_printable("\xc0\xaf\xed\xa0\x80", "?????"); /* too long a form, a surrogate */
    made_printable("\xc2\x9b", "??");                /* a control sequence on some terminals */
    made_printable("\xf4\x90\x80\x80\xff", "?????"); /* beyond Unicode */
}

static void text_keeps_ascii_alone(void **state)
{
    (void)state;
    char text[] = " ~caf\xc3\xa9\n\x1b[\x7f";
    text_make_ascii(text);
    assert_string_equal(text, " ~caf????[?");
}

static void text_says_a_duration_in_two_units(void **state)
{
    (void)state;
    char out[TEXT_DURATION_MAX];
    assert_string_equal(text_duration(0, out), "0s");
    assert_string_equal(text_duration(59999, out), "59s");
    assert_string_equal(text_duration(60000, out), "1m");
    assert_string_equal(text_duration(7199000, out), "1h59m");
    assert_string_equal(text_duration(86400000, out), "1d");
    assert_string_equal(text_duration(86460000, out), "1d");
    assert_string_equal(text_duration(315360000000, out), "3650d");
    text_duration(INT64_MAX, out);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(text_is_empty_when_all_zero),
        cmocka_unit_test(text_holds_all_that_was_added),
        cmocka_unit_test(text_writes_every_count),
        cmocka_unit_test(text_grows_as_long_as_something_is_added),
        cmocka_unit_test(text_with_a_part_left_out_is_not_given),
        cmocka_unit_test(text_keeps_characters_and_nothing_else),
        cmocka_unit_test(text_keeps_ascii_alone),
        cmocka_unit_test(text_says_a_duration_in_two_units),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
