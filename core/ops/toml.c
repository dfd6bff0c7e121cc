#include "ops/toml.h"

#include "ops/luavm.h"
#include <lauxlib.h>
#include <stdio.h>
#include <string.h>

struct reading {
    struct span text;
    void (*value)(void *context, const struct toml_value *value);
    void *context;
    struct toml_problem *problem;
    bool is_refused;
};

static const char *const kind_names[] = {
    "text", "integer", "float", "boolean", "time", "list", "other", NULL};

static int visit(lua_State *L)
{
    struct reading *reading = lua_touserdata(L, lua_upvalueindex(1));
    struct toml_value value = {
        .section = luaL_checkstring(L, 1),
        .key = luaL_checkstring(L, 2),
        .line = (unsigned)luaL_checkinteger(L, 3),
        .kind = (enum toml_kind)luaL_checkoption(L, 4, NULL, kind_names),
    };
    size_t n;
    const char *text = luaL_checklstring(L, 5, &n);
    value.text = span_of(text, n);
    reading->value(reading->context, &value);
    return 0;
}

static void set_problem(struct toml_problem *problem, unsigned line, const char *cause)
{
    problem->line = line;
    snprintf(problem->cause, sizeof problem->cause, "%s", cause ? cause : "no message");
}

static int read_protected(lua_State *L)
{
    struct reading *reading = lua_touserdata(L, 1);
    luavm_require(L, "ops.toml");
    lua_getfield(L, 2, "parse");
    lua_pushlstring(L, (const char *)reading->text.at, reading->text.n);
    lua_call(L, 1, 3);
    if (lua_isnil(L, 3)) {
        set_problem(reading->problem, (unsigned)lua_tointeger(L, 4), luaL_checkstring(L, 5));
        reading->is_refused = true;
        return 0;
    }
    lua_getfield(L, 2, "each");
    lua_pushvalue(L, 3);
    lua_pushlightuserdata(L, reading);
    lua_pushcclosure(L, visit, 1);
    lua_call(L, 2, 0);
    return 0;
}

/* Lua code that catches errors passes a lack of memory on as a text. */
static enum err failure(lua_State *L, int status)
{
    const char *message = L ? lua_tostring(L, -1) : NULL;
    bool is_memory = status == LUA_ERRMEM || (message && strstr(message, "not enough memory"));
    return is_memory ? ERR_NO_MEMORY : ERR_SCRIPT;
}

enum err toml_read(struct span text, void (*value)(void *context, const struct toml_value *value),
    void *context, struct toml_problem *problem)
{
    if (text.n > TOML_SIZE_MAX) {
        set_problem(problem, 0, "the file is longer than 4 MiB");
        return ERR_TOO_LONG;
    }
    struct luavm vm;
    struct reading reading = {text, value, context, problem, false};
    enum err err = luavm_open(&vm, TOML_MEMORY_MAX);
    int status = err ? LUA_ERRMEM : lua_cpcall(vm.L, read_protected, &reading);
    if (status != 0) {
        err = failure(err ? NULL : vm.L, status);
        set_problem(problem, 0,
            err == ERR_NO_MEMORY ? "reading it takes too much memory" : lua_tostring(vm.L, -1));
    } else if (reading.is_refused) {
        err = ERR_INVALID;
    }
    luavm_close(&vm);
    return err;
}
