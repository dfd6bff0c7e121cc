#include "script/pick.h"

#include <lauxlib.h>
#include <math.h>
#include <stdio.h>

static int absolute(lua_State *L, int index)
{
    return index > 0 ? index : lua_gettop(L) + index + 1;
}

double pick_number(lua_State *L, const char *name, int value)
{
    if (lua_type(L, value) != LUA_TNUMBER)
        luaL_error(L, "%s: number expected, got %s", name, luaL_typename(L, value));
    double number = lua_tonumber(L, value);
    if (!isfinite(number))
        luaL_error(L, "%s: NaN or infinite", name);
    return number;
}

const char *pick_text(lua_State *L, const char *name, int value, size_t max)
{
    size_t n;
    if (lua_type(L, value) != LUA_TSTRING)
        luaL_error(L, "%s: text expected, got %s", name, luaL_typename(L, value));
    const char *text = lua_tolstring(L, value, &n);
    if (n > max || strlen(text) != n)
        luaL_error(L, "%s: text of at most %d bytes expected", name, (int)max);
    return text;
}

bool pick_boolean(lua_State *L, const char *name, int value)
{
    if (!lua_isboolean(L, value))
        luaL_error(L, "%s: true or false expected, got %s", name, luaL_typename(L, value));
    return lua_toboolean(L, value);
}

unsigned pick_enum(lua_State *L, const struct schema_field *field, int value)
{
    const struct schema_enum *of = field->values;
    const char *text = pick_text(L, field->name, value, VM_BLOCK_MAX);
    for (unsigned i = 0; i < of->values_n; i++)
        if (strcmp(text, of->values[i]) == 0)
            return i;
    lua_pushstring(L, of->values[0]);
    for (unsigned i = 1; i < of->values_n; i++) {
        lua_pushfstring(L, ", %s", of->values[i]);
        lua_concat(L, 2);
    }
    return (unsigned)luaL_error(
        L, "%s: '%s' is none of %s", field->name, text, lua_tostring(L, -1));
}

/* A list that the script has reordered no longer says which row a number means. */
static void check_order(const struct question *question, const struct schema_field *over, int row)
{
    lua_State *L = question->L;
    int i = view_field(question->hook, over);
    lua_rawgeti(L, question->frame, VIEW_LIST - i);
    lua_rawgeti(L, -1, row);
    lua_rawgeti(L, question->frame, VIEW_POOL + i);
    lua_rawgeti(L, -1, row);
    if (!lua_rawequal(L, -1, -3))
        luaL_error(L, "view.%s was reordered: answer rows instead of their numbers", over->name);
    lua_pop(L, 4);
}

bool pick_is_row(const struct question *question, const struct schema_field *over, int value)
{
    lua_State *L = question->L;
    lua_rawgeti(L, question->frame, VIEW_POOL + view_field(question->hook, over));
    lua_pushvalue(L, value);
    lua_rawget(L, -2);
    bool found = !lua_isnil(L, -1);
    lua_pop(L, 2);
    return found;
}

int64_t pick_index(const struct question *question, const struct schema_field *over, int value)
{
    lua_State *L = question->L;
    bool is_row = lua_istable(L, value);
    double number = 0;
    if (is_row) {
        value = absolute(L, value);
        lua_rawgeti(L, question->frame, VIEW_POOL + view_field(question->hook, over));
        lua_pushvalue(L, value);
        lua_rawget(L, -2);
        number = lua_tonumber(L, -1);
        lua_pop(L, 2);
    } else {
        number = pick_number(L, "row", value);
    }
    size_t rows = view_rows(over, question->view);
    if (!(number >= 1 && number <= (double)rows) || floor(number) != number)
        luaL_error(L, "no such row in view.%s (it has %d)", over->name, (int)rows);
    if (!is_row)
        check_order(question, over, (int)number);
    return (int64_t)number - 1;
}

/* { id = ... } or { row = ..., kind = ... } */
static void read_pick_fields(const struct question *question, const struct schema_field *over,
    int table, struct policy_pick *pick)
{
    lua_State *L = question->L;
    bool has_id = false, has_row = false;
    for (lua_pushnil(L); lua_next(L, table); lua_pop(L, 1)) {
        const char *key = lua_type(L, -2) == LUA_TSTRING ? lua_tostring(L, -2) : "";
        if (strcmp(key, "id") == 0) {
            has_id = true;
            snprintf(pick->id, sizeof pick->id, "%s", pick_text(L, key, -1, sizeof pick->id - 1));
        } else if (strcmp(key, "row") == 0) {
            has_row = true;
            pick->row = pick_index(question, over, -1);
        } else if (strcmp(key, "kind") == 0) {
            pick->feeler = true;
            if (strcmp(pick_text(L, key, -1, SCRIPT_NAME_MAX), "feeler") != 0)
                luaL_error(L, "kind: 'feeler' expected");
        } else {
            luaL_error(L, "a pick has no field '%s'", key);
        }
    }
    if (has_id == has_row)
        luaL_error(L, "a pick names a row or an id");
}

struct policy_pick pick_read(
    const struct question *question, const struct schema_field *over, int value)
{
    struct policy_pick pick = {.row = -1};
    value = absolute(question->L, value);
    if (lua_istable(question->L, value) && !pick_is_row(question, over, value))
        read_pick_fields(question, over, value, &pick);
    else
        pick.row = pick_index(question, over, value);
    return pick;
}

/* The length of the list at value, which holds nothing else but perhaps a reason. */
static int list_length(lua_State *L, const struct schema_field *field, int value)
{
    if (!lua_istable(L, value))
        luaL_error(L, "%s: list expected, got %s", field->name, luaL_typename(L, value));
    size_t n = lua_objlen(L, value), entries = 0;
    if (n > (size_t)field->max)
        luaL_error(L, "%s: at most %d expected, got %d", field->name, (int)field->max, (int)n);
    for (lua_pushnil(L); lua_next(L, value); lua_pop(L, 1)) {
        if (lua_type(L, -2) == LUA_TNUMBER)
            entries++;
        else if (lua_type(L, -2) != LUA_TSTRING || strcmp(lua_tostring(L, -2), "reason") != 0)
            luaL_error(L, "%s: a list has no field '%s'", field->name,
                lua_type(L, -2) == LUA_TSTRING ? lua_tostring(L, -2) : luaL_typename(L, -2));
    }
    if (entries != n)
        luaL_error(L, "%s: a list without holes expected", field->name);
    return (int)n;
}

void pick_list(
    const struct question *question, const struct schema_field *field, int value, void *verdict)
{
    lua_State *L = question->L;
    value = absolute(L, value);
    int n = list_length(L, field, value);
    void *at = (char *)verdict + field->offset;
    for (int i = 0; i < n; i++) {
        lua_rawgeti(L, value, i + 1);
        if (field->type == SCHEMA_PICKS)
            ((struct policy_pick *)at)[i] = pick_read(question, field->over, -1);
        else
            ((int64_t *)at)[i] = pick_index(question, field->over, -1);
        lua_pop(L, 1);
    }
    *(size_t *)((char *)verdict + field->offset_n) = (size_t)n;
}
