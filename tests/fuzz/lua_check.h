/* A check that is written in Lua, over the modules that ship in the binary: a text that returns a
 * function, which is called with each input and raises what is wrong. libFuzzer learns which lines
 * of Lua an input reached. */
#ifndef FUZZ_LUA_CHECK_H
#define FUZZ_LUA_CHECK_H

#include "ops/luavm.h"

#include <lauxlib.h>
#include <luajit.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#define LUA_CHECK_MEMORY_MAX (64u << 20)
#define LUA_CHECK_GARBAGE_EVERY 256 /* inputs, so that little of one is left for the next */

static struct luavm lua_check_vm;

#define LUA_CHECK_LINES (1u << 14)

/* A counter for each line, where libFuzzer looks for such. */
__attribute__((
    section("__libfuzzer_extra_counters"))) static uint8_t lua_check_lines[LUA_CHECK_LINES];

static void lua_check_on_line(lua_State *L, lua_Debug *at)
{
    lua_getinfo(L, "S", at);
    uint32_t hash = 0;
    for (const char *c = at->short_src; *c; c++)
        hash = hash * 31 + (uint8_t)*c;
    lua_check_lines[(hash * 1000003u + (uint32_t)at->currentline) % LUA_CHECK_LINES]++;
}

static void lua_check_require(int status)
{
    if (status == 0)
        return;
    fprintf(stderr, "%s\n", lua_tostring(lua_check_vm.L, -1));
    abort();
}

/* Leaves the function on the stack. `prepare` (NULL: none) may preload modules. */
static void lua_check_open(const char *text, void (*prepare)(lua_State *L))
{
    if (luavm_open(&lua_check_vm, LUA_CHECK_MEMORY_MAX) != ERR_OK)
        abort();
    if (prepare)
        prepare(lua_check_vm.L);
    luaJIT_setmode(lua_check_vm.L, 0, LUAJIT_MODE_ENGINE | LUAJIT_MODE_OFF);
    lua_sethook(lua_check_vm.L, lua_check_on_line, LUA_MASKLINE, 0);
    lua_check_require(luaL_loadstring(lua_check_vm.L, text));
    lua_check_require(luavm_call(lua_check_vm.L, 0, 1));
}

static void lua_check(const uint8_t *bytes, size_t n)
{
    static unsigned inputs;
    lua_State *L = lua_check_vm.L;
    lua_pushvalue(L, -1);
    lua_pushlstring(L, n > 0 ? (const char *)bytes : "", n);
    lua_check_require(luavm_call(L, 1, 0));
    if (++inputs % LUA_CHECK_GARBAGE_EVERY == 0)
        lua_gc(L, LUA_GCCOLLECT, 0);
}

#endif
