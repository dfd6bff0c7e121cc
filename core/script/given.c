#include "script/given.h"

#include "base/nearest.h"
#include "script/pick.h"

#include <lauxlib.h>
#include <math.h>

struct reader {
    lua_State *L;
    int kept;
};

static void keep(struct reader *reader)
{
    lua_rawseti(reader->L, reader->kept, (int)lua_objlen(reader->L, reader->kept) + 1);
}

static void *take_memory(struct reader *reader, size_t size)
{
    void *memory = lua_newuserdata(reader->L, size > 0 ? size : 1);
    keep(reader);
    return memory;
}

static const char *take_text(struct reader *reader, const char *name, int value)
{
    const char *text = pick_text(reader->L, name, value, VM_BLOCK_MAX);
    lua_pushvalue(reader->L, value);
    keep(reader);
    return text;
}

static int64_t take_integer(struct reader *reader, const struct schema_field *field, int value)
{
    double number = pick_number(reader->L, field->name, value);
    if (floor(number) != number || fabs(number) > 0x1p53)
        luaL_error(reader->L, "%s: whole number expected", field->name);
    return (int64_t)number;
}

static void take_rows(
    struct reader *reader, const struct schema_field *field, int value, char *record);

/* value is a positive stack index. */
static void take_scalar(
    struct reader *reader, const struct schema_field *field, int value, char *record)
{
    void *at = record + field->offset;
    switch (field->type) {
    case SCHEMA_INTEGER:
        *(int64_t *)at = take_integer(reader, field, value);
        break;
    case SCHEMA_NUMBER:
        *(double *)at = pick_number(reader->L, field->name, value);
        break;
    case SCHEMA_BOOLEAN:
        *(bool *)at = pick_boolean(reader->L, field->name, value);
        break;
    case SCHEMA_TEXT:
        *(const char **)at = take_text(reader, field->name, value);
        break;
    case SCHEMA_ENUM:
        *(unsigned *)at = pick_enum(reader->L, field, value);
        break;
    default:
        take_rows(reader, field, value, record);
        break;
    }
}

static const struct schema_field *find(
    const struct schema_field *fields, unsigned n, const char *parent, const char *name)
{
    for (unsigned i = 0; i < n; i++) {
        bool same_parent =
            parent ? fields[i].parent && strcmp(fields[i].parent, parent) == 0 : !fields[i].parent;
        if (same_parent && strcmp(fields[i].name, name) == 0)
            return &fields[i];
    }
    return NULL;
}

static void refuse_field(lua_State *L, const struct schema_field *fields, unsigned n,
    const char *parent, const char *name)
{
    struct nearest nearest = nearest_to(name);
    for (unsigned i = 0; i < n; i++) {
        bool is_beside = !parent == !fields[i].parent;
        nearest_try(&nearest,
            is_beside              ? fields[i].name
                : fields[i].parent ? fields[i].parent
                                   : "");
    }
    if (nearest.found)
        luaL_error(L, "given: there is no field '%s'; did you mean %s?", name, nearest.found);
    luaL_error(L, "given: there is no field '%s'", name);
}

/* The entries of the table at stack index `table` that are fields of `parent` (NULL: of none). */
static void take_fields(struct reader *reader, const struct schema_field *fields, unsigned n,
    const char *parent, int table, char *record)
{
    lua_State *L = reader->L;
    luaL_checkstack(L, 8, "given");
    if (!lua_istable(L, table))
        luaL_error(L, "given: table expected, got %s", luaL_typename(L, table));
    for (lua_pushnil(L); lua_next(L, table); lua_pop(L, 1)) {
        const char *name = lua_type(L, -2) == LUA_TSTRING ? lua_tostring(L, -2) : "[1]";
        const struct schema_field *field = find(fields, n, parent, name);
        bool is_parent = false;
        for (unsigned i = 0; i < n && !parent; i++)
            is_parent = is_parent || (fields[i].parent && strcmp(fields[i].parent, name) == 0);
        if (field)
            take_scalar(reader, field, lua_gettop(L), record);
        else if (is_parent)
            take_fields(reader, fields, n, name, lua_gettop(L), record);
        else
            refuse_field(L, fields, n, parent, name);
    }
}

static char *take_default_rows(
    struct reader *reader, const struct schema_field *field, size_t n, char *record)
{
    const struct schema_row *row = field->row;
    char *rows = take_memory(reader, n * row->size);
    for (size_t i = 0; i < n; i++)
        schema_row_defaults(row, rows + i * row->size);
    *(char **)(record + field->offset) = rows;
    *(size_t *)(record + field->offset_n) = n;
    return rows;
}

static void take_rows(
    struct reader *reader, const struct schema_field *field, int value, char *record)
{
    lua_State *L = reader->L;
    const struct schema_row *row = field->row;
    if (field->type == SCHEMA_ROW) {
        take_fields(reader, row->fields, row->fields_n, NULL, value, record + field->offset);
        return;
    }
    if (!lua_istable(L, value))
        luaL_error(L, "%s: a list of rows expected, got %s", field->name, luaL_typename(L, value));
    size_t n = lua_objlen(L, value), entries = 0;
    for (lua_pushnil(L); lua_next(L, value); lua_pop(L, 1))
        entries++;
    if (entries != n)
        luaL_error(L, "%s: a list of rows expected", field->name);
    char *rows = take_default_rows(reader, field, n, record);
    for (size_t i = 0; i < n; i++) {
        lua_rawgeti(L, value, (int)i + 1);
        take_fields(reader, row->fields, row->fields_n, NULL, lua_gettop(L), rows + i * row->size);
        lua_pop(L, 1);
    }
}

static void *take_default_view(struct reader *reader, const struct schema_hook *hook)
{
    void *view = take_memory(reader, hook->view_size);
    schema_view_defaults(hook, view);
    return view;
}

void *given_read(lua_State *L, const struct schema_hook *hook, int given, int kept)
{
    struct reader reader = {L, kept};
    void *view = take_default_view(&reader, hook);
    take_fields(&reader, hook->view, hook->view_n, NULL, given, view);
    return view;
}

void *given_defaults(lua_State *L, const struct schema_hook *hook, int kept)
{
    struct reader reader = {L, kept};
    void *view = take_default_view(&reader, hook);
    for (unsigned i = 0; i < hook->view_n; i++)
        if (hook->view[i].type == SCHEMA_ROWS)
            take_default_rows(&reader, &hook->view[i], 1, view);
    return view;
}
