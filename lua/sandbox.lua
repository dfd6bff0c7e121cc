-- What a policy sees, and nothing else: the environment of its files. This file and those it
-- imports run with the real libraries; a policy's files run with the tables built here.
-- Returns the functions that core/script calls.

local host = ...
local import = host.import
local values = import "lua/prelude/values.lua"
local order = import "lua/prelude/order.lua"
local lists = import "lua/prelude/lists.lua"
local texts = import "lua/prelude/texts.lua"
local choice = import "lua/prelude/choice.lua"

local error, setmetatable = error, setmetatable

-- A table that shows `content`, refuses writes, and says so for names that it does not have.
local function frozen(content, what)
  local function absent(_, key)
    error(("%s has no '%s'"):format(what, values.tostring(key)), 2)
  end
  local function read_only()
    error(what .. " is read-only", 2)
  end
  setmetatable(content, { __index = absent })
  return setmetatable({}, { __index = content, __newindex = read_only, __metatable = false })
end

local function copy(from, names)
  local to = {}
  for name in string.gmatch(names, "%S+") do
    to[name] = from[name]
  end
  return to
end

local numbers = copy(math, [[abs acos asin atan atan2 ceil cos cosh deg exp floor fmod frexp huge
  ldexp log log10 max min modf pi pow rad sin sinh sqrt tan tanh]])
numbers.random = host.random

local shared = copy(_G, "assert error ipairs rawequal rawget select tonumber type")
shared.pcall = values.pcall
shared.getmetatable, shared.setmetatable = values.getmetatable, values.setmetatable
shared.tostring, shared.pairs, shared.unpack = values.tostring, order.pairs, lists.unpack
shared.math = frozen(numbers, "math")
shared.string = frozen(texts, "string (in policies)")
shared.table = frozen(lists, "table (in policies)")
shared.bit = frozen(copy(bit, "arshift band bnot bor bswap bxor lshift rol ror rshift tobit tohex"),
  "bit")
getmetatable("").__index = shared.string
getmetatable("").__metatable = false

-- The environment of one policy's files: `pex` and `require` differ between policies.
local function environment(pex, require)
  local globals = { pex = frozen(pex, "pex"), require = require }
  for name, value in pairs(shared) do
    globals[name] = value
  end
  for name, value in pairs(choice) do
    pex[name] = value
  end
  pex.log = host.log
  local function absent(_, key)
    error(("no variable '%s'"):format(values.tostring(key)), 2)
  end
  local function read_only(_, key)
    error(("'%s' is not local: globals are read-only"):format(values.tostring(key)), 2)
  end
  setmetatable(globals, { __index = absent })
  return setmetatable({}, { __index = globals, __newindex = read_only, __metatable = false })
end

return import "lua/policy.lua" (environment)
