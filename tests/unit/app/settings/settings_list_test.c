/* core/app/settings/settings_list.c: lists as text, of which one item changes. */
#include "app/settings/settings_list.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define A "00000000000000000000000000000000000000aa"
#define B "00000000000000000000000000000000000000bb"

static void becomes(const char *list, const char *entry, const char *expected)
{
    struct peer_id id;
    assert_int_equal(peer_id_parse(span_of_text(A), &id), ERR_OK);
    char *made = settings_list_with(list, &id, entry);
    assert_string_equal(made, expected);
    free(made);
}

static void items_come_without_blanks_and_empty_ones_not_at_all(void **state)
{
    (void)state;
    const char *rest = " one ,, two\t,";
    assert_true(span_equal(settings_list_take(&rest), span_of_text("one")));
    assert_true(span_equal(settings_list_take(&rest), span_of_text("two")));
    assert_null(settings_list_take(&rest).at);
    assert_null(settings_list_take(&rest).at);
}

static void an_entry_comes_last_or_where_its_id_was(void **state)
{
    (void)state;
    becomes("", A "@h:1", A "@h:1");
    becomes(B "@h.example:1", A "@h:1", B "@h.example:1," A "@h:1");
    becomes(A "@old:2, " B "@h:1", A "@new:1", A "@new:1," B "@h:1");
    becomes(A "@old:2," A "@older:3", A "@new:1", A "@new:1");
}

static void an_id_goes_and_the_others_stay_as_they_are_written(void **state)
{
    (void)state;
    becomes("tcp://" B "@H.example:1," A "@h:1", NULL, "tcp://" B "@H.example:1");
    becomes("nonsense", NULL, "nonsense");
    becomes(A "@h:1", NULL, "");
    becomes("", NULL, "");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(items_come_without_blanks_and_empty_ones_not_at_all),
        cmocka_unit_test(an_entry_comes_last_or_where_its_id_was),
        cmocka_unit_test(an_id_goes_and_the_others_stay_as_they_are_written),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
