/* Verdicts by the schema: compared and written. */
#include "policy/verdict.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

static char text[VERDICT_TEXT_MAX];

#define ASSERT_TEXT(hook, verdict, expected)                                                       \
    assert_string_equal(verdict_text(hook, verdict, text, sizeof text), expected)

static void verdicts_are_written_as_a_policy_would(void **state)
{
    (void)state;
    struct bias_verdict bias = {.new_percent = 12.5, .draw = 30};
    ASSERT_TEXT(HOOK_bias, &bias, "{ new_percent = 12.5, draw = 30 }");
    strcpy(bias.reason, "to \"see\"\n");
    ASSERT_TEXT(HOOK_bias, &bias, "{ new_percent = 12.5, draw = 30, reason = \"to ?see??\" }");
    struct dial_count_verdict count = {.dials = 7};
    ASSERT_TEXT(HOOK_dial_count, &count, "7");
    strcpy(count.reason, "so");
    ASSERT_TEXT(HOOK_dial_count, &count, "{ dials = 7, reason = \"so\" }");
    assert_string_equal(verdict_answer_text(HOOK_dial_count, &count, text, sizeof text), "7");
    struct promote_verdict promote = {.good = true};
    ASSERT_TEXT(HOOK_promote, &promote, "true");
    static struct select_verdict select = {
        .picks = {{.row = 0}, {.row = 4, .feeler = true}, {.row = -1, .id = "ab"}}, .picks_n = 3};
    ASSERT_TEXT(HOOK_select, &select, "{ 1, { row = 5, kind = \"feeler\" }, { id = \"ab\" } }");
    select.picks_n = 0;
    ASSERT_TEXT(HOOK_select, &select, "{}");
    struct backoff_verdict backoff = {.act = BACKOFF_ban, .ban_s = 60, .scope = POLICY_SCOPE_ip};
    ASSERT_TEXT(HOOK_backoff, &backoff, "{ ban_s = 60, scope = \"ip\" }");
    struct ban_verdict ban = {.is_false = true};
    ASSERT_TEXT(HOOK_ban, &ban, "false");
    struct admit_verdict admit = {.act = ADMIT_replace, .replace = 2};
    ASSERT_TEXT(HOOK_admit, &admit, "{ replace = 3 }");
    admit = (struct admit_verdict){.act = ADMIT_accept, .accept = true};
    ASSERT_TEXT(HOOK_admit, &admit, "true");
    struct observe_verdict observe = {""};
    ASSERT_TEXT(HOOK_observe, &observe, "nothing");
}

static void long_verdicts_are_cut(void **state)
{
    (void)state;
    static struct rotate_verdict rotate = {.rows_n = 1024};
    char small[16];
    for (size_t i = 0; i < 1024; i++)
        rotate.rows[i] = (int64_t)i;
    verdict_text(HOOK_rotate, &rotate, text, sizeof text);
    assert_int_equal(strlen(text), sizeof text - 1);
    assert_string_equal(text + sizeof text - 4, "...");
    assert_memory_equal(text, "{ 1, 2, 3, ", 11);
    assert_string_equal(verdict_text(HOOK_rotate, &rotate, small, sizeof small), "{ 1, 2, 3, 4...");
    rotate.rows_n = 4;
    assert_string_equal(verdict_text(HOOK_rotate, &rotate, small, sizeof small), "{ 1, 2, 3, 4 }");
}

static void every_field_counts_but_the_reason(void **state)
{
    (void)state;
    struct backoff_verdict a = {.act = BACKOFF_ban, .ban_s = 60}, b = a;
    strcpy(b.reason, "another");
    assert_true(verdict_equal(HOOK_backoff, &a, &b));
    b.wait_s = 9; /* of an alternative that was not answered */
    assert_true(verdict_equal(HOOK_backoff, &a, &b));
    b.scope = POLICY_SCOPE_group;
    assert_false(verdict_equal(HOOK_backoff, &a, &b));
    b = a;
    b.act = BACKOFF_wait;
    assert_false(verdict_equal(HOOK_backoff, &a, &b));
    struct ban_verdict no = {.is_false = true}, also_no = {.is_false = true, .ban_s = 5}, yes = {0};
    assert_true(verdict_equal(HOOK_ban, &no, &also_no));
    assert_false(verdict_equal(HOOK_ban, &no, &yes));
    assert_false(verdict_equal(HOOK_ban, &yes, &no));
}

