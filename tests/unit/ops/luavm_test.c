#include "ops/luavm.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <lauxlib.h>

static void luavm_finds_our_modules_in_the_binary_only(void **state)
{
    (void)state;
    setenv("LUA_PATH", "/tmp/?.lua", 1);
    setenv("LUA_CPATH", "/tmp/?.so", 1);
    struct luavm vm;
    assert_int_equal(luavm_open(&vm, 0), ERR_OK);
    assert_int_equal(luaL_dostring(vm.L, "assert(require 'ops.toml'.parse 'a = 1')"), 0);
    assert_int_equal(luaL_dostring(vm.L, "require 'lpeg'"), 0);
    assert_int_not_equal(luaL_dostring(vm.L, "require 'socket'"), 0);
    assert_non_null(strstr(lua_tostring(vm.L, -1), "no 'socket' in the binary"));
    assert_null(strchr(lua_tostring(vm.L, -1), '/'));
    luavm_close(&vm);
    assert_int_equal(vm.used, 0);
}

static void luavm_memory_is_capped(void **state)
{
    (void)state;
    struct luavm vm;
    assert_int_equal(luavm_open(&vm, 1 << 20), ERR_OK);
    const char *greedy = "local t = {} for i = 1, 1e9 do t[i] = {} end";
    assert_int_equal(luaL_loadstring(vm.L, greedy), 0);
    assert_int_equal(luavm_call(vm.L, 0, 0), LUA_ERRMEM);
    assert_true(vm.used <= 1 << 20);
    luavm_close(&vm);
    assert_int_equal(luavm_open(&vm, 1000), ERR_NO_MEMORY);
}

/* Otherwise the control socket runs out of memory with half of it free. */
static void garbage_does_not_reach_the_cap(void **state)
{
    (void)state;
    struct luavm vm;
    static const char busy[] =
        "local kept = {} for i = 1, 10 * 1024 do kept[i] = i .. ('x'):rep(1000) end "
        "for i = 1, 4000 do local _ = i .. ('y'):rep(65536) end";
    assert_int_equal(luavm_open(&vm, 16 << 20), ERR_OK);
    assert_int_equal(luaL_loadstring(vm.L, busy), 0);
    assert_int_equal(luavm_call(vm.L, 0, 0), 0);
    luavm_close(&vm);
}

static int fail_deeply(lua_State *L)
{
    return luaL_dostring(L, "local function deep() error 'cause' end deep()") ? lua_error(L) : 0;
}

static void luavm_call_leaves_a_message_with_traceback(void **state)
{
    (void)state;
    struct luavm vm;
    assert_int_equal(luavm_open(&vm, 0), ERR_OK);
    lua_pushliteral(vm.L, "below");
    lua_pushcfunction(vm.L, fail_deeply);
    assert_int_equal(luavm_call(vm.L, 0, 0), LUA_ERRRUN);
    assert_non_null(strstr(lua_tostring(vm.L, -1), "cause"));
    assert_non_null(strstr(lua_tostring(vm.L, -1), "stack traceback:"));
    assert_int_equal(lua_gettop(vm.L), 2);
    luavm_close(&vm);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(luavm_finds_our_modules_in_the_binary_only),
        cmocka_unit_test(luavm_memory_is_capped),
        cmocka_unit_test(garbage_does_not_reach_the_cap),
        cmocka_unit_test(luavm_call_leaves_a_message_with_traceback),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
