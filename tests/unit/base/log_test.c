#include "base/log.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#define WALL_MS 1669099609066 /* 2022-11-22T06:46:49.066Z */
#define STAMP "2022-11-22T06:46:49.066Z"

static struct log_line line_of(const char *event, unsigned fields_n, const struct log_field *fields)
{
    struct log_line line = {.level = LOG_INFO, .event = event, .fields_n = fields_n};
    memcpy(line.fields, fields, fields_n * sizeof *fields);
    return line;
}

static void assert_prints(const struct log_line *line, const char *logfmt, const char *json)
{
    char out[LOG_TEXT_MAX];
    assert_int_equal(log_line_logfmt(line, WALL_MS, out, sizeof out), strlen(logfmt));
    assert_string_equal(out, logfmt);
    assert_int_equal(log_line_json(line, WALL_MS, out, sizeof out), strlen(json));
    assert_string_equal(out, json);
}

static void log_line_prints_fields_in_both_forms(void **state)
{
    (void)state;
    const struct log_field fields[] = {LOG_TEXT("peer", "519c"), LOG_NUMBER("n", -3),
        LOG_TEXT("why", "no slot"), LOG_TEXT("e", "")};
    struct log_line line = line_of("peer added", 4, fields);
    assert_prints(&line,
        "time=" STAMP " level=info event=\"peer added\" peer=519c n=-3 why=\"no slot\" e=\"\"",
        "{\"time\":\"" STAMP "\",\"level\":\"info\",\"event\":\"peer added\",\"peer\":\"519c\","
        "\"n\":-3,\"why\":\"no slot\",\"e\":\"\"}");
}

static void log_line_prints_without_fields(void **state)
{
    (void)state;
    struct log_line line = {.level = LOG_ERROR, .event = "stopped"};
    assert_prints(&line, "time=" STAMP " level=error event=\"stopped\"",
        "{\"time\":\"" STAMP "\",\"level\":\"error\",\"event\":\"stopped\"}");
}

static void log_line_prints_the_ends_of_the_number_range(void **state)
{
    (void)state;
    const struct log_field fields[] = {LOG_NUMBER("a", INT64_MIN), LOG_NUMBER("b", INT64_MAX)};
    struct log_line line = line_of("x", 2, fields);
    assert_prints(&line,
        "time=" STAMP " level=info event=\"x\" a=-9223372036854775808 b=9223372036854775807",
        "{\"time\":\"" STAMP "\",\"level\":\"info\",\"event\":\"x\",\"a\":-9223372036854775808,"
        "\"b\":9223372036854775807}");
}

/* What a text a peer chose becomes, in quotes, in either form. */
static void assert_escaped(const char *text, const char *expected)
{
    char out[LOG_TEXT_MAX], tail[LOG_TEXT_MAX];
    const struct log_field field = LOG_TEXT("k", text);
    struct log_line line = line_of("x", 1, &field);
    log_line_logfmt(&line, WALL_MS, out, sizeof out);
    strcpy(tail, " k=\"");
    strcat(strcat(tail, expected), "\"");
    assert_string_equal(strstr(out, " k="), tail);
    log_line_json(&line, WALL_MS, out, sizeof out);
    strcpy(tail, ",\"k\":\"");
    strcat(strcat(tail, expected), "\"}");
    assert_string_equal(strstr(out, ",\"k\":"), tail);
}

static void log_line_escapes_what_could_forge_a_line(void **state)
{
    (void)state;
    assert_escaped("a\nlevel=info", "a\\u000alevel=info");
    assert_escaped("a\" b=\"c", "a\\\" b=\\\"c");
    assert_escaped("a\\\"", "a\\\\\\\"");
    assert_escaped("a=b", "a=b");
    assert_escaped("\x1b[31m \x7f\r\t", "\\u001b[31m \\u007f\\u000d\\u0009");
    assert_escaped("\xc2\x9b"
                   "31m",
        "\\u00c2\\u009b31m"); /* one-byte terminal control */
}

static void log_line_keeps_valid_utf8_and_escapes_the_rest(void **state)
{
    (void)state;
    assert_escaped(
        "\xc3\xa4 \xe2\x82\xac \xf0\x9f\x98\x80", "\xc3\xa4 \xe2\x82\xac \xf0\x9f\x98\x80");
    assert_escaped("\xff", "\\u00ff");
    assert_escaped("\x80", "\\u0080");
    assert_escaped("\xc3", "\\u00c3");            /* ends early */
    assert_escaped("\xc3\"", "\\u00c3\\\"");      /* does not swallow the quote */
    assert_escaped("\xc0\xaf", "\\u00c0\\u00af"); /* overlong */
    assert_escaped("\xe0\x80\xaf", "\\u00e0\\u0080\\u00af");
    assert_escaped("\xf0\x80\x80\xaf", "\\u00f0\\u0080\\u0080\\u00af");
    assert_escaped("\xed\xa0\x80", "\\u00ed\\u00a0\\u0080");            /* surrogate */
    assert_escaped("\xf4\x90\x80\x80", "\\u00f4\\u0090\\u0080\\u0080"); /* beyond U+10FFFF */
}

