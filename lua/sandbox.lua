-- What a policy sees, and nothing else: the environment of its files. This file and those it
-- imports run with the real libraries; a policy's files run with the tables built here.
-- Returns the functions that core/script calls.

local host = ...
local import = host.import
local values = import "lua/prelude/values.lua"
local choice = import "lua/prelude/choice.lua"
local shared, frozen, absent = import "lua/globals.lua" ("in policies", host.random)

local error, setmetatable = error, setmetatable

-- What serves a policy instead of what reaches out of it.
local instead = { os = "view.now is the only clock", print = "pex.log writes to the node's log" }

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
  local function no_variable(_, key)
    local words = instead[key] and "; " .. instead[key] or absent(globals, key)
    error(("no variable '%s'%s"):format(values.tostring(key), words), 2)
  end
  local function read_only(_, key)
    error(("'%s' is not local: globals are read-only, what a policy remembers is policy.state"):format(
      values.tostring(key)), 2)
  end
  setmetatable(globals, { __index = no_variable })
  return setmetatable({}, { __index = globals, __newindex = read_only, __metatable = false })
end

return import "lua/runtime.lua" (environment)
