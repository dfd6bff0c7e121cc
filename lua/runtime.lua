-- The functions that core/script calls, on the policy it has loaded: load, ask, example, export,
-- import, set_param, get_param.

local host = ...
local order = host.import "lua/prelude/order.lua"
local values = host.import "lua/prelude/values.lua"
local plain = host.import "lua/plain.lua"
local names = host.import "lua/names.lua"
local locals = host.import "lua/locals.lua"
local loader = host.import "lua/loader.lua"
local absent = host.import "lua/absent.lua"

local type, error, pcall, next, ipairs = type, error, pcall, next, ipairs
local getmetatable, concat = getmetatable, table.concat

local tostring, meant = values.tostring, names.meant

-- environment: makes that of one policy's files.
return function(environment)
  local load_policy = loader.new(environment)
  local runtime = { random = host.random }
  local main        -- the loaded policy
  local hooks = {}  -- its resolved hooks, in the order of host.hooks
  local owners = {} -- in the same order, who answers first: it or one that it extends
  local others = absent.new(host.state_max)

  -- name nil: the source's main file; otherwise a policy in the binary.
  -- Returns name, version, what it extends or "", and the number of examples.
  function runtime.load(name)
    local chunk = host.chunk(name, name == nil)
    if not chunk then
      error(("no policy '%s'"):format(tostring(name)), 0)
    end
    main = load_policy(chunk, name == nil)
    for i, hook in ipairs(host.hooks) do
      hooks[i] = main.resolved[hook] or false
      local owner = main
      while owner and not owner.hooks[hook] do
        owner = owner.base
      end
      owners[i] = owner or false
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
    local policy = owners[hook] -- a fault in the state of one that was not asked is not its own
    while policy do
      if next(policy.state) ~= nil or getmetatable(policy.state) ~= nil then
        plain.check(policy.state, host.state_max, "policy.state")
      end
      policy = policy.base
    end
    return verdict
  end

  -- The function that answers a hook first, for messages.
  function runtime.rule(hook)
    local policy = owners[hook]
    return policy and policy.hooks[host.hooks[hook]]
  end

  -- hook, given, expect of example i, and where it stands: file or "", line or 0.
  function runtime.example(i)
    local example = main.examples[i]
    return example.hook, example.given, example.expect, example.file, example.line
  end

  -- State and set parameters of the policy and those it extends, as text; at [1] what others left
  -- behind. leaves: a state that
  -- cannot be kept stays behind, so that a policy with this fault can be replaced by a better one.
  function runtime.export(leaves)
    local parts, policy = { others.parts }, main
    repeat
      local fits, why = pcall(plain.check, policy.state, host.state_max, "policy.state")
      if not fits and leaves then
        host.log("its state stays behind: " .. why)
      elseif not fits then
        error(why, 0)
      end
      parts[policy.name] = { version = policy.version, state = fits and policy.state or nil,
        params = policy.params.changed }
      policy = policy.base
    until not policy
    return plain.encode(parts)
  end

  -- Returns what became of it.
  local function import_state(policy, part)
    local state, became = part.state, "kept"
    if part.version ~= policy.version then
      local version = tostring(part.version)
      state = policy.migrate and policy.migrate(part.state, part.version)
      if state == nil then
        host.log(("state of version %s is dropped: no migrate"):format(version))
        return ("dropped: it is of version %s, and %s"):format(version,
          policy.migrate and "migrate returned nil" or "there is no migrate")
      end
      became = "migrated from version " .. version
    end
    if type(state) ~= "table" then
      error("migrate must return a table", 0)
    end
    plain.check(state, host.state_max, "policy.state")
    policy.state = state
    return became
  end

  local function runs(name)
    local policy = main
    while policy and policy.name ~= name do
      policy = policy.base
    end
    return policy ~= nil
  end

  local function has_entries(value)
    return type(value) == "table" and next(value) ~= nil
  end

  -- Keeps what belongs to policies that do not run here.
  local function import_others(parts)
    for _, part in ipairs(type(parts[1]) == "table" and parts[1] or {}) do
      if type(part) == "table" and type(part.name) == "string" and type(part.text) == "string" then
        others.put(part.name, part.text)
      end
    end
    for name, part in order.pairs(parts) do
      if type(name) == "string" and type(part) == "table" and not runs(name) then
        if not has_entries(part.state) and not has_entries(part.params) then
          others.take(name)
        else
          others.put(name, plain.encode(part))
        end
      end
    end
  end

  -- What the policy left behind when it ran last, or nil.
  local function take_left(name)
    local text = others.take(name)
    local fits, part = pcall(plain.decode, text or "{}", 2 * host.state_max)
    if not fits then
      host.log(("what was kept of %s cannot be read: %s"):format(name, part))
    end
    return text and fits and part or nil
  end

  -- Takes back what export wrote. only_others: what belongs to the policies here stays as it is.
  -- Returns in words what became of the states that had something in them.
  function runtime.import(text, only_others)
    local parts, policy = plain.decode(text, (loader.chain_max + 2) * host.state_max), main
    local told = {}
    import_others(parts)
    repeat
      local left = take_left(policy.name)
      local part = parts[policy.name] or left
      if not only_others and type(part) == "table" and type(part.params) == "table" then
        if type(part.state) == "table" then
          local became = import_state(policy, part)
          if next(part.state) ~= nil then
            told[#told + 1] = policy == main and became or policy.name .. " " .. became
          end
        end
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
    return concat(told, "; ")
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
