/* A line of the prompt: whatever it says, it ends within its limits as done, as not whole, or with
 * words about what is wrong, and prints no more than it may; what methods give and take comes over
 * whole, and the VM of another connection still does its work. */
#include "lua_check.h"

#include "ops/evaluator.h"

static const char check[] =
    "local evaluator = require 'ops.evaluator'\n"
    "local OUTPUT_MAX, TEXT_MAX = 64 * 1024, 4096\n"
    "local methods = { { name = 'echo', places = { 'a', 'b' } }, { name = 'of.it', places = {} } "
    "}\n"
    "local function call(name, arguments)\n"
    "  if arguments.a == 'fail' then\n"
    "    return nil, 'failed as asked'\n"
    "  end\n"
    "  return { name = name, given = arguments }\n"
    "end\n"
    "local vm, calm = nil, assert(evaluator.new(methods, call))\n"
    "local runs = 0\n"
    "return function(text)\n"
    "  if #text > TEXT_MAX then\n"
    "    return\n"
    "  elseif runs % 32 == 0 then\n"
    "    if vm then\n"
    "      vm:close()\n"
    "    end\n"
    "    vm = assert(evaluator.new(methods, call))\n"
    "  end\n"
    "  runs = runs + 1\n"
    "  local outcome, output, why = vm:run(text)\n"
    "  assert(outcome == 'done' or outcome == 'more' or outcome == 'failed')\n"
    "  assert(#output <= OUTPUT_MAX)\n"
    "  assert((outcome == 'failed') == (type(why) == 'string' and #why > 0))\n"
    "  outcome, output, why = calm:run 'echo(20 + 1, 2).given.a * 2'\n"
    "  assert(outcome == 'done' and output == '42\\n', why)\n"
    "end\n";

static void prepare(lua_State *L)
{
    luavm_preload(L, "ops.evaluator", evaluator_open_module);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n)
{
    if (!lua_check_vm.L)
        lua_check_open(check, prepare);
    lua_check(bytes, n);
    return 0;
}
