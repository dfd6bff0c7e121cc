#include "script/verdict.h"

#include "base/nearest.h"
#include "script/pick.h"

#include <lauxlib.h>
#include <math.h>
#include <stdio.h>

static double read_number(lua_State *L, const struct schema_field *field, int value)
{
    double number = pick_number(L, field->name, value);
    if (field->zero && number == 0)
        return 0;
    return number < field->min ? field->min : number > field->max ? field->max : number;
}

static int64_t read_integer(lua_State *L, const struct schema_field *field, int value)
{
    double number = pick_number(L, field->name, value);
    bool is_in_range = number >= field->min && number <= field->max;
    if (floor(number) != number || !(is_in_range || (field->zero && number == 0)))
        luaL_error(L, "%s: whole number from %f to %f expected, got %f", field->name, field->min,
            field->max, number);
    return (int64_t)number;
}

static void read_field(
    const struct question *question, const struct schema_field *field, int value, void *verdict)
{
    lua_State *L = question->L;
    void *at = (char *)verdict + field->offset;
    switch (field->type) {
    case SCHEMA_INTEGER:
        *(int64_t *)at = read_integer(L, field, value);
        break;
    case SCHEMA_NUMBER:
        *(double *)at = read_number(L, field, value);
        break;
    case SCHEMA_BOOLEAN:
        *(bool *)at = pick_boolean(L, field->name, value);
        break;
    case SCHEMA_TEXT:
        snprintf(
            at, (size_t)field->max + 1, "%s", pick_text(L, field->name, value, (size_t)field->max));
        break;
    case SCHEMA_ENUM:
        *(unsigned *)at = pick_enum(L, field, value);
        break;
    case SCHEMA_INDEX:
        *(int64_t *)at = pick_index(question, field->over, value);
        break;
    case SCHEMA_INDEXES:
    case SCHEMA_PICKS:
        pick_list(question, field, value, verdict);
        break;
    default: /* only views have rows */
        break;
    }
}

static void set_defaults(const struct schema_verdict *schema, void *verdict)
{
    memset(verdict, 0, schema->size);
    for (unsigned a = 0; a < schema->alternatives_n; a++) {
        for (unsigned i = 0; i < schema->alternatives[a].fields_n; i++) {
            const struct schema_field *field = &schema->alternatives[a].fields[i];
            void *at = (char *)verdict + field->offset;
            if (field->type == SCHEMA_NUMBER)
                *(double *)at = field->number;
            else if (field->type == SCHEMA_INTEGER)
                *(int64_t *)at = (int64_t)field->number;
            else if (field->type == SCHEMA_BOOLEAN)
                *(bool *)at = field->number != 0;
            else if (field->type == SCHEMA_ENUM)
                *(unsigned *)at = (unsigned)field->number;
            else if (field->type == SCHEMA_INDEX)
                *(int64_t *)at = -1;
        }
    }
}

static bool has_field(lua_State *L, int table, const char *name)
{
    lua_pushstring(L, name);
    lua_rawget(L, table);
    bool has = !lua_isnil(L, -1);
    lua_pop(L, 1);
    return has;
}

static bool is_field(const struct schema_alternative *alternative, const char *key)
{
    for (unsigned i = 0; i < alternative->fields_n; i++)
        if (strcmp(key, alternative->fields[i].name) == 0)
            return true;
    return false;
}

/* The alternative that the table at value names: by its first field, or else by another. */
static const struct schema_alternative *named(
    lua_State *L, const struct schema_verdict *schema, int value)
{
    for (unsigned i = 0; i < schema->alternatives_n; i++)
        if (has_field(L, value, schema->alternatives[i].fields[0].name))
            return &schema->alternatives[i];
    for (unsigned i = 0; i < schema->alternatives_n; i++)
        for (unsigned f = 1; f < schema->alternatives[i].fields_n; f++)
            if (has_field(L, value, schema->alternatives[i].fields[f].name))
                return &schema->alternatives[i];
    return NULL;
}

