#include "policy/verdict.h"
#include "trace/decision_inside.h"

/* ---- which rows a verdict names ---- */

static void name_row(struct named_rows *rows, int64_t i)
{
    if (i >= 0 && i < NAMED_ROWS_MAX)
        rows->bits[i / 64] |= UINT64_C(1) << i % 64;
}

/* The i-th row that a field of a verdict names; -1: it names none. */
static int64_t named_by(const struct schema_field *field, const void *verdict, size_t i)
{
    const void *at = member(verdict, field);
    if (field->type == SCHEMA_PICKS)
        return ((const struct policy_pick *)at)[i].row;
    return ((const int64_t *)at)[i];
}

static size_t names_of(const struct schema_field *field, const void *verdict)
{
    if (field->type == SCHEMA_INDEXES || field->type == SCHEMA_PICKS)
        return list_count(verdict, field);
    return field->type == SCHEMA_INDEX ? 1 : 0;
}

struct named_rows decision_named_rows(
    enum hook hook, const void *verdict, const struct schema_field *list)
{
    struct named_rows rows = {{0}};
    const struct schema_verdict *schema = &schema_hooks[hook].verdict;
    if (!verdict || verdict_is_false(schema, verdict))
        return rows;
    const struct schema_alternative *answer = verdict_alternative(schema, verdict);
    for (unsigned f = 0; f < answer->fields_n; f++) {
        const struct schema_field *field = &answer->fields[f];
        if (field->over != list)
            continue;
        for (size_t i = 0; i < names_of(field, verdict); i++)
            name_row(&rows, named_by(field, verdict, i));
    }
    return rows;
}

bool decision_is_idle(enum hook hook, const void *verdict)
{
    const struct schema_verdict *schema = &schema_hooks[hook].verdict;
    if (verdict_is_false(schema, verdict))
        return false;
    const struct schema_alternative *answer = verdict_alternative(schema, verdict);
    bool has_list = false;
    for (unsigned f = 0; f < answer->fields_n; f++) {
        const struct schema_field *field = &answer->fields[f];
        if (field->type != SCHEMA_INDEXES && field->type != SCHEMA_PICKS)
            return false;
        has_list = true;
        if (list_count(verdict, field) > 0)
            return false;
    }
    return has_list;
}

bool decision_verdict_fits(enum hook hook, const void *verdict, const void *view)
{
    const struct schema_verdict *schema = &schema_hooks[hook].verdict;
    if (verdict_is_false(schema, verdict))
        return true;
    const struct schema_alternative *answer = verdict_alternative(schema, verdict);
    for (unsigned f = 0; f < answer->fields_n; f++) {
        const struct schema_field *field = &answer->fields[f];
        for (size_t i = 0; i < names_of(field, verdict); i++)
            if (named_by(field, verdict, i) >= (int64_t)list_count(view, field->over))
                return false;
    }
    return true;
}

/* ---- verdicts ---- */

static void check_range(struct codec *codec, const struct schema_field *field, const void *at)
{
    double number =
        field->type == SCHEMA_NUMBER ? *(const double *)at : (double)*(const int64_t *)at;
    if (!(number >= field->min && number <= field->max) && !(field->zero && number == 0))
        codec_refuse(codec);
}

static void code_pick(struct codec *codec, struct policy_pick *pick)
{
    code_i64(codec, &pick->row);
    code_text(codec, pick->id, sizeof pick->id);
    code_bool(codec, &pick->feeler);
    if (codec->reading && pick->row < -1)
        codec_refuse(codec);
}

static void code_index(struct codec *codec, int64_t *row)
{
    code_i64(codec, row);
    if (codec->reading && (*row < 0 || *row >= DECISION_LIST_MAX))
        codec_refuse(codec);
}

static void code_list(struct codec *codec, const struct schema_field *field, void *verdict)
{
    char *at = (char *)verdict + field->offset;
    size_t *n = (size_t *)((char *)verdict + field->offset_n);
    *n = code_count(codec, (uint32_t)*n, (uint32_t)field->max);
    for (size_t i = 0; i < *n && !codec->err; i++) {
        if (field->type == SCHEMA_PICKS)
            code_pick(codec, (struct policy_pick *)at + i);
        else
            code_index(codec, (int64_t *)at + i);
    }
}

