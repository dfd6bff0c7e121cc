/* What a hook answered, checked against the schema and turned into its C struct.
 * Private to core/script. */
#ifndef SCRIPT_VERDICT_H
#define SCRIPT_VERDICT_H

#include "policy/verdict.h"
#include "script/view.h"

/* Reads the verdict at stack index `value` into *verdict; false: it is nil, so the base is to
 * answer. Raises a Lua error that names the field when the verdict does not fit: unknown or missing
 * fields, wrong types, NaN, rows that are not in the view. Numbers are clamped to their range; a
 * reason is cut to POLICY_REASON_MAX. Tables are read raw: no code of the policy runs here. */
bool verdict_read(const struct question *question, int value, void *verdict);

/* Whether the value is a table with a field of one of the alternatives: no list, no row. */
bool verdict_is_named(lua_State *L, const struct schema_verdict *schema, int value);

/* Bytes of the largest verdict of all hooks. */
size_t verdict_size_max(void);

#endif
