-- The table library of policies. Long work is done in Lua, where it is counted, or refused.

local host = ...
local order = host.import "lua/prelude/order.lua"

local type, error, select, concat, unpack = type, error, select, table.concat, unpack

local TEXT_MAX = 64 * 1024
local UNPACK_MAX = 255

local lists = { sort = order.sort }

function lists.insert(list, ...)
  local n = #list + 1
  if select("#", ...) == 1 then
    list[n] = (...)
    return
  end
  local at, value = ...
  if type(at) ~= "number" or at < 1 or at > n or at % 1 ~= 0 then
    error("table.insert: position out of bounds", 2)
  end
  for i = n, at + 1, -1 do
    list[i] = list[i - 1]
  end
  list[at] = value
end

function lists.remove(list, at)
  local n = #list
  if at == nil then
    at = n
  elseif type(at) ~= "number" or at < 1 or at > n + 1 or at % 1 ~= 0 then
    error("table.remove: position out of bounds", 2)
  end
  local value = list[at]
  for i = at, n do
    list[i] = list[i + 1]
  end
  return value
end

function lists.concat(list, separator, first, last)
  separator, first, last = separator or "", first or 1, last or #list
  local size = 0
  for i = first, last do
    local part = list[i]
    if type(part) == "string" then
      size = size + #part + #separator
    elseif type(part) == "number" then
      size = size + 32 + #separator
    else
      error(("table.concat: element %s is a %s"):format(i, type(part)), 2)
    end
    if size > TEXT_MAX then
      error("table.concat: more than 64 KiB", 2)
    end
  end
  return concat(list, separator, first, last)
end

function lists.unpack(list, first, last)
  first, last = first or 1, last or #list
  if not (last - first < UNPACK_MAX) then -- luacheck: ignore 581 (NaN)
    error("unpack: more than 255 values", 2)
  end
  return unpack(list, first, last)
end

return lists
