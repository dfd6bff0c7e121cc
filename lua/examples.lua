-- A policy's examples: what was written, checked, with the line where each stands.

local host = ...
local order = host.import "lua/prelude/order.lua"
local names = host.import "lua/names.lua"
local tostring = host.import "lua/prelude/values.lua".tostring

local type, error, next, ipairs, rawget = type, error, next, ipairs, rawget

local MAX = 256

local examples = {}

local example_keys = { hook = true, given = true, expect = true, doc = true }

local function read_example(where, example)
  if type(example) ~= "table" or type(rawget(example, "hook")) ~= "string" then
    error(where .. "{ hook = ..., given = ..., expect = ... } expected", 0)
  end
  for key in order.pairs(example) do
    if not example_keys[key] then
      error(("%sunknown key '%s'%s"):format(where, tostring(key),
        names.meant(key, order.keys(example_keys))), 0)
    end
  end
  local hook, given = rawget(example, "hook"), rawget(example, "given")
  if not names.is_hook[hook] then
    error(("%sthere is no hook '%s'%s"):format(where, hook, names.meant(hook, host.hooks)), 0)
  elseif given ~= nil and type(given) ~= "table" then
    error(where .. "given must be a table", 0)
  end
  return { hook = hook, given = given or {}, expect = rawget(example, "expect") }
end

-- Examples as they were written, read once and checked. `origins` says where they come from:
-- { n =, file =, lines = of each of the n, line = of all of them }, in the order of the list.
function examples.read(written, origins)
  if #written == 0 and next(written) ~= nil then
    error("policy.examples must be a list: { { hook = ..., given = ..., expect = ... }, ... }", 0)
  elseif #written > MAX then
    error(("more than %d examples"):format(MAX), 0)
  end
  local list, places = {}, {}
  for _, origin in ipairs(origins) do
    for i = 1, origin.n do
      places[#places + 1] = { file = origin.file,
        line = #origin.lines == origin.n and origin.lines[i] or origin.line }
    end
  end
  for i, example in ipairs(written) do
    local place = #places == #written and places[i] or { file = "", line = 0 }
    if place.line > 0 then
      host.set_place(place.file, place.line) -- of an error that is about to be raised
    end
    list[i] = read_example(("example %d: "):format(i), example)
    list[i].file, list[i].line = place.file, place.line
    host.set_place("", 0)
  end
  return list
end

return examples
