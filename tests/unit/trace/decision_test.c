/* Every hook of the schema, whatever its views and verdicts are. */
#include "trace/decision.h"

#include "policy/verdict.h"
#include "unit/trace/kit.h"

static void *zeroed(size_t n)
{
    void *made = calloc(1, n ? n : 1);
    assert_non_null(made);
    return made;
}

static void *field_at(void *record, const struct schema_field *field)
{
    return (char *)record + field->offset;
}

static void set_number(const struct schema_field *field, void *at)
{
    if (field->type == SCHEMA_NUMBER)
        *(double *)at = field->max;
    else
        *(int64_t *)at = (int64_t)field->min;
}

/* Some value in its range. */
static void set_field(const struct schema_field *field, void *verdict)
{
    void *at = field_at(verdict, field);
    size_t *n = (size_t *)((char *)verdict + field->offset_n);
    switch (field->type) {
    case SCHEMA_INTEGER:
    case SCHEMA_NUMBER:
        set_number(field, at);
        break;
    case SCHEMA_BOOLEAN:
        *(bool *)at = true;
        break;
    case SCHEMA_TEXT:
        memcpy(at, "ab", 3);
        break;
    case SCHEMA_ENUM:
        *(unsigned *)at = field->values->values_n - 1;
        break;
    case SCHEMA_INDEX:
        *(int64_t *)at = 4;
        break;
    case SCHEMA_INDEXES:
        *n = 2;
        ((int64_t *)at)[1] = 4;
        break;
    case SCHEMA_PICKS:
        *n = 2;
        ((struct policy_pick *)at)[0] = (struct policy_pick){.row = 4, .feeler = true};
        ((struct policy_pick *)at)[1] = (struct policy_pick){.row = -1, .id = "0102"};
        break;
    default:
        fail_msg("verdicts have no %d", (int)field->type);
    }
}

static void *verdict_of(enum hook hook, unsigned act)
{
    const struct schema_verdict *schema = &schema_hooks[hook].verdict;
    char *verdict = zeroed(schema->size);
    if (schema->offset_act != SCHEMA_NOWHERE)
        *(unsigned *)(verdict + schema->offset_act) = act;
    memcpy(verdict + schema->offset_reason, "why", 4);
    const struct schema_alternative *answer = &schema->alternatives[act];
    for (unsigned i = 0; i < answer->fields_n; i++)
        set_field(&answer->fields[i], verdict);
    return verdict;
}

static struct codec written(enum hook hook, void *verdict)
{
    struct codec codec = codec_writer();
    decision_code_verdict(&codec, hook, verdict);
    assert_int_equal(codec_end(&codec), ERR_OK);
    return codec;
}

static void comes_back(enum hook hook, unsigned act)
{
    void *verdict = verdict_of(hook, act), *read = zeroed(schema_hooks[hook].verdict.size);
    struct codec bytes = written(hook, verdict), reader = codec_reader(codec_written(&bytes));
    decision_code_verdict(&reader, hook, read);
    assert_int_equal(codec_end(&reader), ERR_OK);
    assert_true(verdict_equal(hook, verdict, read));
    assert_string_equal(decision_reason(hook, read), "why");
    json_t *json = decision_verdict_json(hook, read);
    assert_non_null(json);
    json_decref(json);
    for (size_t n = 0; n < bytes.n; n++) {
        struct codec cut = codec_reader(span_of(bytes.out, n));
        decision_code_verdict(&cut, hook, read);
        assert_int_equal(codec_end(&cut), ERR_CORRUPT);
    }
    codec_free(&bytes);
    free(verdict);
    free(read);
}

static void every_verdict_comes_back(void **state)
{
    (void)state;
    for (int hook = 0; hook < HOOK_COUNT; hook++)
        for (unsigned act = 0; act < schema_hooks[hook].verdict.alternatives_n; act++)
            comes_back((enum hook)hook, act);
}

