/* The Lua of the prompt, from the operations VM's side. */
#include "ops/evaluator.h"

#include "ops/luavm.h"
#include <lauxlib.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>

#include <cmocka.h>

#define OPS_MEMORY (16u << 20)

static struct luavm ops;

/* What each check has: methods echo (gives back its arguments), fails, act (calls what the check
 * wants), and `run`, which runs a line of a VM of these. */
static const char prelude[] =
    "evaluator = require 'ops.evaluator'\n"
    "act = function() end\n"
    "called = 0\n"
    "local methods = { { name = 'echo', places = { 'a' } }, { name = 'fails', places = {} },\n"
    "  { name = 'act', places = {} }, { name = 'group.one', places = {} } }\n"
    "function new()\n"
    "  return assert(evaluator.new(methods, function(name, given)\n"
    "    called = called + 1\n"
    "    if name == 'fails' then\n"
    "      return nil, given.why\n"
    "    elseif name == 'act' then\n"
    "      return act(given)\n"
    "    end\n"
    "    return { name = name, given = given }\n"
    "  end))\n"
    "end\n"
    "vm = new()\n"
    "function done(text, expected)\n"
    "  local outcome, output, why = vm:run(text)\n"
    "  assert(outcome == 'done' and output == expected, outcome .. ': ' .. (why or output))\n"
    "end\n"
    "function failed(text, expected)\n"
    "  local outcome, _, why = vm:run(text)\n"
    "  assert(outcome == 'failed' and why:find(expected, 1, true), outcome .. ': ' .. "
    "tostring(why))\n"
    "end\n";

static void run(const char *text)
{
    lua_State *L = ops.L;
    int top = lua_gettop(L);
    if (luaL_loadstring(L, text) != 0 || luavm_call(L, 0, 0) != 0)
        fail_msg("%s", lua_tostring(L, -1));
    assert_int_equal(lua_gettop(L), top);
}

static int open_vm(void **state)
{
    (void)state;
    assert_int_equal(luavm_open(&ops, OPS_MEMORY), ERR_OK);
    luavm_preload(ops.L, "ops.evaluator", evaluator_open_module);
    run(prelude);
    return 0;
}

/* Evaluators that nobody closed are freed with it. */
static int close_vm(void **state)
{
    (void)state;
    luavm_close(&ops);
    return 0;
}

static void evaluator_tells_how_a_line_ended(void **state)
{
    (void)state;
    run("done('1 + 1', '2\\n') done('x = 5', '') done('x', '5\\n')\n"
        "local outcome, output = vm:run 'if x then'\n"
        "assert(outcome == 'more' and output:find 'end')\n"
        "failed('error(\"no\")', 'no') failed('x = )', 'unexpected')\n"
        "outcome, output = vm:run 'print(1) error \"two\"'\n"
        "assert(outcome == 'failed' and output == '1\\n')\n"
        "done('x', '5\\n')");
}

static void evaluator_copies_plain_values_both_ways(void **state)
{
    (void)state;
    run("done('echo(7).given.a', '7\\n')\n"
        "done('echo { a = { 1, { true, \"a\\\\0b\" } } }.given.a[2][2] == \"a\\\\0b\"', "
        "'true\\n')\n"
        "done('group.one().name', '\"group.one\"\\n')\n"
        "done('#echo { a = {} }.given.a', '0\\n')");
}

static void evaluator_leaves_out_what_is_no_data(void **state)
{
    (void)state;
    run("done('echo { a = print, [print] = 1, b = { print } }.given', '{\\n  b = {},\\n}\\n')\n"
        "done('echo { a = print }.given.a', 'nil\\n')\n"
        "act = function() return { f = print, n = 1, u = io.stdout } end\n"
        "done('act()', '{ n = 1 }\\n')");
}

static void evaluator_refuses_values_nested_too_deeply(void **state)
{
    (void)state;
    run("failed('local t = {} t.t = t echo(t)', 'nested too deeply')\n"
        "failed('local t = {} for i = 1, 8 do t = { t } end echo { a = t }', 'nested too deeply')\n"
        "done('local t = {} for i = 1, 5 do t = { t } end return #echo { a = t }.given.a', "
        "'1\\n')\n"
        "act = function() local t = {} t.t = t return t end\n"
        "failed('act()', 'the result is nested too deeply')\n"
        "done('1', '1\\n')");
}

