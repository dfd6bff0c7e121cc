-- Policies from their files: what `pex.policy`, `pex.base` and `require` do in a file that loads, and
-- how the policies that one extends are found.

local host = ...
local plain = host.import "lua/plain.lua"
local values = host.import "lua/prelude/values.lua"
local names = host.import "lua/names.lua"
local examples = host.import "lua/examples.lua"
local policy = host.import "lua/policy.lua"

local type, error = type, error
local setmetatable, setfenv, match = setmetatable, setfenv, string.match

local tostring = values.tostring -- policies read the errors: no addresses
local answered_by_core, meant = names.answered_by_core, names.meant

local loader = { chain_max = 8 } -- policies that extend each other

local function leave_to_core()
  return nil
end

-- A chunk by name: `extends` finds what is in the binary first, `require` what lies beside.
local function find(name, own_first, may_be_own)
  local chunk = own_first and may_be_own and host.chunk(name, true)
  if chunk then
    return chunk, true
  end
  chunk = host.chunk(name, false)
  if chunk then
    return chunk, false
  end
  return may_be_own and host.chunk(name, true) or nil, true
end

-- A file that loads has: is_own (not one from the binary), policy and handle once it made them,
-- modules by name, module_of (what they returned: file and lines), env, is_loaded.

-- `pex.base` of a file: the rules its policy inherits.
local function inherited_rules(file)
  local function rule(_, hook)
    local base = file.policy and file.policy.base
    local found = base and base.resolved[hook]
    if found then
      return found
    elseif answered_by_core[hook] then
      return leave_to_core
    end
    error(("pex.base has no rule for '%s'%s"):format(tostring(hook), meant(hook, host.hooks)), 2)
  end
  local function read_only()
    error("pex.base is read-only", 2)
  end
  return setmetatable({}, { __index = rule, __newindex = read_only, __metatable = false })
end

local function run_module(file, name, chunk, is_own)
  file.modules[name] = false
  local result = setfenv(chunk, file.env)()
  file.modules[name] = result == nil and true or result
  if type(result) == "table" then
    file.module_of[result] = { file = host.file_name(name, is_own),
      lines = host.example_lines(name, is_own) }
  end
end

-- `require` of a file.
local function requirer(file)
  return function(name)
    if type(name) ~= "string" or not match(name, "^[a-z0-9_]+$") then
      error("require: a name of small letters, digits and _ expected", 2)
    elseif file.is_loaded then
      error("require: only while the policy loads", 2)
    elseif file.modules[name] == nil then
      local chunk, is_own = find(name, true, file.is_own)
      if not chunk then
        error(("require: no file %s.lua beside this one or in the binary"):format(name), 2)
      end
      run_module(file, name, chunk, is_own)
    elseif file.modules[name] == false then
      error(("require: %s.lua requires itself"):format(name), 2)
    end
    return file.modules[name]
  end
end

-- environment(pex, require): that of one policy's files. Returns load(chunk, is_own), which runs a
-- policy's main file and returns the policy.
function loader.new(environment)
  local load_file

  local function load_base(name, is_own, depth)
    if depth == loader.chain_max then
      error("too many policies extend each other", 0)
    end
    local chunk, is_base_own = find(name, false, is_own)
    if not chunk then
      error(("extends: no policy '%s' in the binary, and no file %s.lua here"):format(name, name), 0)
    end
    return load_file(chunk, is_base_own, depth + 1)
  end

  local function new_policy(spec, is_own, depth)
    local self = policy.new(spec)
    if self.extends then
      self.base = load_base(self.extends, is_own, depth)
    end
    local base = self.base
    while base do
      if base.name == self.name then
        error(("pex.policy: '%s' extends a policy of that name"):format(self.name), 0)
      end
      base = base.base
    end
    return self
  end

  function load_file(chunk, is_own, depth)
    local file = { is_own = is_own, modules = {}, module_of = {} }
    local pex = { base = inherited_rules(file) }

    function pex.policy(spec)
      if file.policy then
        error("pex.policy: once in a policy", 2)
      end
      file.policy = new_policy(spec, is_own, depth)
      file.handle = policy.handle(file.policy, file.module_of)
      return file.handle
    end

    file.env = environment(pex, requirer(file))
    local result = setfenv(chunk, file.env)()
    local self = file.policy
    if not self or result ~= file.handle then
      error("a policy's file ends with `return policy`, which pex.policy made", 0)
    end
    file.is_loaded = true
    if depth == 0 then -- only its own are run
      self.examples = examples.read(self.examples, self.origins)
    end
    plain.check(self.state, host.state_max, "policy.state")
    self.env = file.env
    policy.resolve(self)
    return self
  end

  return function(chunk, is_own)
    return load_file(chunk, is_own, 0)
  end
end

return loader
