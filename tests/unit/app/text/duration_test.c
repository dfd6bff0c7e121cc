#include "app/text/duration.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#define COUNT(array) (sizeof(array) / sizeof *(array))

static void duration_parse_reads_what_go_reads(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        int64_t ms;
    } cases[] = {
        {"0", 0},
        {"0s", 0},
        {"3s", 3000},
        {"100ms", 100},
        {"1m30s", 90000},
        {"1.5h", 5400000},
        {"28h", 100800000},
        {"2h45m30.25s", 9930250},
        {".5s", 500},
        {"1.s", 1000},
        {"+5s", 5000},
        {"-1.5s", -1500},
        {"10s1ms", 10001},
        {"0.000000000000000000001s", 0},
        {"2562047h47m16.854s", 9223372036854},
    };
    for (size_t i = 0; i < COUNT(cases); i++) {
        int64_t ms = -7;
        if (!duration_parse(cases[i].text, &ms, NULL) || ms != cases[i].ms)
            fail_msg("%s gave %lld", cases[i].text, (long long)ms);
    }
}

static void duration_parse_never_rounds_to_zero(void **state)
{
    (void)state;
    static const char *const texts[] = {
        "1ns", "1us", "1\xc2\xb5s", "1\xce\xbcs", "0.001ms", "999us"};
    for (size_t i = 0; i < COUNT(texts); i++) {
        int64_t ms = 0;
        assert_true(duration_parse(texts[i], &ms, NULL));
        assert_int_equal(ms, 1);
    }
}

static void duration_parse_refuses_other_text(void **state)
{
    (void)state;
    static const char *const texts[] = {"", "-", "s", "3", "1.5", "3 s", " 3s", "3s ", "3d", "3S",
        "1h3", "..5s", ".s", "1e3s", "--1s", "3s-1s", "99999999999999999999s", "2562048h",
        "9223372036854775807ns1ns", "0x1s", "00"};
    for (size_t i = 0; i < COUNT(texts); i++) {
        int64_t ms = -7;
        const char *why = NULL;
        if (duration_parse(texts[i], &ms, &why))
            fail_msg("took '%s' as %lld", texts[i], (long long)ms);
        assert_non_null(why);
        assert_int_equal(ms, -7);
    }
}

static void duration_text_is_read_back(void **state)
{
    (void)state;
    static const struct {
        int64_t ms;
        const char *text;
    } cases[] = {{0, "0s"}, {1, "1ms"}, {999, "999ms"}, {1000, "1s"}, {60000, "1m"},
        {90000, "1m30s"}, {3600000, "1h"}, {5400001, "1h30m1ms"}, {31536000000, "8760h"}};
    for (size_t i = 0; i < COUNT(cases); i++) {
        char text[DURATION_TEXT_MAX];
        int64_t ms = -7;
        assert_string_equal(duration_text(cases[i].ms, text), cases[i].text);
        assert_true(duration_parse(text, &ms, NULL));
        assert_int_equal(ms, cases[i].ms);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(duration_parse_reads_what_go_reads),
        cmocka_unit_test(duration_parse_never_rounds_to_zero),
        cmocka_unit_test(duration_parse_refuses_other_text),
        cmocka_unit_test(duration_text_is_read_back),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
