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

static void assert_line(json_t *json, size_t flags, const char *expected)
{
    char *line = report_line(json, flags);
    assert_string_equal(line, expected);
    free(line);
    json_decref(json);
}

static void report_line_has_the_fewest_digits(void **state)
{
    (void)state;
    json_t *json = json_pack("{s:f, s:[f, f, i, f], s:s, s:f}", "a", 0.169, "b", 1795429554.251,
        5.0, 12345678, -0.1, "0.16900000000000001 \"", "\\\"0.16900000000000001", "c", 0.3);
    assert_line(json, JSON_COMPACT | JSON_SORT_KEYS,
        "{\"0.16900000000000001 \\\"\":\"\\\\\\\"0.16900000000000001\",\"a\":0.169,"
        "\"b\":[1795429554.251,5.0,12345678,-0.1],\"c\":0.3}");
    assert_line(json_real(0.1), JSON_ENCODE_ANY, "0.1");
    assert_line(json_real(0.1 + 0.2), JSON_ENCODE_ANY, "0.30000000000000004");
}

static void report_line_reads_back_equal(void **state)
{
    (void)state;
    static const double numbers[] = {0, -0.0, 1e300, 5e-324, 1.7976931348623157e308, 1e15, 1e22,
        123456789012345678.0, 0.96391818897631398, 1.0 / 3, -2.5e-9, 9007199254740993.0};
    for (size_t i = 0; i < sizeof numbers / sizeof *numbers; i++) {
        json_t *json = json_pack("[f]", numbers[i]);
        char *line = report_line(json, 0);
        json_t *read = json_loads(line, 0, NULL);
        assert_true(json_is_real(json_array_get(read, 0)));
        assert_true(json_equal(json, read));
        json_decref(json);
        json_decref(read);
        free(line);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(report_line_has_the_fewest_digits),
        cmocka_unit_test(report_line_reads_back_equal),
        cmocka_unit_test(report_add_text_is_read_as_report_text_is),
        cmocka_unit_test(report_add_text_takes_every_byte),
        cmocka_unit_test(report_add_text_quotes_plain_text_as_it_is),
        cmocka_unit_test(report_add_seconds_has_the_milliseconds),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
