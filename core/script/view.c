#include "script/view.h"

#include "base/nearest.h"
#include "script/runtime.h"

#include <lauxlib.h>
#include <stdio.h>

/* The table that was read is argument 1, the missing key argument 2. */
static int no_field(lua_State *L)
{
    const char *key = lua_isstring(L, 2) ? lua_tostring(L, 2) : luaL_typename(L, 2);
    struct nearest nearest = nearest_to(key);
    for (lua_pushnil(L); lua_next(L, 1); lua_pop(L, 1))
        if (lua_type(L, -2) == LUA_TSTRING)
            nearest_try(&nearest, lua_tostring(L, -2));
    const char *what = lua_tostring(L, lua_upvalueindex(1));
    if (nearest.found)
        return luaL_error(L, "%s has no field '%s'; did you mean %s?", what, key, nearest.found);
    return luaL_error(L, "%s has no field '%s'", what, key);
}

/* A table of n fields, called `what` in errors. */
static void push_table(lua_State *L, unsigned n, const char *what)
{
    lua_createtable(L, 0, (int)n);
    lua_createtable(L, 0, 3);
    lua_pushstring(L, what);
    lua_pushcclosure(L, no_field, 1);
    lua_pushvalue(L, -1);
    lua_setfield(L, -3, "__index");
    lua_setfield(L, -2, "__newindex");
    lua_pushboolean(L, 0);
    lua_setfield(L, -2, "__metatable");
    lua_setmetatable(L, -2);
}

static void push_scalar(lua_State *L, const struct schema_field *field, const void *record)
{
    const void *at = (const char *)record + field->offset;
    switch (field->type) {
    case SCHEMA_INTEGER:
        lua_pushnumber(L, (double)*(const int64_t *)at);
        break;
    case SCHEMA_NUMBER:
        lua_pushnumber(L, *(const double *)at);
        break;
    case SCHEMA_BOOLEAN:
        lua_pushboolean(L, *(const bool *)at);
        break;
    case SCHEMA_ENUM:
        lua_pushstring(L, field->values->values[*(const unsigned *)at]);
        break;
    case SCHEMA_TEXT: {
        const char *text = *(const char *const *)at;
        lua_pushstring(L, text ? text : "");
        break;
    }
    default:
        lua_pushnil(L);
        break;
    }
}

/* Names are made once and kept in a list at VIEW_NAMES of a pool or frame: making a text means to
 * hash it. */
static void keep_names(lua_State *L, int table, const struct schema_field *fields, unsigned n)
{
    lua_createtable(L, (int)n, 0);
    for (unsigned i = 0; i < n; i++) {
        lua_pushstring(L, fields[i].parent ? fields[i].parent : fields[i].name);
        lua_rawseti(L, -2, (int)i + 1);
    }
    lua_rawseti(L, table, VIEW_NAMES);
}

/* The field names of the rows of a pool, pushed once for many rows. */
static void push_names(lua_State *L, int pool, const struct schema_row *row)
{
    luaL_checkstack(L, (int)row->fields_n + 8, "row");
    lua_rawgeti(L, pool, VIEW_NAMES);
    int list = lua_gettop(L);
    for (unsigned i = 1; i <= row->fields_n; i++)
        lua_rawgeti(L, list, (int)i);
}

/* Fills the table on top from record; the names begin at stack index `names`. */
static void fill_row(lua_State *L, const struct schema_row *row, int names, const void *record)
{
    for (unsigned i = 0; i < row->fields_n; i++) {
        lua_pushvalue(L, names + (int)i);
        push_scalar(L, &row->fields[i], record);
        lua_rawset(L, -3);
    }
}

/* Pushes row n (from 1) of the pool at stack index `pool`, made if it is new. */
static void push_pooled(lua_State *L, int pool, int n, const struct schema_row *row)
{
    lua_rawgeti(L, pool, n);
    if (!lua_isnil(L, -1))
        return;
    lua_pop(L, 1);
    if (n == 1) {
        char what[SCRIPT_NAME_MAX];
        snprintf(what, sizeof what, "a row (%s)", row->name);
        push_table(L, row->fields_n, what);
    } else { /* all rows of a pool share the metatable of the first */
        lua_createtable(L, 0, (int)row->fields_n);
        lua_rawgeti(L, pool, 1);
        lua_getmetatable(L, -1);
        lua_setmetatable(L, -3);
        lua_pop(L, 1);
    }
    lua_pushvalue(L, -1);
    lua_rawseti(L, pool, n);
    lua_pushvalue(L, -1);
    lua_pushinteger(L, n);
    lua_rawset(L, pool);
}

size_t view_rows(const struct schema_field *field, const void *view)
{
    return *(const size_t *)((const char *)view + field->offset_n);
}

int view_field(const struct schema_hook *hook, const struct schema_field *field)
{
    return (int)(field - hook->view);
}

/* Pushes what the view shows for field i, a row or a list of rows; the frame is at stack index
 * `frame`. */
