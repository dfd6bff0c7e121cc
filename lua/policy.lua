-- Policies as objects: what pex.policy makes, how one extends another, and the functions that
-- core/script calls: load, ask, example, export, import, set_param, get_param.

local host = ...
local order = host.import "lua/prelude/order.lua"
local plain = host.import "lua/plain.lua"
local parameters = host.import "lua/parameters.lua"
local values = host.import "lua/prelude/values.lua"
local names = host.import "lua/names.lua"
local examples = host.import "lua/examples.lua"
local locals = host.import "lua/locals.lua"

local type, error, next, ipairs = type, error, next, ipairs
local rawget, setfenv, match = rawget, setfenv, string.match
local getmetatable, setmetatable = getmetatable, setmetatable

local tostring = values.tostring -- policies read the errors: no addresses
local is_hook, answered_by_core, meant = names.is_hook, names.answered_by_core, names.meant

local CHAIN_MAX = 8 -- policies that extend each other

local function leave_to_core()
  return nil
end

local function check_name(value, what)
  if type(value) ~= "string" or #value > 63 or not match(value, "^[A-Za-z0-9_-]+$") then
    error(what .. " must be a name of letters, digits, _ and -", 0)
  end
  return value
end

local spec_keys = { name = true, version = true, extends = true, params = true, doc = true }

-- What pex.policy was given, read once and checked.
local function read_spec(spec)
  if type(spec) ~= "table" then
    error("pex.policy: { name = ..., ... } expected", 0)
  end
  for key in order.pairs(spec) do
    if not spec_keys[key] then
      error(("pex.policy: unknown key '%s'%s"):format(tostring(key),
        meant(key, order.keys(spec_keys))), 0)
    end
  end
  local name = check_name(rawget(spec, "name"), "pex.policy: name")
  local version, extends = rawget(spec, "version") or 1, rawget(spec, "extends")
  if type(version) ~= "number" or version < 0 or version > 1e9 or version % 1 ~= 0 then
    error("pex.policy: version must be a whole number", 0)
  end
  if extends == nil then
    extends = "default"
  elseif extends then
    check_name(extends, "pex.policy: extends")
  end
  return { name = name, version = version, extends = extends,
    params = parameters.new(rawget(spec, "params") or {}), hooks = {}, examples = {}, origins = {},
    state = {} }
end

-- The hooks of a policy with those it inherits. A hook that answers nil leaves it to the base.
local function resolve(hooks, inherited)
  local resolved = {}
  for _, name in ipairs(host.hooks) do
    local own, base = hooks[name], inherited[name]
    resolved[name] = own or base
    if own and base then
      resolved[name] = function(view)
        local verdict = own(view)
        if verdict == nil then
          verdict = base(view)
        end
        return verdict
      end
    end
  end
  return resolved
end

