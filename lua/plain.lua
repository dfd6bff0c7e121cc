-- Plain data: numbers, texts, booleans and tables of them. What a policy's state consists of, and
-- how state and parameters are written down between one VM and the next.

local host = ...
local order = host.import "lua/prelude/order.lua"
local values = host.import "lua/prelude/values.lua"

local type, error, next, getmetatable, setfenv = type, error, next, getmetatable, setfenv
local loadstring, concat, format = loadstring, table.concat, string.format

local DEPTH_MAX = 8

local plain = {}

-- The size of a value that is not a table, as counted against a maximum; nil if it is not plain.
local function size_of(value)
  local kind = type(value)
  if kind == "string" then
    return #value + 8
  elseif kind == "number" then
    return value - value == 0 and 16 or nil -- neither NaN nor infinite
  elseif kind == "boolean" then
    return 8
  end
end

local function describe(value)
  return type(value) == "number" and "NaN or infinite" or "a " .. type(value)
end

-- Raises an error that names `what` unless value is plain and no larger than max.
function plain.check(value, max, what)
  local tables, depths, n, size = { value }, { 1 }, 1, 0
  while n > 0 do
    local t, depth = tables[n], depths[n]
    n = n - 1
    if getmetatable(t) ~= nil then
      error(what .. " keeps a borrowed row or an object; copy its fields", 0)
    elseif depth > DEPTH_MAX then
      error(("%s is nested deeper than %d tables"):format(what, DEPTH_MAX), 0)
    end
    for key, entry in next, t do
      local key_size = size_of(key)
      if not key_size then
        error(("%s has a key that is %s"):format(what, describe(key)), 0)
      end
      if type(entry) == "table" then
        n = n + 1
        tables[n], depths[n] = entry, depth + 1
        size = size + key_size + 8
      else
        local entry_size = size_of(entry)
        if not entry_size then
          error(("%s.%s is %s; numbers, texts, booleans and tables of them are kept"):format(what,
            values.tostring(key), describe(entry)), 0)
        end
        size = size + key_size + entry_size
      end
      if size > max then
        error(("%s is larger than %d bytes: remove what is needed least"):format(what, max), 0)
      end
    end
  end
end

local function literal(value)
  local kind = type(value)
  if kind == "string" then
    return format("%q", value)
  elseif kind == "number" then
    return format("%.17g", value)
  end
  return value and "true" or "false"
end

-- Depth is bounded by check.
local function write(value, parts)
  if type(value) ~= "table" then
    parts[#parts + 1] = literal(value)
    return
  end
  parts[#parts + 1] = "{"
  for key, entry in order.pairs(value) do
    parts[#parts + 1] = "[" .. literal(key) .. "]="
    write(entry, parts)
    parts[#parts + 1] = ","
  end
  parts[#parts + 1] = "}"
end

-- Text that decode takes back; equal values give equal texts. The value has passed check.
function plain.encode(value)
  local parts = {}
  write(value, parts)
  return concat(parts)
end

-- A table from text written by encode.
function plain.decode(text, max)
  local chunk, problem = loadstring("return " .. text, "=state")
  if not chunk then
    error("not plain data: " .. problem, 0)
  end
  local value = setfenv(chunk, {})()
  if type(value) ~= "table" then
    error("not a table of plain data", 0)
  end
  plain.check(value, max, "saved state")
  return value
end

return plain
