#include "book/rfc3339.h"

#include <time.h>

#include "unit/book/kit.h"

static void rfc3339_prints_what_go_prints(void **state)
{
    (void)state;
    static const struct {
        int64_t ms;
        const char *text;
    } cases[] = {
        {0, "0001-01-01T00:00:00Z"},
        {-1, "0001-01-01T00:00:00Z"},
        {INT64_MIN, "0001-01-01T00:00:00Z"},
        {INT64_MAX, "0001-01-01T00:00:00Z"},
        {1, "1970-01-01T00:00:00.001Z"},
        {1669099741666, "2022-11-22T06:49:01.666Z"},
        {1669099741660, "2022-11-22T06:49:01.66Z"},
        {1669099741600, "2022-11-22T06:49:01.6Z"},
        {1669099741000, "2022-11-22T06:49:01Z"},
        {951782400000, "2000-02-29T00:00:00Z"},
        {4107542399000, "2100-02-28T23:59:59Z"},
        {4107542400000, "2100-03-01T00:00:00Z"},
        {RFC3339_LATEST_MS, "9999-12-31T23:59:59.999Z"},
    };
    for (size_t i = 0; i < COUNT(cases); i++) {
        char text[RFC3339_MAX];
        assert_string_equal(rfc3339_text(cases[i].ms, text), cases[i].text);
    }
}

static void rfc3339_parses_what_go_writes(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        int64_t ms;
    } cases[] = {
        {"0001-01-01T00:00:00Z", 0},
        {"1969-12-31T23:59:59.999Z", 0},
        {"1970-01-01T00:00:00Z", 0},
        {"1970-01-01T00:00:00.001Z", 1},
        {"2022-11-22T06:49:01.66653533Z", 1669099741666},
        {"2022-11-22T06:49:01.666535339Z", 1669099741666},
        {"2022-11-22T07:49:01.6+01:00", 1669099741600},
        {"2022-11-21T22:19:01.66-08:30", 1669099741660},
        {"2024-02-29T00:00:00+23:59", 1709078460000},
        {"9999-12-31T23:59:59.999Z", RFC3339_LATEST_MS},
    };
    for (size_t i = 0; i < COUNT(cases); i++) {
        int64_t ms = -7;
        if (!rfc3339_parse(span_of_text(cases[i].text), &ms) || ms != cases[i].ms)
            fail_msg("'%s' gave %lld", cases[i].text, (long long)ms);
    }
}

static void rfc3339_refuses_what_is_no_time(void **state)
{
    (void)state;
    static const char *const cases[] = {"", "never", "2022-11-22", "2022-11-22T06:49:01",
        "2022-11-22 06:49:01Z", "2022-11-22t06:49:01Z", "2022-11-22T06:49:01z",
        "2022-11-22T06:49:01.Z", "2022-11-22T06:49:01.1234567890Z", "2022-11-22T06:49:01Zx",
        "2022-11-22T06:49Z", "2022-00-22T06:49:01Z", "2022-13-22T06:49:01Z", "2022-11-00T06:49:01Z",
        "2022-11-31T06:49:01Z", "2023-02-29T06:49:01Z", "1900-02-29T06:49:01Z",
        "2022-11-22T24:00:00Z", "2022-11-22T06:60:01Z", "2022-11-22T06:49:60Z",
        "2022-11-22T06:49:01+1:00", "2022-11-22T06:49:01+24:00", "2022-11-22T06:49:01+01:60",
        "2022-11-22T06:49:01+0100", "2022-11-22T06:49:01.5", "-022-11-22T06:49:01Z",
        "12022-11-22T06:49:01Z", "20 2-11-22T06:49:01Z"};
    for (size_t i = 0; i < COUNT(cases); i++) {
        int64_t ms = -7;
        if (rfc3339_parse(span_of_text(cases[i]), &ms))
            fail_msg("'%s' was accepted", cases[i]);
        assert_int_equal(ms, -7);
    }
}

static void rfc3339_agrees_with_the_c_library(void **state)
{
    (void)state;
    struct rng rng = seeded(1);
    for (unsigned round = 0; round < 50000; round++) {
        int64_t ms = 1 + (int64_t)rng_below(&rng, RFC3339_LATEST_MS), back = 0;
        char text[RFC3339_MAX], expected[32];
        struct tm utc;
        time_t seconds = (time_t)(ms / 1000);
        gmtime_r(&seconds, &utc);
        strftime(expected, sizeof expected, "%Y-%m-%dT%H:%M:%S", &utc);
        rfc3339_text(ms, text);
        assert_memory_equal(text, expected, 19);
        assert_true(rfc3339_parse(span_of_text(text), &back));
        assert_int_equal(back, ms);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(rfc3339_prints_what_go_prints),
        cmocka_unit_test(rfc3339_parses_what_go_writes),
        cmocka_unit_test(rfc3339_refuses_what_is_no_time),
        cmocka_unit_test(rfc3339_agrees_with_the_c_library),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
