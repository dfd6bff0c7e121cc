/* A line of the control socket: whatever it holds, it is read as a call with arguments of their
 * types, or as a failure with a code and words; answers are one line of JSON that has the ID of the
 * call; what a stranger must show first is read as a token or as none. */
#include "lua_check.h"

static const char check[] =
    "local gate = require 'ops.gate'\n"
    "local json = require 'ops.json'\n"
    "local rpc = require 'ops.rpc'\n"
    "local types = require 'ops.types'\n"
    "local function check_answer(line)\n"
    "  assert(line:sub(-1) == '\\n' and not line:sub(1, -2):find '\\n', line)\n"
    "  return json.decode(line)\n"
    "end\n"
    "local function check_id(id, answer)\n"
    "  if type(id) == 'string' or type(id) == 'number' and math.abs(id) < math.huge then\n"
    "    assert(answer.id == id or type(id) == 'number'\n"
    "      and math.abs(answer.id - id) <= math.abs(id) * 1e-13, 'the ID has changed')\n"
    "  else\n"
    "    assert(answer.id == require 'cjson'.null)\n"
    "  end\n"
    "end\n"
    "return function(line)\n"
    "  local method, arguments, id, wants_no_answer = rpc.read(line)\n"
    "  if method then\n"
    "    for _, param in ipairs(method.params) do\n"
    "      local value = arguments[param.name]\n"
    "      assert(value ~= nil or not param.required and param.default == nil, param.name)\n"
    "    end\n"
    "    assert(json.decode(json.encode(arguments)))\n"
    "    check_id(id, check_answer(rpc.result_line(id, '{}')))\n"
    "    assert(wants_no_answer == (id == nil))\n"
    "  else\n"
    "    assert(arguments.code < 0 and #arguments.message > 8)\n"
    "    check_id(id, check_answer(rpc.error_line(id, arguments)))\n"
    "  end\n"
    "  local token, of = gate.read(line)\n"
    "  assert(token == nil or type(token) == 'string' and #line <= gate.LINE_MAX)\n"
    "  check_answer(rpc.error_line(of, { code = rpc.REFUSED, message = gate.REFUSED }))\n"
    "end\n";

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n)
{
    if (!lua_check_vm.L)
        lua_check_open(check, NULL);
    lua_check(bytes, n);
    return 0;
}
