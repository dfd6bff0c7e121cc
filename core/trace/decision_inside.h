/* What decision.c and decision_verdict.c share. */
#ifndef TRACE_DECISION_INSIDE_H
#define TRACE_DECISION_INSIDE_H

#include "policy/schema.h"
#include "trace/decision.h"

#define DECISION_LIST_MAX 65536 /* rows of a view's list */
#define NAMED_ROWS_MAX 4096     /* rows of which is known whether a verdict names them */

static inline const void *member(const void *record, const struct schema_field *field)
{
    return (const char *)record + field->offset;
}

static inline size_t list_count(const void *record, const struct schema_field *field)
{
    return *(const size_t *)((const char *)record + field->offset_n);
}

/* Numbers, booleans and enums: the same in views, rows and verdicts. */
void decision_code_plain(struct codec *codec, const struct schema_field *field, void *at);
/* Text that scripts or peers chose: where it is not UTF-8, '?' stands for all but printable ASCII.
 */
json_t *decision_text_json(struct span text);
json_t *decision_plain_json(const struct schema_field *field, const void *at);
/* `book.new` goes into a nested object. Takes value. */
void decision_put_member(json_t *into, const struct schema_field *field, json_t *value);

struct named_rows {
    uint64_t bits[NAMED_ROWS_MAX / 64];
};

/* The rows of a view's list that a verdict names; verdict NULL: none. */
struct named_rows decision_named_rows(
    enum hook hook, const void *verdict, const struct schema_field *list);

static inline bool is_named(const struct named_rows *rows, size_t i)
{
    return i < NAMED_ROWS_MAX && (rows->bits[i / 64] >> i % 64 & 1);
}

#endif
