#include "ops/luavm.h"

#include "base/embedded.h"
#include <lauxlib.h>
#include <luajit.h>
#include <lualib.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

int luaopen_lpeg(lua_State *L);
int luaopen_cjson(lua_State *L);

static void *allocate(void *context, void *block, size_t old_size, size_t new_size)
{
    struct luavm *vm = context;
    size_t others = vm->used - (block ? old_size : 0);
    if (new_size == 0) {
        free(block);
        vm->used = others;
        return NULL;
    }
    if (vm->memory_max > 0 && new_size > old_size && new_size > vm->memory_max - others)
        return NULL;
    void *grown = realloc(block, new_size);
    if (grown)
        vm->used = others + new_size;
    return grown;
}

/* "ops.toml" -> "lua/ops/toml.lua" */
static const struct embedded_file *module_file(const char *module)
{
    char path[128];
    int n = snprintf(path, sizeof path, "lua/%s.lua", module);
    if (n < 0 || (size_t)n >= sizeof path)
        return NULL;
    char *suffix = path + n - 4;
    for (char *at = path; at < suffix; at++)
        if (*at == '.')
            *at = '/';
    return embedded_find(path);
}

static int load_embedded(lua_State *L)
{
    const char *module = luaL_checkstring(L, 1);
    const struct embedded_file *file = module_file(module);
    if (!file) {
        lua_pushfstring(L, "\n\tno '%s' in the binary", module);
        return 1;
    }
    lua_pushfstring(L, "@%s", file->name);
    if (luaL_loadbuffer(L, file->text, file->size, lua_tostring(L, -1)) != 0)
        return lua_error(L);
    return 1;
}

void luavm_preload(lua_State *L, const char *module, lua_CFunction open)
{
    lua_getglobal(L, "package");
    lua_getfield(L, -1, "preload");
    lua_pushcfunction(L, open);
    lua_setfield(L, -2, module);
    lua_pop(L, 2);
}

/* require asks package.preload, then the binary; the loaders that look on disk go. */
static void set_loaders(lua_State *L)
{
    lua_getglobal(L, "package");
    lua_getfield(L, -1, "loaders");
    lua_pushcfunction(L, load_embedded);
    lua_rawseti(L, -2, 2);
    for (int i = (int)lua_objlen(L, -1); i > 2; i--) {
        lua_pushnil(L);
        lua_rawseti(L, -2, i);
    }
    lua_pop(L, 2);
}

static int open_libraries(lua_State *L)
{
    lua_pushboolean(L, 1);
    lua_setfield(L, LUA_REGISTRYINDEX, "LUA_NOENV");
    luaL_openlibs(L);
    luavm_preload(L, "lpeg", luaopen_lpeg);
    luavm_preload(L, "cjson", luaopen_cjson);
    set_loaders(L);
    return 0;
}

enum err luavm_open(struct luavm *vm, size_t memory_max)
{
    *vm = (struct luavm){.memory_max = memory_max};
    vm->L = lua_newstate(allocate, vm);
    if (!vm->L)
        return ERR_NO_MEMORY;
    if (lua_cpcall(vm->L, open_libraries, NULL) != 0) {
        luavm_close(vm);
        return ERR_NO_MEMORY;
    }
    luaJIT_setmode(vm->L, 0, LUAJIT_MODE_ENGINE | LUAJIT_MODE_OFF);
    /* LuaJIT collects by growth, not by need: with its own numbers garbage alone would reach the
     * cap as soon as half of it is in use. */
    lua_gc(vm->L, LUA_GCSETPAUSE, 120);
    lua_gc(vm->L, LUA_GCSETSTEPMUL, 400);
    return ERR_OK;
}

void luavm_close(struct luavm *vm)
{
    if (vm->L)
        lua_close(vm->L);
    vm->L = NULL;
}

void luavm_require(lua_State *L, const char *module)
{
    lua_getglobal(L, "require");
    lua_pushstring(L, module);
    lua_call(L, 1, 1);
}

static int add_traceback(lua_State *L)
{
    if (lua_isstring(L, 1))
        luaL_traceback(L, L, lua_tostring(L, 1), 1);
    return 1;
}

int luavm_call(lua_State *L, int arguments, int results)
{
    int at = lua_gettop(L) - arguments;
    lua_pushcfunction(L, add_traceback);
    lua_insert(L, at);
    int status = lua_pcall(L, arguments, results, at);
    lua_remove(L, at);
    return status;
}
