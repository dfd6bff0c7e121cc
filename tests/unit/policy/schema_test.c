/* The generated tables: they agree with the structs they describe. */
#include "policy/schema.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

static void hooks_are_found_by_name(void **state)
{
    (void)state;
    enum hook hook = HOOK_COUNT;
    for (int i = 0; i < HOOK_COUNT; i++) {
        assert_true(schema_hook_find(schema_hooks[i].name, &hook));
        assert_int_equal(hook, i);
    }
    assert_false(schema_hook_find("bais", &hook));
    assert_false(schema_hook_find("", &hook));
    assert_int_equal(hook, HOOK_COUNT - 1);
}

static void views_take_the_defaults_of_the_schema(void **state)
{
    (void)state;
    struct backoff_view view;
    memset(&view, 0xff, sizeof view);
    schema_view_defaults(&schema_hooks[HOOK_backoff], &view);
    assert_true(view.common.now == 1.7e9);
    assert_int_equal(view.common.role, POLICY_ROLE_node);
    assert_int_equal(view.common.outbound_max, 10);
    assert_int_equal(view.common.book_new, 0);
    assert_string_equal(view.class, "refused");
    assert_int_equal(view.failures, 1);
    assert_string_equal(view.address.ip, "8.8.8.8");
    assert_int_equal(view.address.port, 26656);
    assert_true(view.address.rtt_ms == -1);
    assert_false(view.address.persistent);
    struct select_view select;
    memset(&select, 0xff, sizeof select);
    schema_view_defaults(&schema_hooks[HOOK_select], &select);
    assert_null(select.candidates);
    assert_int_equal(select.candidates_n, 0);
}

static void every_view_begins_with_what_all_share(void **state)
{
    (void)state;
    for (int i = 0; i < HOOK_COUNT; i++) {
        const struct schema_field *first = &schema_hooks[i].view[0];
        assert_string_equal(first->name, "now");
        assert_int_equal(first->offset, offsetof(struct policy_common, now));
    }
}

static void check_fields(const struct schema_field *fields, unsigned n, size_t size)
{
    for (unsigned i = 0; i < n; i++) {
        assert_in_range(fields[i].offset, 0, size - 1);
        assert_in_range(fields[i].offset_n, 0, size - sizeof(size_t));
        assert_true(fields[i].min <= fields[i].max || fields[i].max == 0);
        assert_int_equal(fields[i].type == SCHEMA_ENUM, fields[i].values != NULL);
        assert_int_equal(
            fields[i].type == SCHEMA_ROW || fields[i].type == SCHEMA_ROWS, fields[i].row != NULL);
    }
}

static void fields_lie_inside_their_structs(void **state)
{
    (void)state;
    for (unsigned i = 0; i < schema_rows_n; i++)
        check_fields(schema_rows[i].fields, schema_rows[i].fields_n, schema_rows[i].size);
    for (int i = 0; i < HOOK_COUNT; i++) {
        const struct schema_hook *hook = &schema_hooks[i];
        check_fields(hook->view, hook->view_n, hook->view_size);
        assert_true(hook->verdict.alternatives_n > 0);
        assert_int_equal(hook->is_told, i == HOOK_observe);
        assert_true(hook->verdict.offset_reason < hook->verdict.size);
        for (unsigned a = 0; a < hook->verdict.alternatives_n; a++)
            check_fields(hook->verdict.alternatives[a].fields,
                hook->verdict.alternatives[a].fields_n, hook->verdict.size);
    }
}

/* behaviour.md section 5.2: what the core promises whatever a script says. */
static void ranges_are_those_of_the_policy_points_P2_P4_P5_P17(void **state)
{
    (void)state;
    const struct schema_alternative *bias = schema_hooks[HOOK_bias].verdict.alternatives;
    assert_true(bias->fields[0].min == 0 && bias->fields[0].max == 100);
    const struct schema_alternative *backoff = schema_hooks[HOOK_backoff].verdict.alternatives;
    assert_true(backoff[BACKOFF_wait].fields[0].min == 1);
    assert_true(backoff[BACKOFF_wait].fields[0].max == 48 * 3600);
    assert_true(backoff[BACKOFF_ban].fields[0].min == 60);
    assert_true(backoff[BACKOFF_ban].fields[0].max == 30 * 86400);
    const struct schema_alternative *ban = schema_hooks[HOOK_ban].verdict.alternatives;
    assert_true(ban->fields[0].min == 60 && ban->fields[0].max == 30 * 86400);
    assert_true(ban->fields[0].zero);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(hooks_are_found_by_name),
        cmocka_unit_test(views_take_the_defaults_of_the_schema),
        cmocka_unit_test(every_view_begins_with_what_all_share),
        cmocka_unit_test(fields_lie_inside_their_structs),
        cmocka_unit_test(ranges_are_those_of_the_policy_points_P2_P4_P5_P17),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
