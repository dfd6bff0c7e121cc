-- The basic functions of policies whose originals would show addresses, reach shared things or
-- depend on the garbage collector.

local type, error, next, tostring, pcall = type, error, next, tostring, pcall
local getmetatable, setmetatable = getmetatable, setmetatable

local values = {}

local metamethods = {
  __index = true, __newindex = true, __call = true, __tostring = true, __eq = true, __lt = true,
  __le = true, __add = true, __sub = true, __mul = true, __div = true, __mod = true, __pow = true,
  __unm = true, __concat = true,
}

function values.tostring(value)
  local kind = type(value)
  if kind == "string" then
    return value
  elseif kind == "number" or kind == "boolean" or kind == "nil" then
    return tostring(value)
  end
  local meta = kind == "table" and getmetatable(value)
  local own = type(meta) == "table" and meta.__tostring
  if own then
    local text = own(value)
    if type(text) ~= "string" then
      error("__tostring must return a text", 2)
    end
    return text
  end
  return kind
end

function values.getmetatable(value)
  if type(value) ~= "table" then
    return nil
  end
  return getmetatable(value)
end

-- The metatable is copied, so that nothing can be added to it later that would make behaviour
-- depend on when garbage is collected; getmetatable still answers the one that was given.
function values.setmetatable(value, meta)
  if type(value) ~= "table" or type(meta) ~= "table" then
    error("setmetatable: two tables expected", 2)
  elseif getmetatable(value) ~= nil then
    error("setmetatable: this table has its metatable already", 2)
  end
  local copy = {}
  for key, method in next, meta do
    if metamethods[key] then
      copy[key] = method
    elseif key == "__mode" or key == "__gc" or key == "__metatable" then
      error(("setmetatable: %s is not available in policies"):format(key), 2)
    end
  end
  copy.__metatable = meta
  return setmetatable(value, copy)
end

-- Each pcall on the way catches a limit's error before it is raised again, so there must be few.
local PCALLS_MAX = 64
local pcalls = 0

local function left(...)
  pcalls = pcalls - 1
  return ...
end

function values.pcall(...)
  if pcalls == PCALLS_MAX then
    error("pcall: nested too deep", 2)
  end
  pcalls = pcalls + 1
  return left(pcall(...))
end

-- A call that hit a limit leaves its pcalls open; the next call starts without them.
function values.begin_call()
  pcalls = 0
end

return values
