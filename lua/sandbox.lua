-- What a policy sees, and nothing else: the environment of its files. This file and those it
-- imports run with the real libraries; a policy's files run with the tables built here.
-- Returns the functions that core/script calls.

local host = ...
local import = host.import
local values = import "lua/prelude/values.lua"
local choice = import "lua/prelude/choice.lua"
local shared, frozen = import "lua/globals.lua" ("in policies", host.random)

local error, setmetatable = error, setmetatable

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