-- What a policy's file works with: hooks, examples, migrate and state are assigned to it.
-- modules: what the files beside it returned, and their names.
local function handle_of(self, modules)
  local handle
  local readable = { name = self.name, version = self.version, params = self.params.view }
  local settable = { examples = "table", state = "table", migrate = "function" }
  for name in next, is_hook do
    settable[name] = "function"
  end

  local function read(_, key)
    if readable[key] ~= nil then
      return readable[key]
    elseif settable[key] then
      return is_hook[key] and self.hooks[key] or self[key]
    end
    error(("a policy has no '%s'%s"):format(tostring(key), meant(key, order.keys(settable))), 2)
  end

  local function assign(_, key, value)
    if not settable[key] then
      error(("a policy has no hook '%s'%s"):format(tostring(key), meant(key, host.hooks)), 2)
    elseif type(value) ~= settable[key] then
      error(("policy.%s must be a %s"):format(key, settable[key]), 2)
    elseif key ~= "state" and self.resolved then
      error(("policy.%s is set while the policy loads"):format(key), 2)
    end
    if is_hook[key] then
      self.hooks[key] = value
      return
    end
    self[key] = value
    if key == "examples" then
      local file, line = host.place(2)
      self.origins = { { n = #value, file = file, line = line, lines = host.example_lines() } }
    end
  end

  -- Takes hooks and examples from a part, such as require "backoff".
  function readable.use(part)
    for key, value in order.pairs(part) do
      if key == "examples" then
        for _, example in ipairs(value) do
          self.examples[#self.examples + 1] = example
        end
        local module = modules[part] or { file = "", lines = {} }
        self.origins[#self.origins + 1] = { n = #value, file = module.file, lines = module.lines,
          line = 0 }
      else
        handle[key] = value
      end
    end
  end

  handle = setmetatable({}, { __index = read, __newindex = assign, __metatable = false })
  return handle
end

return function(environment)
  local load_file

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

  local function load_base(name, own, depth)
    if depth == CHAIN_MAX then
      error("too many policies extend each other", 0)
    end
    local chunk, is_own = find(name, false, own)
    if not chunk then
      error(("extends: no policy '%s' in the binary, and no file %s.lua here"):format(name, name), 0)
    end
    return load_file(chunk, is_own, depth + 1)
  end

  local function new_policy(spec, own, depth)
    local self = read_spec(spec)
    if self.extends then
      self.base = load_base(self.extends, own, depth)
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

  -- Runs a policy's main file in an environment of its own; own: it is not one from the binary.
  function load_file(chunk, own, depth)
    local self, handle, loaded = nil, nil, false
    local modules, module_of, pex, env = {}, {}, {}, nil

    function pex.policy(spec)
      if self then
        error("pex.policy: once in a policy", 2)
      end
      self = new_policy(spec, own, depth)
      handle = handle_of(self, module_of)
      return handle
    end

    pex.base = setmetatable({}, {
      __index = function(_, hook)
        local base = self and self.base
        local rule = base and base.resolved[hook]
        if rule then
          return rule
        elseif answered_by_core[hook] then
          return leave_to_core
        end
        error(("pex.base has no rule for '%s'%s"):format(tostring(hook), meant(hook, host.hooks)), 2)
      end,
      __newindex = function()
        error("pex.base is read-only", 2)
      end,
      __metatable = false,
    })

    local function require(name)
      if type(name) ~= "string" or not match(name, "^[a-z0-9_]+$") then
        error("require: a name of small letters, digits and _ expected", 2)
      elseif loaded then
        error("require: only while the policy loads", 2)
      elseif modules[name] == nil then
        local module, is_own = find(name, true, own)
        if not module then
          error(("require: no file %s.lua beside this one or in the binary"):format(name), 2)
        end
        modules[name] = false
        local result = setfenv(module, env)()
        modules[name] = result == nil and true or result
        if type(result) == "table" then
          module_of[result] = { file = host.file_name(name, is_own),
            lines = host.example_lines(name, is_own) }
        end
      elseif modules[name] == false then
        error(("require: %s.lua requires itself"):format(name), 2)
      end
      return modules[name]
    end

    env = environment(pex, require)
    local result = setfenv(chunk, env)()
    if not self or result ~= handle then
      error("a policy's file ends with `return policy`, which pex.policy made", 0)
    end
    loaded = true
    if depth == 0 then -- only its own are run
      self.examples = examples.read(self.examples, self.origins)
    end
    plain.check(self.state, host.state_max, "policy.state")
    self.env = env
    self.resolved = resolve(self.hooks, self.base and self.base.resolved or {})
    return self
  end

  local runtime = { random = host.random }
  local main        -- the loaded policy
  local hooks = {}  -- its resolved hooks, in the order of host.hooks

  -- name nil: the source's main file; otherwise a policy in the binary.
  -- Returns name, version, what it extends or "", and the number of examples.
  function runtime.load(name)
    local chunk = host.chunk(name, name == nil)
    if not chunk then
      error(("no policy '%s'"):format(tostring(name)), 0)
    end
    main = load_file(chunk, name == nil, 0)
    for i, hook in ipairs(host.hooks) do
      hooks[i] = main.resolved[hook] or false
    end
    return main.name, main.version, main.extends or "", #main.examples
  end

  -- Whether any policy here defines a hook.
  function runtime.has_rule(hook)
    return hooks[hook] ~= false
  end

  -- The verdict of a hook, nil if no policy here defines it.
  function runtime.ask(hook, view)
    local rule, verdict = hooks[hook], nil
    values.begin_call()
    if rule then
      verdict = rule(view)
    end
    local policy = main
    repeat
      if next(policy.state) ~= nil or getmetatable(policy.state) ~= nil then
        plain.check(policy.state, host.state_max, "policy.state")
      end
      policy = policy.base
    until not policy
    return verdict
  end

  -- The function that answers a hook first, for messages.
  function runtime.rule(hook)
    local policy, name = main, host.hooks[hook]
    while policy and not policy.hooks[name] do
      policy = policy.base
    end
    return policy and policy.hooks[name]
  end

  -- hook, given, expect of example i, and where it stands: file or "", line or 0.
  function runtime.example(i)
    local example = main.examples[i]
    return example.hook, example.given, example.expect, example.file, example.line
  end

  -- State and set parameters of the policy and those it extends, as text.
  function runtime.export()
    local parts, policy = {}, main
    repeat
      plain.check(policy.state, host.state_max, "policy.state")
      parts[policy.name] = { version = policy.version, state = policy.state,
        params = policy.params.changed }
      policy = policy.base
    until not policy
    return plain.encode(parts)
  end

  local function import_state(policy, part)
    local state = part.state
    if part.version ~= policy.version then
      state = policy.migrate and policy.migrate(part.state, part.version)
      if state == nil then
        host.log(("state of version %s is dropped: no migrate"):format(tostring(part.version)))
        return
      end
    end
    if type(state) ~= "table" then
      error("migrate must return a table", 0)
    end
    plain.check(state, host.state_max, "policy.state")
    policy.state = state
  end

  -- Takes back what export wrote; parts of other policies are ignored.
  function runtime.import(text)
    local parts, policy = plain.decode(text, CHAIN_MAX * host.state_max), main
    repeat
      local part = parts[policy.name]
      if type(part) == "table" and type(part.state) == "table" and type(part.params) == "table" then
        import_state(policy, part)
        for name, value in order.pairs(part.params) do
          local problem = not policy.params.has(name) and "is not declared any more" or
            policy.params.set(name, value)
          if problem then
            host.log(("parameter %s returns to its default: it %s"):format(name, problem))
          end
        end
      end
      policy = policy.base
    until not policy
  end

  local function owner_of(param)
    local policy = main
    while policy and not policy.params.has(param) do
      policy = policy.base
    end
    return policy
  end

  function runtime.set_param(name, text)
    local policy = owner_of(name)
    if not policy then
      local known = {}
      for i, param in ipairs(runtime.params()) do
        known[i] = param.name
      end
      error(("parameter %s is not declared%s"):format(name, meant(name, known)), 0)
    end
    local problem = policy.params.set_text(name, text)
    if problem then
      error(("parameter %s %s"):format(name, problem), 0)
    end
  end

  -- All parameters, those of the policy first and then of what it extends.
  function runtime.params()
    local list, policy = {}, main
    repeat
      policy.params.describe(policy.name, list)
      policy = policy.base
    until not policy
    return list
  end

  -- Whether the policy itself defines a hook, and how many of its examples ask it.
  function runtime.own(hook)
    local name, n = host.hooks[hook], 0
    for _, example in ipairs(main.examples) do
      n = n + (example.hook == name and 1 or 0)
    end
    return main.hooks[name] ~= nil, n
  end

  -- From note_locals on, the names of locals that the policy itself changes.
  local noted
  function runtime.note_locals()
    noted = locals.note(main.hooks, main.env)
  end

  function runtime.changed_locals()
    return locals.changed(noted or {})
  end

  -- The value as text, or nil.
  function runtime.get_param(name)
    local policy = owner_of(name)
    return policy and policy.params.text(name)
  end

  return runtime
end
