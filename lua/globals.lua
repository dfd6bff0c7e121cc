-- The basic functions and libraries that code in a sandbox may call, the same for policies and for
-- the operator's prompt. Returns a function:
--
--   globals(where, random) -> shared, frozen, absent
--     where: "in policies", for messages; random: or nil
--   frozen(content, what)    a table that can only be read
--   absent(content, name)    what to say after "there is no NAME": what serves instead, or was meant
--
-- Once per VM: it also takes the string library behind every text away.

local host = ...
local import = host.import
local values = import "lua/prelude/values.lua"
local order = import "lua/prelude/order.lua"
local names = import "lua/names.lua"
local lists = import "lua/prelude/lists.lua"
local texts = import "lua/prelude/texts.lua"

local error, setmetatable, format = error, setmetatable, string.format

-- What serves instead of names that a script may look for.
local no_pattern = "there are no patterns, string.find searches plain text"
local instead = {
  next = "pairs lists a table, in order", rawset = "t[key] = value writes",
  xpcall = "pcall catches errors",
  match = no_pattern, gmatch = no_pattern, gsub = no_pattern,
  randomseed = "the run's seed decides, so that it can be replayed",
}

local function absent(content, name)
  return instead[name] and "; " .. instead[name] or names.meant(name, order.keys(content))
end

-- A table that shows `content`, refuses writes, and says so for names that it does not have.
local function frozen(content, what)
  local function refuse(_, key)
    error(format("%s has no '%s'%s", what, values.tostring(key), absent(content, key)), 2)
  end
  local function read_only()
    error(what .. " is read-only", 2)
  end
  setmetatable(content, { __index = refuse })
  return setmetatable({}, { __index = content, __newindex = read_only, __metatable = false })
end

local function copy(from, words)
  local to = {}
  for name in string.gmatch(words, "%S+") do
    to[name] = from[name]
  end
  return to
end

return function(where, random)
  local numbers = copy(math, [[abs acos asin atan atan2 ceil cos cosh deg exp floor fmod frexp huge
    ldexp log log10 max min modf pi pow rad sin sinh sqrt tan tanh]])
  numbers.random = random

  local shared = copy(_G, "assert error ipairs rawequal rawget select tonumber type")
  shared.pcall = values.pcall
  shared.getmetatable, shared.setmetatable = values.getmetatable, values.setmetatable
  shared.tostring, shared.pairs, shared.unpack = values.tostring, order.pairs, lists.unpack
  shared.math = frozen(numbers, "math")
  shared.string = frozen(texts, ("string (%s)"):format(where))
  shared.table = frozen(lists, ("table (%s)"):format(where))
  shared.bit = frozen(copy(bit, "arshift band bnot bor bswap bxor lshift rol ror rshift tobit tohex"),
    "bit")
  getmetatable("").__index = shared.string
  getmetatable("").__metatable = false
  return shared, frozen, absent
end
