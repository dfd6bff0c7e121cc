/* Rows in verdicts: by number, as the row itself, by ID; alone and in lists; and the checks of
 * plain values that these share with the rest of a verdict. Everything raises a Lua error that
 * names the field when it does not fit. Private to core/script. */
#ifndef SCRIPT_PICK_H
#define SCRIPT_PICK_H

#include "script/view.h"

/* A number that is finite. */
double pick_number(lua_State *L, const char *name, int value);
/* A text of at most max bytes without NUL, owned by Lua. */
const char *pick_text(lua_State *L, const char *name, int value, size_t max);

bool pick_boolean(lua_State *L, const char *name, int value);
/* One of the texts of an enum: its place among them. */
unsigned pick_enum(lua_State *L, const struct schema_field *field, int value);

/* Whether the table at value is a row of the list `over`. */
bool pick_is_row(const struct question *question, const struct schema_field *over, int value);
/* A row of the list `over`: its number from 1, or the row itself. Returns its index from 0. */
int64_t pick_index(const struct question *question, const struct schema_field *over, int value);
/* A pick: a row as above, { id = ... } or { row = ..., kind = "feeler" }. */
struct policy_pick pick_read(
    const struct question *question, const struct schema_field *over, int value);
/* A list of picks or of rows (field's type), at most field->max, into verdict. */
void pick_list(
    const struct question *question, const struct schema_field *field, int value, void *verdict);

#endif