static void false_comes_back_where_it_may_be_answered(void **state)
{
    (void)state;
    struct ban_verdict verdict = {.is_false = true}, read;
    struct codec bytes = written(HOOK_ban, &verdict), reader = codec_reader(codec_written(&bytes));
    decision_code_verdict(&reader, HOOK_ban, &read);
    assert_int_equal(codec_end(&reader), ERR_OK);
    assert_true(read.is_false);
    json_t *json = decision_verdict_json(HOOK_ban, &read);
    assert_true(json_is_false(json));
    codec_free(&bytes);
}

static void a_verdict_out_of_range_is_refused(void **state)
{
    (void)state;
    struct bias_verdict verdict = {.new_percent = 101, .draw = 1}, read;
    struct codec bytes = written(HOOK_bias, &verdict), reader = codec_reader(codec_written(&bytes));
    decision_code_verdict(&reader, HOOK_bias, &read);
    assert_int_equal(reader.err, ERR_CORRUPT);
    codec_free(&bytes);
}

static void an_index_beyond_the_view_does_not_fit(void **state)
{
    (void)state;
    struct round *round = zeroed(sizeof *round);
    round_make(round, 3);
    round->verdict.picks_n = 1;
    round->verdict.picks[0].row = 2;
    assert_true(decision_verdict_fits(HOOK_select, &round->verdict, &round->view));
    round->verdict.picks[0].row = 3;
    assert_false(decision_verdict_fits(HOOK_select, &round->verdict, &round->view));
    round->verdict.picks[0].row = -1;
    assert_true(decision_verdict_fits(HOOK_select, &round->verdict, &round->view));
    free(round);
}

static json_t *member_of(json_t *view, const struct schema_field *field)
{
    json_t *parent = field->parent ? json_object_get(view, field->parent) : view;
    return json_object_get(parent, field->name);
}

static void every_field_of_every_view_is_told(void **state)
{
    (void)state;
    for (int i = 0; i < HOOK_COUNT; i++) {
        const struct schema_hook *hook = &schema_hooks[i];
        void *view = zeroed(hook->view_size);
        struct codec bytes = codec_writer();
        schema_view_defaults(hook, view);
        decision_write_view(&bytes, (enum hook)i, view, NULL);
        assert_int_equal(bytes.err, ERR_OK);
        json_t *json = decision_view_json(codec_written(&bytes), (enum hook)i, NULL);
        for (unsigned f = 0; f < hook->view_n; f++)
            if (!member_of(json, &hook->view[f]))
                fail_msg("%s: %s is missing", hook->name, hook->view[f].name);
        json_decref(json);
        codec_free(&bytes);
        free(view);
    }
}

static void only_rows_that_a_verdict_names_are_written_if_wanted(void **state)
{
    (void)state;
    struct round *round = zeroed(sizeof *round);
    struct select_verdict *other = zeroed(sizeof *other);
    struct codec bytes = codec_writer();
    round_make(round, ROWS);
    round->verdict.picks_n = other->picks_n = 1;
    round->verdict.picks[0].row = 70;
    other->picks[0].row = 2;
    decision_write_named(&bytes, HOOK_select, &round->view, &round->verdict, other);
    json_t *json = decision_view_json(codec_written(&bytes), HOOK_select, NULL);
    json_t *rows = json_object_get(json, "candidates");
    assert_int_equal(json_array_size(rows), 2);
    assert_int_equal(json_integer_value(json_object_get(json_array_get(rows, 0), "row")), 3);
    assert_int_equal(json_integer_value(json_object_get(json_array_get(rows, 1), "row")), 71);
    json_decref(json);
    codec_free(&bytes);
    free(other);
    free(round);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_verdict_comes_back),
        cmocka_unit_test(false_comes_back_where_it_may_be_answered),
        cmocka_unit_test(a_verdict_out_of_range_is_refused),
        cmocka_unit_test(an_index_beyond_the_view_does_not_fit),
        cmocka_unit_test(every_field_of_every_view_is_told),
        cmocka_unit_test(only_rows_that_a_verdict_names_are_written_if_wanted),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
