#include "uv/limits.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>
#include <sys/resource.h>

#include <cmocka.h>

static const struct limits_use uses[] = {
    {"p2p.max_num_inbound_peers", 40},
    {"p2p.max_num_outbound_peers", 10},
};

static void limits_accept_what_fits(void **state)
{
    (void)state;
    char why[512] = "untouched";
    assert_int_equal(limits_check(50 + LIMITS_RESERVE, uses, 2, why, sizeof why), ERR_OK);
    assert_string_equal(why, "untouched");
}

static void limits_name_the_limit_and_the_settings(void **state)
{
    (void)state;
    char why[512];
    assert_int_equal(limits_check(49 + LIMITS_RESERVE, uses, 2, why, sizeof why), ERR_INVALID);
    assert_non_null(strstr(why, "p2p.max_num_inbound_peers 40 + "));
    assert_non_null(strstr(why, "p2p.max_num_outbound_peers 10 + "));
    assert_non_null(strstr(why, "= 114 open files"));
    assert_non_null(strstr(why, "LimitNOFILE=) is 113"));
}

static void limits_refuse_sums_that_overflow(void **state)
{
    (void)state;
    const struct limits_use huge[] = {{"a", UINT64_MAX}, {"b", UINT64_MAX}};
    char why[16]; /* and cut a long sentence */
    assert_int_equal(limits_check(UINT64_MAX - 1, huge, 2, why, sizeof why), ERR_INVALID);
    assert_int_equal(strlen(why), sizeof why - 1);
}

static void limits_raise_soft_to_hard(void **state)
{
    (void)state;
    struct rlimit limit;
    assert_int_equal(getrlimit(RLIMIT_NOFILE, &limit), 0);
    struct rlimit low = {.rlim_cur = 64, .rlim_max = limit.rlim_max};
    assert_int_equal(setrlimit(RLIMIT_NOFILE, &low), 0);
    assert_int_equal(limits_raise(), limit.rlim_max);
    assert_int_equal(getrlimit(RLIMIT_NOFILE, &low), 0);
    assert_int_equal(low.rlim_cur, limit.rlim_max);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(limits_accept_what_fits),
        cmocka_unit_test(limits_name_the_limit_and_the_settings),
        cmocka_unit_test(limits_refuse_sums_that_overflow),
        cmocka_unit_test(limits_raise_soft_to_hard),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
