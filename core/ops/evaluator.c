#include "ops/evaluator.h"

#include "script/vm.h"
#include "uv/machine.h"
#include <lauxlib.h>
#include <stdlib.h>
#include <string.h>

static const char TYPE[] = "luapex.evaluator";

struct evaluator {
    struct vm *vm; /* NULL: closed */
    struct script_settings settings;
    lua_State *ops; /* while it runs: who asked */
    int caller;     /* there: call_protected, pushed early, so that calling takes no memory */
    int call;       /* registry of the operations VM */
    bool is_running, is_closing;
};

/* ---- values from one VM to another ---- */

/* Pushes the value at the top of `from`, which is no table; false: it has no copy. */
static bool copy_scalar(lua_State *from, lua_State *to)
{
    size_t n;
    const char *text;
    switch (lua_type(from, -1)) {
    case LUA_TBOOLEAN:
        lua_pushboolean(to, lua_toboolean(from, -1));
        return true;
    case LUA_TNUMBER:
        lua_pushnumber(to, lua_tonumber(from, -1));
        return true;
    case LUA_TSTRING:
        text = lua_tolstring(from, -1, &n);
        lua_pushlstring(to, text, n);
        return true;
    default:
        return false;
    }
}

/* Pushes the key below the top of `from`. */
static bool copy_key(lua_State *from, lua_State *to)
{
    lua_pushvalue(from, -2);
    bool is_copied = copy_scalar(from, to);
    lua_pop(from, 1);
    return is_copied;
}

/* Pushes a copy of the table at the top of `from`; what is no plain data is left out. False: nested
 * too deeply, and both stacks are to be cut by the caller. */
static bool copy_table(lua_State *from, lua_State *to)
{
    if (!lua_checkstack(from, 3 * EVALUATOR_DEPTH_MAX) ||
        !lua_checkstack(to, 3 * EVALUATOR_DEPTH_MAX))
        return false;
    lua_newtable(to);
    lua_pushnil(from);
    for (int depth = 1; depth > 0;) {
        if (lua_next(from, -2) == 0) { /* this table is done: into the one around it */
            if (--depth > 0) {
                lua_pop(from, 1);
                lua_rawset(to, -3);
            }
        } else if (!copy_key(from, to)) {
            lua_pop(from, 1);
        } else if (lua_istable(from, -1)) {
            if (++depth > EVALUATOR_DEPTH_MAX)
                return false;
            lua_newtable(to);
            lua_pushnil(from);
        } else {
            if (copy_scalar(from, to))
                lua_rawset(to, -3);
            else
                lua_pop(to, 1);
            lua_pop(from, 1);
        }
    }
    return true;
}

/* ---- methods, called from a line ---- */

struct calling {
    struct evaluator *evaluator;
    lua_State *L; /* of the line: name, arguments */
};

/* In the operations VM: calls, and leaves the result or nil and why not. */
static int call_protected(lua_State *ops)
{
    const struct calling *calling = lua_touserdata(ops, 1);
    lua_rawgeti(ops, LUA_REGISTRYINDEX, calling->evaluator->call);
    lua_pushstring(ops, lua_tostring(calling->L, 1));
    lua_settop(calling->L, 2);
    if (!copy_table(calling->L, ops))
        return luaL_error(ops, "arguments are nested too deeply");
    lua_call(ops, 2, 2);
    return 2;
}

/* call(name, arguments): the result of a method; raises why not. */
static int call_method(lua_State *L)
{
    struct evaluator *evaluator = lua_touserdata(L, lua_upvalueindex(1));
    lua_State *ops = evaluator->ops;
    int top = lua_gettop(ops);
    luaL_checktype(L, 1, LUA_TSTRING);
    luaL_checktype(L, 2, LUA_TTABLE);
    struct fuse *fuse = &evaluator->vm->fuse;
    if (fuse_is_blown(fuse))
        return luaL_error(L, "limit of fuse reached");
    fuse_count(fuse);
    struct calling calling = {evaluator, L};
    lua_pushvalue(ops, evaluator->caller);
    lua_pushlightuserdata(ops, &calling);
    int status = lua_pcall(ops, 1, 2, 0);
    if (status == 0 && lua_istable(ops, -2)) {
        lua_pop(ops, 1);
        bool is_copied = copy_table(ops, L);
        lua_settop(ops, top);
        return is_copied ? 1 : luaL_error(L, "the result is nested too deeply");
    }
    const char *why = lua_tostring(ops, -1);
    lua_settop(L, 0);
    lua_pushstring(L, why ? why : "the method failed");
    lua_settop(ops, top);
    return lua_error(L);
}

/* ---- a VM's life ---- */

struct setup {
    struct evaluator *evaluator;
    lua_State *ops; /* the methods are at its index 1 */
};

/* lua/ops/prompt.lua returned a function of the methods and of what calls them; what that returns
 * takes its place. */
static void set_up(lua_State *L, void *context)
{
    const struct setup *setup = context;
    struct vm *vm = vm_of(L);
    lua_rawgeti(L, LUA_REGISTRYINDEX, vm->runtime);
    lua_pushvalue(setup->ops, 1);
    if (!copy_table(setup->ops, L))
        luaL_error(L, "methods are nested too deeply");
    lua_pushlightuserdata(L, setup->evaluator);
    lua_pushcclosure(L, call_method, 1);
    lua_call(L, 2, 1);
    lua_rawseti(L, LUA_REGISTRYINDEX, vm->runtime);
}

