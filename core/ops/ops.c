#include "ops/ops.h"

#include "ops/evaluator.h"
#include "ops/state.h"
#include <assert.h>
#include <lauxlib.h>
#include <luv/luv.h>
#include <stdlib.h>
#include <string.h>

/* Beyond what all clients of the control socket can make it hold - 32 lines of 1 MiB, their answers
 * - because luv makes texts of what it reads outside of protected calls: to be refused memory there
 * ends the process. */
#define OPS_MEMORY_MAX (256u << 20)

static const char registry_key;

void ops_log_failure(const struct ops *ops, const char *event)
{
    const char *message = lua_tostring(ops->vm.L, -1);
    log_write(&ops->log, LOG_ERROR, event, LOG_TEXT("error", message ? message : "no message"));
}

/* ---- out of Lua ---- */

/* How luv calls back: an error is logged, and that is all. */
static int callback(lua_State *L, int arguments, int results, int flags)
{
    (void)flags;
    int below = lua_gettop(L) - arguments - 1;
    int status = luavm_call(L, arguments, results);
    if (status == 0)
        return lua_gettop(L) - below;
    lua_pushlightuserdata(L, (void *)&registry_key);
    lua_rawget(L, LUA_REGISTRYINDEX);
    const struct ops *ops = lua_touserdata(L, -1);
    lua_pop(L, 1);
    ops_log_failure(ops, "operations script failed");
    lua_pop(L, 1);
    return -status;
}

static int notify(lua_State *L)
{
    const struct watch *watch = lua_touserdata(L, lua_upvalueindex(1));
    if (!watch->ops->is_closing)
        watch->changed(watch->context, watch->path);
    return 0;
}

/* ---- into Lua ---- */

static int open_protected(lua_State *L)
{
    struct ops *ops = lua_touserdata(L, 1);
    lua_pushlightuserdata(L, (void *)&registry_key);
    lua_pushlightuserdata(L, ops);
    lua_rawset(L, LUA_REGISTRYINDEX);
    luv_set_loop(L, ops->loop);
    luv_set_callback(L, callback);
    luavm_preload(L, "luv", luaopen_luv);
    luavm_preload(L, "ops.evaluator", evaluator_open_module);
    luavm_require(L, "ops.init");
    return 0;
}

enum err ops_new(uv_loop_t *loop, const struct log *log, struct ops **ops)
{
    struct ops *fresh = calloc(1, sizeof *fresh);
    if (!fresh)
        return ERR_NO_MEMORY;
    fresh->loop = loop;
    fresh->log = *log;
    enum err err = luavm_open(&fresh->vm, OPS_MEMORY_MAX);
    if (!err && lua_cpcall(fresh->vm.L, open_protected, fresh) != 0) {
        ops_log_failure(fresh, "operations script does not load");
        err = ERR_SCRIPT;
    }
    if (err) {
        luavm_close(&fresh->vm);
        free(fresh);
        return err;
    }
    *ops = fresh;
    return ERR_OK;
}

struct call {
    const char *function;
    const struct watch *watch; /* itself, its path and callback are the arguments; NULL: none */
    bool result;
};

static int call_protected(lua_State *L)
{
    struct call *call = lua_touserdata(L, 1);
    int arguments = 0;
    luavm_require(L, "ops.init");
    lua_getfield(L, -1, call->function);
    if (call->watch) {
        lua_pushlightuserdata(L, (void *)call->watch);
        lua_pushstring(L, call->watch->path);
        lua_pushlightuserdata(L, (void *)call->watch);
        lua_pushcclosure(L, notify, 1);
        arguments = 3;
    }
    lua_call(L, arguments, 1);
    call->result = lua_toboolean(L, -1);
    return 0;
}

/* False: the function failed, which was logged. */
static bool call(const struct ops *ops, struct call *call)
{
    if (lua_cpcall(ops->vm.L, call_protected, call) == 0)
        return true;
    ops_log_failure(ops, "operations script failed");
    lua_pop(ops->vm.L, 1);
    return false;
}

enum err ops_watch(struct ops *ops, const char *path, ops_changed changed, void *context)
{
    size_t i = 0;
    while (i < OPS_WATCHES_MAX && ops->watches[i].path)
        i++;
    if (i == OPS_WATCHES_MAX)
        return ERR_FULL;
    struct watch *watch = &ops->watches[i];
    *watch = (struct watch){ops, changed, context, strdup(path)};
    if (!watch->path)
        return ERR_NO_MEMORY;
    struct call watching = {.function = "watch", .watch = watch};
    if (!call(ops, &watching))
        return ERR_SCRIPT;
    return watching.result ? ERR_OK : ERR_IO;
}

void ops_unwatch(struct ops *ops, const void *context)
{
    for (size_t i = 0; i < OPS_WATCHES_MAX; i++) {
        struct watch *watch = &ops->watches[i];
        if (!watch->path || watch->context != context)
            continue;
        call(ops, &(struct call){.function = "unwatch", .watch = watch});
        free(watch->path);
        watch->path = NULL;
    }
}

void ops_close(struct ops *ops)
{
    if (ops->is_closing)
        return;
    ops->is_closing = true;
    control_orphan(ops);
    call(ops, &(struct call){.function = "close"});
}

bool ops_is_closed(const struct ops *ops)
{
    struct call asking = {.function = "is_closed"};
    return ops->is_closing && call(ops, &asking) && asking.result;
}

void ops_free(struct ops *ops)
{
    if (!ops)
        return;
    assert(ops_is_closed(ops));
    luavm_close(&ops->vm);
    for (size_t i = 0; i < OPS_WATCHES_MAX; i++)
        free(ops->watches[i].path);
    free(ops);
}
