#include "app/text/report_json.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>

#include <cmocka.h>

/* As jansson writes what report_text makes, and as a reader understands it. */
static void assert_same(const char *text)
{
    struct text out = {0};
    char *quoted = NULL;
    report_add_text(&out, text);
    assert_int_equal(text_take(&out, &quoted, NULL), ERR_OK);
    json_t *expected = report_text(text), *read = json_loads(quoted, JSON_DECODE_ANY, NULL);
    assert_non_null(read);
    assert_true(json_equal(expected, read));
    json_decref(expected);
    json_decref(read);
    free(quoted);
}

static void report_add_text_is_read_as_report_text_is(void **state)
{
    (void)state;
    static const char *const texts[] = {"", "a", "\"", "\\", "\n", "a\"b\\c\nd\"", "\t\r\b\x1b\x7f",
        "\u00e9 \u4e2d \U0001f600", "\xff\xfe", "a\xc3", "/\\\"\"\\", "{chain_id=\"x\"} 1\n"};
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++)
        assert_same(texts[i]);
}

static void report_add_text_takes_every_byte(void **state)
{
    (void)state;
    for (unsigned c = 1; c < 256; c++)
        assert_same((char[]){'a', (char)c, '"', (char)c, 0});
}

static void report_add_text_quotes_plain_text_as_it_is(void **state)
{
    (void)state;
    struct text out = {0};
    char *quoted = NULL;
    report_add_text(&out, "a \"b\"\n");
    assert_int_equal(text_take(&out, &quoted, NULL), ERR_OK);
    assert_string_equal(quoted, "\"a \\\"b\\\"\\n\"");
    free(quoted);
}

static void report_add_seconds_has_the_milliseconds(void **state)
{
    (void)state;
    struct text out = {0};
    char *text = NULL;
    report_add_seconds(&out, 0);
    text_add_char(&out, ' ');
    report_add_seconds(&out, 1005);
    text_add_char(&out, ' ');
    report_add_seconds(&out, INT64_MAX);
    assert_int_equal(text_take(&out, &text, NULL), ERR_OK);
    assert_string_equal(text, "0.000 1.005 9223372036854775.807");
    free(text);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(report_add_text_is_read_as_report_text_is),
        cmocka_unit_test(report_add_text_takes_every_byte),
        cmocka_unit_test(report_add_text_quotes_plain_text_as_it_is),
        cmocka_unit_test(report_add_seconds_has_the_milliseconds),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