static void lists_are_compared_as_far_as_they_go(void **state)
{
    (void)state;
    static struct select_verdict a, b;
    a = (struct select_verdict){.picks = {{.row = 1}, {.row = -1, .id = "x"}}, .picks_n = 2};
    b = a;
    b.picks[2].row = 77;
    assert_true(verdict_equal(HOOK_select, &a, &b));
    b.picks[1].id[0] = 'y';
    assert_false(verdict_equal(HOOK_select, &a, &b));
    b = a;
    b.picks[0].feeler = true;
    assert_false(verdict_equal(HOOK_select, &a, &b));
    b = a;
    b.picks_n = 1;
    assert_false(verdict_equal(HOOK_select, &a, &b));
    static struct crawl_verdict c, d;
    c = (struct crawl_verdict){.rows = {3, 1}, .rows_n = 2};
    d = c;
    assert_true(verdict_equal(HOOK_crawl, &c, &d));
    d.rows[1] = 2;
    assert_false(verdict_equal(HOOK_crawl, &c, &d));
    d = c;
    d.concurrency = 5;
    assert_false(verdict_equal(HOOK_crawl, &c, &d));
}

static void nobody_is_false_and_an_empty_list_alike(void **state)
{
    (void)state;
    static struct rotate_verdict no = {.is_false = true}, empty, one = {.rows_n = 1};
    assert_true(verdict_equal(HOOK_rotate, &no, &empty));
    assert_true(verdict_equal(HOOK_rotate, &empty, &no));
    assert_false(verdict_equal(HOOK_rotate, &no, &one));
    static struct share_verdict none = {.is_false = true}, rows = {.act = SHARE_rows};
    static struct share_verdict amount = {.act = SHARE_amount, .count = 9};
    assert_true(verdict_equal(HOOK_share, &none, &rows));
    assert_false(verdict_equal(HOOK_share, &none, &amount));
    struct dial_count_verdict stop = {.is_false = true}, zero = {.dials = 0}, two = {.dials = 2};
    assert_true(verdict_equal(HOOK_dial_count, &stop, &zero));
    assert_false(verdict_equal(HOOK_dial_count, &stop, &two));
    struct accept_verdict silent = {.is_false = true};
    static struct accept_verdict blaming = {.blame = 3};
    assert_false(verdict_equal(HOOK_accept, &silent, &blaming));
    struct promote_verdict bad = {.good = false}, good = {.good = true};
    assert_false(verdict_equal(HOOK_promote, &bad, &good));
}

/* Every hook: a verdict is the same as itself and can be written, whatever alternative it took. */
static void every_form_of_every_hook_can_be_written(void **state)
{
    (void)state;
    static uint64_t storage[16384];
    for (int i = 0; i < HOOK_COUNT; i++) {
        const struct schema_verdict *schema = &schema_hooks[i].verdict;
        assert_true(schema->size <= sizeof storage);
        for (unsigned act = 0; act < schema->alternatives_n; act++) {
            memset(storage, 0, schema->size);
            if (schema->offset_act != SCHEMA_NOWHERE)
                *(unsigned *)((char *)storage + schema->offset_act) = act;
            assert_true(verdict_equal((enum hook)i, storage, storage));
            assert_true(strlen(verdict_text((enum hook)i, storage, text, sizeof text)) > 0);
        }
    }
}

static void the_subject_is_whom_a_question_is_about(void **state)
{
    (void)state;
    struct ban_view ban;
    struct observe_view observe;
    struct bias_view bias;
    schema_view_defaults(&schema_hooks[HOOK_ban], &ban);
    schema_view_defaults(&schema_hooks[HOOK_observe], &observe);
    schema_view_defaults(&schema_hooks[HOOK_bias], &bias);
    ban.peer.id = "of a peer";
    observe.id = "its own";
    assert_string_equal(verdict_subject(HOOK_ban, &ban), "of a peer");
    assert_string_equal(verdict_subject(HOOK_observe, &observe), "its own");
    assert_string_equal(verdict_subject(HOOK_bias, &bias), "");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(verdicts_are_written_as_a_policy_would),
        cmocka_unit_test(long_verdicts_are_cut),
        cmocka_unit_test(every_field_counts_but_the_reason),
        cmocka_unit_test(lists_are_compared_as_far_as_they_go),
        cmocka_unit_test(nobody_is_false_and_an_empty_list_alike),
        cmocka_unit_test(every_form_of_every_hook_can_be_written),
        cmocka_unit_test(the_subject_is_whom_a_question_is_about),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