static void evaluator_makes_refusals_errors_of_the_line(void **state)
{
    (void)state;
    run("failed('fails { why = \"because\" }', 'because')\n"
        "failed('fails()', 'the method failed')\n"
        "done('pcall(fails, { why = \"because\" })', 'false\\n\"because\"\\n')\n"
        "act = function() error { 'a table' } end\n"
        "failed('act()', 'the method failed')\n"
        "act = function() error 'raised' end\n"
        "failed('act()', 'raised')\n"
        "act = function() return 'no table' end\n"
        "failed('act()', 'the method failed')");
}

static void evaluator_may_be_closed_while_it_runs(void **state)
{
    (void)state;
    run("act = function() vm:close() vm:close() return {} end\n"
        "done('act() return 1', '1\\n')\n"
        "assert(not pcall(vm.run, vm, '1'))\n"
        "vm:close()");
}

static void evaluator_runs_one_line_at_a_time(void **state)
{
    (void)state;
    run("act = function() assert(not pcall(vm.run, vm, '2')) return { fine = true } end\n"
        "done('act().fine', 'true\\n')\n"
        "local inner = new()\n"
        "act = function() return { output = select(2, inner:run 'echo(3).given.a') } end\n"
        "done('act().output', '\"3\\\\n\"\\n')");
}

static void evaluator_begins_no_method_after_the_fuse(void **state)
{
    (void)state;
    run("act = function()\n"
        "  local begin = os.clock()\n"
        "  while os.clock() - begin < 0.05 do end\n"
        "  return {}\n"
        "end\n"
        "called = 0\n"
        "local outcome, _, why = vm:run 'act() pcall(act) act()'\n"
        "assert(outcome == 'failed' and why:find 'limit of fuse')\n"
        "assert(called == 1)\n"
        "done('1', '1\\n')");
}

static void evaluator_counts_no_time_that_a_method_waits(void **state)
{
    (void)state;
    run("act = function() os.execute 'sleep 0.1' return {} end\n"
        "done('act() act() return 1', '1\\n')");
}

/* By the limit of memory, or by the fuse where memory comes slowly. */
static void evaluator_keeps_to_its_memory(void **state)
{
    (void)state;
    run("for _, text in ipairs {\n"
        "  'local t = {} for i = 1, 1e9 do t[i] = i .. (\"x\"):rep(60000) end',\n"
        "  'local s = (\"x\"):rep(60000) while true do s = s .. s end' } do\n"
        "  local outcome, _, why = vm:run(text)\n"
        "  assert(outcome == 'failed' and why:find 'limit of', why)\n"
        "  done('1', '1\\n')\n"
        "end");
}

static void evaluator_survives_a_lack_of_memory_of_its_caller(void **state)
{
    (void)state;
    run("done('t = {}', '')\n"
        "for _ = 1, 40 do\n"
        "  done('for i = 1, 50 do t[#t + 1] = #t .. (\"y\"):rep(1000) end', '')\n"
        "end\n"
        "local hoard, size = {}, 64 * 1024\n"
        "collectgarbage()\n"
        "while pcall(function() hoard[#hoard + 1] = #hoard .. ('x'):rep(size) end) do end\n"
        "for i = 1, 8 do hoard[i] = nil end\n" /* room for this check itself */
        "collectgarbage()\n"
        "failed('echo { a = t }', 'not enough memory')\n"
        "hoard = nil collectgarbage()\n"
        "done('echo(1).given.a', '1\\n')");
}

static void evaluator_takes_no_others_arguments(void **state)
{
    (void)state;
    run("assert(not pcall(evaluator.new))\n"
        "assert(not pcall(evaluator.new, {}))\n"
        "assert(not pcall(vm.run, {}, '1'))\n"
        "assert(not pcall(vm.run, io.stdout, '1'))\n"
        "assert(not pcall(vm.run, vm, nil))\n"
        "assert(not pcall(vm.run, vm, {}))");
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, open_vm, close_vm)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(evaluator_tells_how_a_line_ended),
        TEST(evaluator_copies_plain_values_both_ways),
        TEST(evaluator_leaves_out_what_is_no_data),
        TEST(evaluator_refuses_values_nested_too_deeply),
        TEST(evaluator_makes_refusals_errors_of_the_line),
        TEST(evaluator_may_be_closed_while_it_runs),
        TEST(evaluator_runs_one_line_at_a_time),
        TEST(evaluator_begins_no_method_after_the_fuse),
        TEST(evaluator_counts_no_time_that_a_method_waits),
        TEST(evaluator_keeps_to_its_memory),
        TEST(evaluator_survives_a_lack_of_memory_of_its_caller),
        TEST(evaluator_takes_no_others_arguments),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
