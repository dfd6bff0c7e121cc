#include "base/err.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

/* Names are classes in policies and metrics: short, lower case, each used once. */
static void err_names_are_distinct_words(void **state)
{
    (void)state;
    for (int i = 0; i < ERR_COUNT; i++) {
        const char *name = err_name((enum err)i);
        assert_int_equal(strspn(name, "abcdefghijklmnopqrstuvwxyz_"), strlen(name));
        assert_true(strlen(name) > 0);
        for (int j = 0; j < i; j++)
            assert_string_not_equal(name, err_name((enum err)j));
    }
}

static void err_texts_say_something(void **state)
{
    (void)state;
    for (int i = 0; i < ERR_COUNT; i++)
        assert_true(strlen(err_text((enum err)i)) > 0);
}

static void err_blames_the_party_that_caused_it(void **state)
{
    (void)state;
    assert_int_equal(err_blame(ERR_OK), BLAME_NONE);
    assert_int_equal(err_blame(ERR_WRONG_ID), BLAME_PEER);
    assert_int_equal(err_blame(ERR_PEX_TOO_SOON), BLAME_PEER);
    assert_int_equal(err_blame(ERR_NO_SLOT), BLAME_NONE);
    assert_int_equal(err_blame(ERR_HOST_UNREACHABLE), BLAME_PEER);
    assert_int_equal(err_blame(ERR_UNREACHABLE), BLAME_ENVIRONMENT);
    assert_int_equal(err_blame(ERR_SCRIPT), BLAME_US);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(err_names_are_distinct_words),
        cmocka_unit_test(err_texts_say_something),
        cmocka_unit_test(err_blames_the_party_that_caused_it),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
