-- A policy as an object: what pex.policy makes of its arguments, what its file assigns to it, and its
-- hooks over those of the policy it extends.

local host = ...
local order = host.import "lua/prelude/order.lua"
local parameters = host.import "lua/parameters.lua"
local values = host.import "lua/prelude/values.lua"
local names = host.import "lua/names.lua"

local type, error, next, ipairs = type, error, next, ipairs
local rawget, match, setmetatable = rawget, string.match, setmetatable

local tostring = values.tostring -- policies read the errors: no addresses
local is_hook, meant = names.is_hook, names.meant

local function check_name(value, what)
  if type(value) ~= "string" or #value > 63 or not match(value, "^[A-Za-z0-9_-]+$") then
    error(what .. " must be a name of letters, digits, _ and -", 0)
  end
  return value
end

local spec_keys = { name = true, version = true, extends = true, params = true, doc = true }

local policy = {}

-- A new one, of what pex.policy was given, read once and checked.
function policy.new(spec)
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

-- Sets its hooks, with those it inherits. A hook that answers nil leaves it to the base.
function policy.resolve(self)
  local hooks, resolved = self.hooks, {}
  local inherited = self.base and self.base.resolved or {}
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
  self.resolved = resolved
end

-- What a policy's file works with: hooks, examples, migrate and state are assigned to it.
-- modules: what the files beside it returned, and their names.
function policy.handle(self, modules)
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
    elseif is_hook[key] and host.first_parameter(value) == "self" then
      error(("a hook is given the view alone: define it with a dot, function policy.%s(view)")
        :format(key), 2)
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

return policy