/* The field of the verdict that a mistyped name was meant to be, or NULL. */
static const char *nearest_field(const struct schema_verdict *schema, const char *name)
{
    struct nearest nearest = nearest_to(name);
    for (unsigned i = 0; i < schema->alternatives_n; i++)
        for (unsigned f = 0; f < schema->alternatives[i].fields_n; f++)
            nearest_try(&nearest, schema->alternatives[i].fields[f].name);
    return nearest.found;
}

/* The first field of the table at value but its reason, or NULL; owned by Lua. */
static const char *first_name(lua_State *L, int value)
{
    for (lua_pushnil(L); lua_next(L, value); lua_pop(L, 1)) {
        const char *name = lua_type(L, -2) == LUA_TSTRING ? lua_tostring(L, -2) : NULL;
        if (name && strcmp(name, "reason") != 0) {
            lua_pop(L, 2);
            return name;
        }
    }
    return NULL;
}

/* Pushes what the value is, in words. */
static void push_description(lua_State *L, const struct schema_verdict *schema, int value)
{
    if (lua_getmetatable(L, value)) {
        lua_pop(L, 1);
        lua_pushstring(L,
            lua_istable(L, value) ? "an object or a row of another list" : luaL_typename(L, value));
        return;
    }
    const char *name = lua_istable(L, value) ? first_name(L, value) : NULL;
    const char *meant = name ? nearest_field(schema, name) : NULL;
    if (meant)
        lua_pushfstring(L, "'%s'; did you mean %s?", name, meant);
    else if (name)
        lua_pushfstring(L, "'%s'", name);
    else
        lua_pushstring(L, luaL_typename(L, value));
}

static bool fits_bare(const struct question *question, const struct schema_field *field, int value)
{
    lua_State *L = question->L;
    int type = lua_type(L, value);
    switch (field->type) {
    case SCHEMA_INDEXES:
    case SCHEMA_PICKS:
        return type == LUA_TTABLE && (lua_objlen(L, value) > 0 || !first_name(L, value));
    case SCHEMA_INDEX:
        return type == LUA_TNUMBER ||
            (type == LUA_TTABLE && pick_is_row(question, field->over, value));
    case SCHEMA_BOOLEAN:
        return type == LUA_TBOOLEAN;
    case SCHEMA_TEXT:
    case SCHEMA_ENUM:
        return type == LUA_TSTRING;
    default:
        return type == LUA_TNUMBER;
    }
}

/* Pushes how an alternative is written in a policy. */
static void push_form(lua_State *L, const struct schema_alternative *alternative)
{
    const struct schema_field *field = &alternative->fields[0];
    if (!alternative->bare)
        lua_pushfstring(L, "{ %s = ... }", field->name);
    else if (field->type == SCHEMA_PICKS)
        lua_pushstring(L, "a list of picks");
    else if (field->type == SCHEMA_INDEXES)
        lua_pushfstring(L, "a list of rows of view.%s", field->over->name);
    else if (field->type == SCHEMA_INDEX)
        lua_pushfstring(L, "a row of view.%s", field->over->name);
    else if (field->type == SCHEMA_BOOLEAN)
        lua_pushstring(L, "true or false");
    else
        lua_pushfstring(L, "a %s",
            field->type == SCHEMA_TEXT || field->type == SCHEMA_ENUM ? "text" : "number");
}

static void refuse(lua_State *L, const struct schema_verdict *schema, int value)
{
    lua_pushstring(L, "");
    for (unsigned i = 0; i < schema->alternatives_n; i++) {
        if (i > 0)
            lua_pushstring(L, " or ");
        push_form(L, &schema->alternatives[i]);
        lua_concat(L, i > 0 ? 3 : 2);
    }
    const char *expected = lua_tostring(L, -1);
    push_description(L, schema, value);
    luaL_error(L, "%s expected, got %s", expected, lua_tostring(L, -1));
}

static const struct schema_alternative *choose(
    const struct question *question, int value, bool *bare)
{
    lua_State *L = question->L;
    const struct schema_verdict *schema = &question->hook->verdict;
    bool is_table = lua_istable(L, value);
    if (question->hook->is_told)
        luaL_error(L, "nothing is asked here: no answer expected, got %s", luaL_typename(L, value));
    const struct schema_alternative *found = is_table ? named(L, schema, value) : NULL;
    *bare = false;
    for (unsigned i = 0; i < schema->alternatives_n && !found; i++) {
        const struct schema_alternative *each = &schema->alternatives[i];
        *bare = each->bare && fits_bare(question, &each->fields[0], value);
        if (*bare || (is_table && schema->alternatives_n == 1 && !each->bare))
            found = each;
    }
    if (!found)
        refuse(L, schema, value);
    return found;
}