static void log_line_is_cut_at_its_room(void **state)
{
    (void)state;
    const struct log_field field = LOG_TEXT("k", "value");
    struct log_line line = line_of("event", 1, &field);
    char whole[LOG_TEXT_MAX];
    unsigned whole_n = log_line_logfmt(&line, WALL_MS, whole, sizeof whole);
    for (unsigned cap = 1; cap <= whole_n + 1; cap++) {
        char out[LOG_TEXT_MAX];
        memset(out, '#', sizeof out);
        assert_int_equal(log_line_logfmt(&line, WALL_MS, out, cap), cap - 1);
        assert_memory_equal(out, whole, cap - 1);
        assert_int_equal(out[cap - 1], 0);
        assert_int_equal(out[cap], '#');
    }
}

static struct log_line written;
static unsigned written_n;

static void keep(void *context, const struct log_line *line)
{
    assert_ptr_equal(context, &written);
    written = *line;
    written_n++;
}

static void log_write_passes_lines_of_its_level_and_above(void **state)
{
    (void)state;
    struct log log = {.level = LOG_INFO, .write = keep, .context = &written};
    written_n = 0;
    log_write(&log, LOG_DEBUG, "too quiet", LOG_NUMBER("n", 1));
    assert_int_equal(written_n, 0);
    log_write(&log, LOG_INFO, "just right", LOG_TEXT("peer", "x"), LOG_NUMBER("n", 2));
    assert_int_equal(written_n, 1);
    assert_int_equal(written.level, LOG_INFO);
    assert_string_equal(written.event, "just right");
    assert_int_equal(written.fields_n, 2);
    assert_string_equal(written.fields[0].key, "peer");
    assert_string_equal(written.fields[0].text, "x");
    assert_string_equal(written.fields[1].key, "n");
    assert_null(written.fields[1].text);
    assert_int_equal(written.fields[1].number, 2);
    log_write(&log, LOG_ERROR, "no fields");
    assert_int_equal(written_n, 2);
    assert_int_equal(written.fields_n, 0);
}

static void log_write_leaves_out_fields_that_say_nothing(void **state)
{
    (void)state;
    struct log log = {.level = LOG_INFO, .write = keep, .context = &written};
    log_write(&log, LOG_INFO, "refused", log_text_if_any("hook", ""),
        log_text_if_any("detail", NULL), log_number_if_any("line", 0),
        log_text_if_any("file", "a.lua"), log_number_if_any("rows", 3));
    assert_int_equal(written.fields_n, 2);
    assert_string_equal(written.fields[0].key, "file");
    assert_string_equal(written.fields[0].text, "a.lua");
    assert_string_equal(written.fields[1].key, "rows");
    assert_int_equal(written.fields[1].number, 3);
}

static void log_write_needs_a_writer(void **state)
{
    (void)state;
    struct log none = {0}, silent = {.level = LOG_NONE, .write = keep, .context = &written};
    written_n = 0;
    log_write(&none, LOG_ERROR, "nobody listens");
    log_write(&silent, LOG_ERROR, "nobody wants it");
    assert_int_equal(written_n, 0);
}

static void log_level_parses_its_four_names(void **state)
{
    (void)state;
    static const char *const names[] = {"debug", "info", "error", "none"};
    enum log_level level;
    for (unsigned i = 0; i < 4; i++) {
        assert_true(log_level_parse(names[i], &level));
        assert_int_equal(level, i);
    }
    assert_false(log_level_parse("", &level));
    assert_false(log_level_parse("Info", &level));
    assert_false(log_level_parse("info ", &level));
    assert_int_equal(level, LOG_NONE);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(log_line_prints_fields_in_both_forms),
        cmocka_unit_test(log_line_prints_without_fields),
        cmocka_unit_test(log_line_prints_the_ends_of_the_number_range),
        cmocka_unit_test(log_line_escapes_what_could_forge_a_line),
        cmocka_unit_test(log_line_keeps_valid_utf8_and_escapes_the_rest),
        cmocka_unit_test(log_line_is_cut_at_its_room),
        cmocka_unit_test(log_write_passes_lines_of_its_level_and_above),
        cmocka_unit_test(log_write_leaves_out_fields_that_say_nothing),
        cmocka_unit_test(log_write_needs_a_writer),
        cmocka_unit_test(log_level_parses_its_four_names),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
