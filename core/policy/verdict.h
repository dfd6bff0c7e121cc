/* Verdicts of any hook, by the schema: which form, whether two are the same, how to write one. */
#ifndef POLICY_VERDICT_H
#define POLICY_VERDICT_H

#include "policy/schema.h"

/* Whether `false` was answered. */
bool verdict_is_false(const struct schema_verdict *schema, const void *verdict);
/* The alternative that was answered. */
const struct schema_alternative *verdict_alternative(
    const struct schema_verdict *schema, const void *verdict);

/* Whether two verdicts of one hook decide the same; their reasons do not count, and `false` is the
 * empty list where the verdict is a list, 0 where it is a number of things. */
bool verdict_equal(enum hook hook, const void *a, const void *b);

/* Writes a verdict as a policy would: "false", "{ 1, 3 }", "{ wait_s = 4.5 }"; rows count from 1.
 * Ends with "..." and cut where it does not fit cap bytes, terminator included (cap > 3). Bytes of
 * texts other than printable ASCII become '?'. Returns out. */
#define VERDICT_TEXT_MAX 240
char *verdict_text(enum hook hook, const void *verdict, char *out, size_t cap);
/* The same without its reason. */
char *verdict_answer_text(enum hook hook, const void *verdict, char *out, size_t cap);

/* The ID that a question is about: of its first row that is not in a list, or its own; "". */
const char *verdict_subject(enum hook hook, const void *view);

#endif