static void refuse_field(
    lua_State *L, const struct schema_alternative *alternative, const char *key)
{
    const struct schema_verdict only = {.alternatives = alternative, .alternatives_n = 1};
    const char *meant = nearest_field(&only, key);
    luaL_error(L, "a verdict with %s has no field '%s'%s%s%s", alternative->fields[0].name, key,
        meant ? "; did you mean " : "", meant ? meant : "", meant ? "?" : "");
}

static void refuse_unknown(lua_State *L, const struct schema_alternative *alternative, int value)
{
    for (lua_pushnil(L); lua_next(L, value); lua_pop(L, 1)) {
        const char *key = lua_type(L, -2) == LUA_TSTRING ? lua_tostring(L, -2) : "[1]";
        if (strcmp(key, "reason") != 0 && !is_field(alternative, key))
            refuse_field(L, alternative, key);
    }
}

static void read_named(const struct question *question,
    const struct schema_alternative *alternative, int value, void *verdict)
{
    lua_State *L = question->L;
    refuse_unknown(L, alternative, value);
    for (unsigned i = 0; i < alternative->fields_n; i++) {
        const struct schema_field *field = &alternative->fields[i];
        lua_pushstring(L, field->name);
        lua_rawget(L, value);
        if (!lua_isnil(L, -1))
            read_field(question, field, -1, verdict);
        else if (field->required)
            luaL_error(L, "%s is missing", field->name);
        lua_pop(L, 1);
    }
}

/* Where `remove = true` chooses among alternatives, `remove = false` says nothing. */
static void refuse_false_choice(lua_State *L, const struct schema_field *field, const void *verdict)
{
    if (field->type == SCHEMA_BOOLEAN && !*(const bool *)((const char *)verdict + field->offset))
        luaL_error(L, "%s: only true is an answer", field->name);
}

static void read_reason(lua_State *L, int value, char *reason)
{
    lua_pushstring(L, "reason");
    lua_rawget(L, value);
    if (!lua_isnil(L, -1)) {
        const char *text = pick_text(L, "reason", -1, VM_BLOCK_MAX);
        size_t n = strnlen(text, POLICY_REASON_MAX);
        memcpy(reason, text, n);
        reason[n] = 0;
    }
    lua_pop(L, 1);
}

bool verdict_is_named(lua_State *L, const struct schema_verdict *schema, int value)
{
    return lua_istable(L, value) && named(L, schema, value) != NULL;
}

bool verdict_read(const struct question *question, int value, void *verdict)
{
    lua_State *L = question->L;
    const struct schema_verdict *schema = &question->hook->verdict;
    if (lua_isnil(L, value))
        return false;
    set_defaults(schema, verdict);
    if (schema->offset_false != SCHEMA_NOWHERE && lua_isboolean(L, value) &&
        !lua_toboolean(L, value)) {
        *(bool *)((char *)verdict + schema->offset_false) = true;
        return true;
    }
    bool bare;
    const struct schema_alternative *alternative = choose(question, value, &bare);
    if (schema->offset_act != SCHEMA_NOWHERE)
        *(unsigned *)((char *)verdict + schema->offset_act) =
            (unsigned)(alternative - schema->alternatives);
    if (bare)
        read_field(question, &alternative->fields[0], value, verdict);
    else
        read_named(question, alternative, value, verdict);
    if (schema->alternatives_n > 1)
        refuse_false_choice(L, &alternative->fields[0], verdict);
    if (lua_istable(L, value))
        read_reason(L, value, (char *)verdict + schema->offset_reason);
    return true;
}

size_t verdict_size_max(void)
{
    size_t max = 0;
    for (int i = 0; i < HOOK_COUNT; i++)
        max = schema_hooks[i].verdict.size > max ? schema_hooks[i].verdict.size : max;
    return max;
}
