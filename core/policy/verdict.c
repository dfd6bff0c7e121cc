#include "policy/verdict.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

static const void *member(const void *record, const struct schema_field *field)
{
    return (const char *)record + field->offset;
}

static size_t count_of(const void *record, const struct schema_field *field)
{
    return *(const size_t *)((const char *)record + field->offset_n);
}

bool verdict_is_false(const struct schema_verdict *schema, const void *verdict)
{
    return schema->offset_false != SCHEMA_NOWHERE &&
        *(const bool *)((const char *)verdict + schema->offset_false);
}

const struct schema_alternative *verdict_alternative(
    const struct schema_verdict *schema, const void *verdict)
{
    unsigned act = 0;
    if (schema->offset_act != SCHEMA_NOWHERE)
        act = *(const unsigned *)((const char *)verdict + schema->offset_act);
    return &schema->alternatives[act];
}

/* ---- the same? ---- */

static bool same_pick(const struct policy_pick *a, const struct policy_pick *b)
{
    return a->row == b->row && a->feeler == b->feeler && strcmp(a->id, b->id) == 0;
}

static bool same_list(const struct schema_field *field, const void *a, const void *b)
{
    size_t n = count_of(a, field);
    if (n != count_of(b, field))
        return false;
    const void *in_a = member(a, field), *in_b = member(b, field);
    if (field->type == SCHEMA_INDEXES)
        return memcmp(in_a, in_b, n * sizeof(int64_t)) == 0;
    for (size_t i = 0; i < n; i++)
        if (!same_pick((const struct policy_pick *)in_a + i, (const struct policy_pick *)in_b + i))
            return false;
    return true;
}

static bool same_field(const struct schema_field *field, const void *a, const void *b)
{
    const void *in_a = member(a, field), *in_b = member(b, field);
    switch (field->type) {
    case SCHEMA_NUMBER:
        return *(const double *)in_a == *(const double *)in_b;
    case SCHEMA_BOOLEAN:
        return *(const bool *)in_a == *(const bool *)in_b;
    case SCHEMA_ENUM:
        return *(const unsigned *)in_a == *(const unsigned *)in_b;
    case SCHEMA_TEXT:
        return strcmp(in_a, in_b) == 0;
    case SCHEMA_INDEXES:
    case SCHEMA_PICKS:
        return same_list(field, a, b);
    default:
        return *(const int64_t *)in_a == *(const int64_t *)in_b;
    }
}

/* `false`, or what says the same in more words: of a verdict that is a list the empty one, of one
 * that is a number of things 0. */
static bool is_nothing(const struct schema_verdict *schema, const void *verdict)
{
    if (verdict_is_false(schema, verdict))
        return true;
    const struct schema_alternative *answer = verdict_alternative(schema, verdict);
    const struct schema_field *field = answer->fields;
    if (schema->offset_false == SCHEMA_NOWHERE || answer->fields_n != 1)
        return false;
    if (field->type == SCHEMA_INDEXES || field->type == SCHEMA_PICKS)
        return count_of(verdict, field) == 0;
    return field->type == SCHEMA_INTEGER && *(const int64_t *)member(verdict, field) == 0;
}

bool verdict_equal(enum hook hook, const void *a, const void *b)
{
    const struct schema_verdict *schema = &schema_hooks[hook].verdict;
    if (is_nothing(schema, a) && is_nothing(schema, b))
        return true;
    if (verdict_is_false(schema, a) || verdict_is_false(schema, b))
        return false;
    const struct schema_alternative *answer = verdict_alternative(schema, a);
    if (answer != verdict_alternative(schema, b))
        return false;
    for (unsigned i = 0; i < answer->fields_n; i++)
        if (!same_field(&answer->fields[i], a, b))
            return false;
    return true;
}

/* ---- as text ---- */

struct page {
    char *out;
    size_t cap, n; /* n may grow beyond cap: then it is cut */
};

__attribute__((format(printf, 2, 3))) static void put(struct page *page, const char *form, ...)
{
    va_list arguments;
    va_start(arguments, form);
    size_t at = page->n < page->cap ? page->n : page->cap;
    int n = vsnprintf(page->out + at, page->cap - at, form, arguments);
    va_end(arguments);
    page->n += n > 0 ? (size_t)n : 0;
}

static void put_words(struct page *page, const char *text)
{
    put(page, "\"");
    for (; *text; text++)
        put(page, "%c", *text < ' ' || *text > '~' || *text == '"' ? '?' : *text);
    put(page, "\"");
}