static void shut(lua_State *ops, struct evaluator *evaluator)
{
    evaluator->is_closing = true;
    if (evaluator->is_running || !evaluator->vm)
        return;
    vm_free(evaluator->vm);
    evaluator->vm = NULL;
    luaL_unref(ops, LUA_REGISTRYINDEX, evaluator->call);
}

static int module_new(lua_State *ops)
{
    luaL_checktype(ops, 1, LUA_TTABLE);
    luaL_checktype(ops, 2, LUA_TFUNCTION);
    struct evaluator *evaluator = lua_newuserdata(ops, sizeof *evaluator);
    *evaluator = (struct evaluator){.settings = script_settings_default(), .call = LUA_NOREF};
    luaL_getmetatable(ops, TYPE);
    lua_setmetatable(ops, -2);
    evaluator->settings.memory_max = EVALUATOR_MEMORY_MAX;
    evaluator->settings.clock_ns = machine_clock_ns;
    evaluator->settings.cpu_ns = machine_cpu_ns;
    struct script_error error = {.message = "out of memory"};
    enum err err = vm_new_with(&evaluator->settings, "lua/ops/prompt.lua", &evaluator->vm, &error);
    struct vm_limits limits = {
        .instructions = 10 * evaluator->settings.instructions_max, .time_ns = FUSE_NONE};
    struct setup setup = {evaluator, ops};
    int top = lua_gettop(ops);
    if (!err && vm_run(evaluator->vm, set_up, &setup, &limits) != SCRIPT_OK) {
        error = evaluator->vm->error;
        lua_settop(ops, top);
        shut(ops, evaluator);
    }
    if (!evaluator->vm) {
        lua_pushnil(ops);
        lua_pushstring(ops, error.message);
        return 2;
    }
    lua_settop(ops, top);
    lua_pushvalue(ops, 2);
    evaluator->call = luaL_ref(ops, LUA_REGISTRYINDEX);
    return 1;
}

static struct evaluator *check(lua_State *ops)
{
    return luaL_checkudata(ops, 1, TYPE);
}

static int method_close(lua_State *ops)
{
    shut(ops, check(ops));
    return 0;
}

/* ---- a line ---- */

struct line {
    const char *text;
    size_t n;
    char *output; /* heap */
    size_t output_n;
    bool is_whole;
};

static void run_line(lua_State *L, void *context)
{
    struct line *line = context;
    lua_rawgeti(L, LUA_REGISTRYINDEX, vm_of(L)->runtime);
    lua_getfield(L, -1, "run");
    lua_pushlstring(L, line->text, line->n);
    lua_call(L, 1, 1);
    line->is_whole = lua_toboolean(L, -1);
}

static void take_output(lua_State *L, void *context)
{
    struct line *line = context;
    lua_rawgeti(L, LUA_REGISTRYINDEX, vm_of(L)->runtime);
    lua_getfield(L, -1, "take_output");
    lua_call(L, 0, 1);
    const char *text = lua_tolstring(L, -1, &line->output_n);
    line->output = text ? malloc(line->output_n + 1) : NULL;
    if (line->output)
        memcpy(line->output, text, line->output_n);
}

static int push_outcome(lua_State *ops)
{
    struct line *line = lua_touserdata(ops, 1);
    lua_pushlstring(ops, line->output ? line->output : "", line->output ? line->output_n : 0);
    return 1;
}

static int method_run(lua_State *ops)
{
    struct evaluator *evaluator = check(ops);
    struct line line = {.is_whole = false};
    line.text = luaL_checklstring(ops, 2, &line.n);
    if (!evaluator->vm || evaluator->is_running)
        return luaL_error(ops, "this evaluator is closed or busy");
    struct vm_limits limits = vm_call_limits(evaluator->vm);
    luaL_checkstack(ops, 4 * EVALUATOR_DEPTH_MAX, "too many values");
    lua_pushcfunction(ops, call_protected);
    int top = lua_gettop(ops);
    evaluator->ops = ops;
    evaluator->caller = top;
    evaluator->is_running = true;
    enum script_outcome outcome = vm_run(evaluator->vm, run_line, &line, &limits);
    struct script_error error = evaluator->vm->error;
    lua_settop(ops, top);
    limits.time_ns = FUSE_NONE; /* a few instructions of ours */
    vm_run(evaluator->vm, take_output, &line, &limits);
    evaluator->is_running = false;
    if (evaluator->is_closing)
        shut(ops, evaluator);
    lua_pushstring(ops, outcome != SCRIPT_OK ? "failed" : line.is_whole ? "done" : "more");
    lua_pushcfunction(ops, push_outcome);
    lua_pushlightuserdata(ops, &line);
    int status = lua_pcall(ops, 1, 1, 0);
    free(line.output);
    if (status != 0)
        return lua_error(ops);
    if (outcome == SCRIPT_OK)
        return 2;
    lua_pushstring(ops, error.message);
    return 3;
}

int evaluator_open_module(lua_State *L)
{
    static const luaL_Reg methods[] = {
        {"run", method_run}, {"close", method_close}, {"__gc", method_close}, {NULL, NULL}};
    luaL_newmetatable(L, TYPE);
    luaL_register(L, NULL, methods);
    lua_pushvalue(L, -1);
    lua_setfield(L, -2, "__index");
    lua_newtable(L);
    lua_pushcfunction(L, module_new);
    lua_setfield(L, -2, "new");
    return 1;
}
