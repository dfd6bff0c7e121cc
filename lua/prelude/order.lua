-- Order that does not depend on memory addresses or hash seeds: a stable sort, and pairs in the
-- order of keys. Both are Lua, so that their instructions are counted.

local type, error, next, rawget, getmetatable = type, error, next, rawget, getmetatable

local order = {}

local function less_than(a, b)
  return a < b
end

-- Merges from[low..middle) and from[middle..high) into `into`.
local function merge(from, into, low, middle, high, less)
  local left, right = low, middle
  for at = low, high - 1 do
    if left < middle and (right >= high or not less(from[right], from[left])) then
      into[at], left = from[left], left + 1
    else
      into[at], right = from[right], right + 1
    end
  end
end

-- table.sort, but stable: what compares equal keeps its order.
function order.sort(list, less)
  local n = #list
  less = less or less_than
  local from, into, width = list, {}, 1
  while width < n do
    for low = 1, n, 2 * width do
      local middle = low + width
      local high = middle + width
      merge(from, into, low, middle <= n and middle or n + 1, high <= n and high or n + 1, less)
    end
    from, into, width = into, from, 2 * width
  end
  if from ~= list then
    for at = 1, n do
      list[at] = from[at]
    end
  end
end

local rank = { number = 1, string = 2, boolean = 3 }

local function key_before(a, b)
  local type_a, type_b = type(a), type(b)
  if type_a ~= type_b then
    return rank[type_a] < rank[type_b]
  elseif type_a == "boolean" then
    return not a and b
  end
  return a < b
end

function order.keys(t)
  local keys, n = {}, 0
  for key in next, t do
    if not rank[type(key)] then
      error("pairs: a key that is no number, text or boolean has no order", 3)
    end
    n = n + 1
    keys[n] = key
  end
  order.sort(keys, key_before)
  return keys
end

-- Numbers first, then texts, then false and true. Entries may be changed and removed on the way.
function order.pairs(t)
  if type(t) ~= "table" then
    error("pairs: table expected, got " .. type(t), 2)
  elseif next(t) == nil and getmetatable(t) == false then
    error("pairs: this table cannot be listed", 2)
  end
  local keys, at = order.keys(t), 0
  return function()
    local key, value
    repeat
      at = at + 1
      key = keys[at]
      if key == nil then
        return nil
      end
      value = rawget(t, key)
    until value ~= nil
    return key, value
  end
end

return order