static void push_rows(
    lua_State *L, int frame, unsigned i, const struct schema_field *field, const void *view)
{
    const char *at = (const char *)view + field->offset;
    bool is_list = field->type == SCHEMA_ROWS;
    int n = is_list ? (int)view_rows(field, view) : 1;
    const char *record = is_list ? *(const char *const *)at : at;
    int pool = lua_gettop(L) + 1;
    lua_rawgeti(L, frame, VIEW_POOL + (int)i);
    push_names(L, pool, field->row);
    int names = pool + 2; /* after their list */
    lua_createtable(L, is_list ? n : 0, 0);
    int list = lua_gettop(L);
    for (int row = 1; row <= n; row++, record += field->row->size) {
        push_pooled(L, pool, row, field->row);
        fill_row(L, field->row, names, record);
        if (is_list)
            lua_rawseti(L, list, row);
    }
    lua_replace(L, pool);
    lua_settop(L, pool);
    if (is_list) {
        lua_pushvalue(L, -1);
        lua_rawseti(L, frame, VIEW_LIST - (int)i);
    }
}

static void push_nested(lua_State *L, int frame, const char *name)
{
    lua_getfield(L, frame, name);
    if (!lua_isnil(L, -1))
        return;
    lua_pop(L, 1);
    push_table(L, 4, name);
    lua_pushvalue(L, -1);
    lua_setfield(L, frame, name);
}

static void fill_view(lua_State *L, int frame, const struct schema_hook *hook, const void *view)
{
    int table = frame + 1, names = frame + 2;
    lua_rawgeti(L, frame, VIEW_NAMES);
    for (unsigned i = 0; i < hook->view_n; i++) {
        const struct schema_field *field = &hook->view[i];
        lua_rawgeti(L, names, (int)i + 1);
        if (field->parent) {
            push_nested(L, frame, field->parent);
            lua_pushstring(L, field->name);
            push_scalar(L, field, view);
            lua_rawset(L, -3);
        } else if (field->row) {
            push_rows(L, frame, i, field, view);
        } else {
            push_scalar(L, field, view);
        }
        lua_rawset(L, table);
    }
    lua_pushstring(L, "random");
    runtime_push(L, "random");
    lua_rawset(L, table);
    lua_pop(L, 1);
}

/* Pushes the pool of rows for the nth field of this kind in a view. Views share their pools: they
 * are shown one at a time, and memory for the largest list of each kind is taken once. */
static void push_pool(lua_State *L, const struct schema_row *row, unsigned nth)
{
    lua_pushlightuserdata(L, (void *)(uintptr_t)row);
    lua_rawget(L, LUA_REGISTRYINDEX);
    if (lua_isnil(L, -1)) {
        lua_pop(L, 1);
        lua_newtable(L);
        lua_pushlightuserdata(L, (void *)(uintptr_t)row);
        lua_pushvalue(L, -2);
        lua_rawset(L, LUA_REGISTRYINDEX);
    }
    lua_rawgeti(L, -1, (int)nth + 1);
    if (lua_isnil(L, -1)) {
        lua_pop(L, 1);
        lua_newtable(L);
        keep_names(L, lua_gettop(L), row->fields, row->fields_n);
        lua_pushvalue(L, -1);
        lua_rawseti(L, -3, (int)nth + 1);
    }
    lua_remove(L, -2);
}

/* How many fields before field i show rows of the same kind. */
static unsigned nth_of_kind(const struct schema_hook *hook, unsigned i)
{
    unsigned n = 0;
    for (unsigned before = 0; before < i; before++)
        n += hook->view[before].row == hook->view[i].row;
    return n;
}

static void push_new_frame(lua_State *L, const struct schema_hook *hook)
{
    char what[SCRIPT_NAME_MAX];
    snprintf(what, sizeof what, "the view of %s", hook->name);
    lua_newtable(L);
    keep_names(L, lua_gettop(L), hook->view, hook->view_n);
    push_table(L, hook->view_n + 1, what);
    lua_rawseti(L, -2, VIEW_TABLE);
    for (unsigned i = 0; i < hook->view_n; i++) {
        if (!hook->view[i].row)
            continue;
        push_pool(L, hook->view[i].row, nth_of_kind(hook, i));
        lua_rawseti(L, -2, VIEW_POOL + (int)i);
    }
}

struct question view_ask(lua_State *L, enum hook hook, const void *view)
{
    struct vm *vm = vm_of(L);
    if (vm->frames[hook] == LUA_NOREF) {
        push_new_frame(L, &schema_hooks[hook]);
        vm->frames[hook] = luaL_ref(L, LUA_REGISTRYINDEX);
    }
    lua_rawgeti(L, LUA_REGISTRYINDEX, vm->frames[hook]);
    int frame = lua_gettop(L);
    lua_rawgeti(L, frame, VIEW_TABLE);
    fill_view(L, frame, &schema_hooks[hook], view);
    lua_pop(L, 1);
    return (struct question){L, &schema_hooks[hook], view, frame};
}