static void put_pick(struct page *page, const struct policy_pick *pick)
{
    if (pick->row >= 0 && !pick->feeler) {
        put(page, "%lld", (long long)pick->row + 1);
        return;
    }
    put(page, "{ ");
    if (pick->row >= 0) {
        put(page, "row = %lld", (long long)pick->row + 1);
    } else {
        put(page, "id = ");
        put_words(page, pick->id);
    }
    put(page, pick->feeler ? ", kind = \"feeler\" }" : " }");
}

static void put_list(struct page *page, const struct schema_field *field, const void *verdict)
{
    const void *at = member(verdict, field);
    size_t n = count_of(verdict, field);
    put(page, n > 0 ? "{ " : "{");
    for (size_t i = 0; i < n && page->n < page->cap; i++) {
        put(page, i > 0 ? ", " : "");
        if (field->type == SCHEMA_PICKS)
            put_pick(page, (const struct policy_pick *)at + i);
        else
            put(page, "%lld", (long long)((const int64_t *)at)[i] + 1);
    }
    put(page, n > 0 ? " }" : "}");
}

static void put_value(struct page *page, const struct schema_field *field, const void *verdict)
{
    const void *at = member(verdict, field);
    switch (field->type) {
    case SCHEMA_INTEGER:
        put(page, "%lld", (long long)*(const int64_t *)at);
        break;
    case SCHEMA_INDEX:
        put(page, "%lld", (long long)*(const int64_t *)at + 1);
        break;
    case SCHEMA_NUMBER:
        put(page, "%.14g", *(const double *)at);
        break;
    case SCHEMA_BOOLEAN:
        put(page, *(const bool *)at ? "true" : "false");
        break;
    case SCHEMA_ENUM:
        put_words(page, field->values->values[*(const unsigned *)at]);
        break;
    case SCHEMA_TEXT:
        put_words(page, at);
        break;
    default:
        put_list(page, field, verdict);
        break;
    }
}

static void put_table(struct page *page, const struct schema_alternative *answer,
    const void *verdict, const char *reason)
{
    const char *between = "{ ";
    for (unsigned i = 0; i < answer->fields_n; i++, between = ", ") {
        put(page, "%s%s = ", between, answer->fields[i].name);
        put_value(page, &answer->fields[i], verdict);
    }
    if (reason[0]) {
        put(page, "%sreason = ", between);
        put_words(page, reason);
    }
    put(page, " }");
}

static char *write_verdict(
    enum hook hook, const void *verdict, const char *reason, char *out, size_t cap)
{
    const struct schema_verdict *schema = &schema_hooks[hook].verdict;
    const struct schema_alternative *answer = verdict_alternative(schema, verdict);
    struct page page = {out, cap, 0};
    out[0] = 0;
    if (verdict_is_false(schema, verdict))
        put(&page, "false");
    else if (answer->fields_n == 0)
        put(&page, "nothing");
    else if (answer->bare && answer->fields_n == 1 && !reason[0])
        put_value(&page, &answer->fields[0], verdict);
    else
        put_table(&page, answer, verdict, reason);
    if (page.n >= cap)
        memcpy(out + cap - 4, "...", 4);
    return out;
}

char *verdict_text(enum hook hook, const void *verdict, char *out, size_t cap)
{
    const char *reason = (const char *)verdict + schema_hooks[hook].verdict.offset_reason;
    return write_verdict(hook, verdict, reason, out, cap);
}

char *verdict_answer_text(enum hook hook, const void *verdict, char *out, size_t cap)
{
    return write_verdict(hook, verdict, "", out, cap);
}

static const char *text_named(
    const struct schema_field *fields, unsigned n, const char *name, const void *record)
{
    for (unsigned i = 0; i < n; i++)
        if (fields[i].type == SCHEMA_TEXT && strcmp(fields[i].name, name) == 0)
            return *(const char *const *)member(record, &fields[i]);
    return NULL;
}

const char *verdict_subject(enum hook hook, const void *view)
{
    const struct schema_hook *schema = &schema_hooks[hook];
    const char *id = text_named(schema->view, schema->view_n, "id", view);
    for (unsigned i = 0; i < schema->view_n && !id; i++)
        if (schema->view[i].type == SCHEMA_ROW)
            id = text_named(schema->view[i].row->fields, schema->view[i].row->fields_n, "id",
                member(view, &schema->view[i]));
    return id ? id : "";
}