static void code_field(struct codec *codec, const struct schema_field *field, void *verdict)
{
    void *at = (char *)verdict + field->offset;
    switch (field->type) {
    case SCHEMA_TEXT:
        code_text(codec, at, (size_t)field->max + 1);
        break;
    case SCHEMA_INDEX:
        code_index(codec, at);
        break;
    case SCHEMA_INDEXES:
    case SCHEMA_PICKS:
        code_list(codec, field, verdict);
        break;
    default:
        decision_code_plain(codec, field, at);
        if (codec->reading && (field->type == SCHEMA_INTEGER || field->type == SCHEMA_NUMBER))
            check_range(codec, field, at);
        break;
    }
}

void decision_code_verdict(struct codec *codec, enum hook hook, void *verdict)
{
    const struct schema_verdict *schema = &schema_hooks[hook].verdict;
    char *at = verdict;
    if (codec->reading)
        memset(verdict, 0, schema->size);
    if (schema->offset_act != SCHEMA_NOWHERE)
        code_below(codec, (uint32_t *)(at + schema->offset_act), schema->alternatives_n);
    if (schema->offset_false != SCHEMA_NOWHERE)
        code_bool(codec, (bool *)(at + schema->offset_false));
    code_text(codec, at + schema->offset_reason, POLICY_REASON_MAX + 1);
    if (verdict_is_false(schema, verdict))
        return;
    const struct schema_alternative *answer = verdict_alternative(schema, verdict);
    for (unsigned i = 0; i < answer->fields_n && !codec->err; i++)
        code_field(codec, &answer->fields[i], verdict);
}

static json_t *pick_json(const struct policy_pick *pick)
{
    json_t *made = json_object();
    if (pick->row >= 0 && !pick->feeler) {
        json_decref(made);
        return json_integer(pick->row + 1);
    }
    if (pick->row >= 0)
        json_object_set_new(made, "row", json_integer(pick->row + 1));
    else
        json_object_set_new(made, "id", decision_text_json(span_of_text(pick->id)));
    if (pick->feeler)
        json_object_set_new(made, "kind", json_string("feeler"));
    return made;
}

static json_t *list_json(const struct schema_field *field, const void *verdict)
{
    json_t *list = json_array();
    const void *at = member(verdict, field);
    for (size_t i = 0; i < list_count(verdict, field); i++)
        json_array_append_new(list,
            field->type == SCHEMA_PICKS ? pick_json((const struct policy_pick *)at + i)
                                        : json_integer(((const int64_t *)at)[i] + 1));
    return list;
}

static json_t *field_json(const struct schema_field *field, const void *verdict)
{
    switch (field->type) {
    case SCHEMA_TEXT:
        return decision_text_json(span_of_text(member(verdict, field)));
    case SCHEMA_INDEX:
        return json_integer(*(const int64_t *)member(verdict, field) + 1);
    case SCHEMA_INDEXES:
    case SCHEMA_PICKS:
        return list_json(field, verdict);
    default:
        return decision_plain_json(field, member(verdict, field));
    }
}

json_t *decision_verdict_json(enum hook hook, const void *verdict)
{
    const struct schema_verdict *schema = &schema_hooks[hook].verdict;
    if (verdict_is_false(schema, verdict))
        return json_false();
    const struct schema_alternative *answer = verdict_alternative(schema, verdict);
    if (answer->bare && answer->fields_n == 1)
        return field_json(&answer->fields[0], verdict);
    json_t *made = json_object();
    for (unsigned i = 0; made && i < answer->fields_n; i++)
        decision_put_member(made, &answer->fields[i], field_json(&answer->fields[i], verdict));
    return made;
}

const char *decision_reason(enum hook hook, const void *verdict)
{
    return (const char *)verdict + schema_hooks[hook].verdict.offset_reason;
}
