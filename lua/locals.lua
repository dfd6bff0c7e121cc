-- What a policy keeps in locals of its files instead of policy.state. Nothing saves that: it is gone
-- after the next load, traces do not hold it, and a replay differs. `luapex policy check` warns.

local host = ...
local order = host.import "lua/prelude/order.lua"

local type, next, getfenv, getmetatable, rawequal = type, next, getfenv, getmetatable, rawequal

local ENTRIES_MAX = 256 -- of a table that is watched

local locals = {}

local function copy(t)
  local entries, n = {}, 0
  for key, value in next, t do
    n = n + 1
    if n > ENTRIES_MAX then
      break
    end
    entries[key] = value
  end
  return entries, n
end

local function is_same(t, entries, n)
  for key, value in next, entries do
    if not rawequal(t[key], value) then
      return false
    end
  end
  local _, now_n = copy(t)
  return now_n == n
end

-- The values, at this moment, of all locals that the functions of table `functions` can reach by
-- functions of environment `env`.
function locals.note(functions, env)
  local notes, seen, queue = {}, {}, {}
  local function reach(value)
    if type(value) == "function" and not seen[value] and getfenv(value) == env then
      seen[value] = true
      queue[#queue + 1] = value
    end
  end
  local function note(fn, i, name, value)
    local entries, n
    if type(value) == "table" and getmetatable(value) == nil then
      entries, n = copy(value)
      for _, entry in next, entries do
        reach(entry)
      end
    end
    notes[#notes + 1] = { fn = fn, i = i, name = name, value = value, entries = entries, n = n }
    reach(value)
  end
  for _, fn in next, functions do
    reach(fn)
  end
  while #queue > 0 do
    local fn, i = table.remove(queue), 1
    local name, value = host.upvalue(fn, i)
    while name do
      note(fn, i, name, value)
      i = i + 1
      name, value = host.upvalue(fn, i)
    end
  end
  return notes
end

-- The names of those that have changed since.
function locals.changed(notes)
  local names = {}
  for _, note in next, notes do
    local _, value = host.upvalue(note.fn, note.i)
    local same = rawequal(value, note.value) and
      (not note.entries or is_same(value, note.entries, note.n))
    if not same then
      names[note.name] = true
    end
  end
  return order.keys(names)
end

return locals
