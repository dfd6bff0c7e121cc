-- policy.params: numbers, booleans, texts and lists of texts that an operator may set while the
-- policy runs. Their declarations say what is accepted.

local host = ...
local order = host.import "lua/prelude/order.lua"
local names = host.import "lua/names.lua"
local tostring = host.import "lua/prelude/values.lua".tostring

local type, error, next, tonumber = type, error, next, tonumber
local rawget, setmetatable, concat = rawget, setmetatable, table.concat
local match, gmatch = string.match, string.gmatch

local NAMES_MAX = 64
local LIST_MAX = 64
local TEXT_MAX = 256

local parameters = {}

local declaration_keys = { default = true, min = true, max = true, unit = true, doc = true }
local kinds = { number = "number", boolean = "boolean", string = "text", table = "list" }

-- Why `value` is not accepted, or nil.
local checks = {}

function checks.number(value, declaration)
  if type(value) ~= "number" or value - value ~= 0 then
    return "must be a number"
  elseif declaration.min and value < declaration.min then
    return "must be at least " .. declaration.min
  elseif declaration.max and value > declaration.max then
    return "must be at most " .. declaration.max
  end
end

function checks.boolean(value)
  if type(value) ~= "boolean" then
    return "must be true or false"
  end
end

function checks.text(value)
  if type(value) ~= "string" then
    return "must be a text"
  elseif #value > TEXT_MAX then
    return ("must be at most %d bytes"):format(TEXT_MAX)
  end
end

function checks.list(value)
  if type(value) ~= "table" then
    return "must be a list of texts"
  elseif #value > LIST_MAX then
    return ("must have at most %d entries"):format(LIST_MAX)
  end
  for key, entry in next, value do
    if type(key) ~= "number" or key < 1 or key > #value or checks.text(entry) then
      return "must be a list of texts"
    end
  end
end

-- A value from the text an operator typed.
local parsers = {}

function parsers.number(text)
  return tonumber(text)
end

function parsers.boolean(text)
  if text == "true" or text == "false" then
    return text == "true"
  end
end

function parsers.text(text)
  return text
end

function parsers.list(text)
  local list = {}
  for part in gmatch(text, "[^,]+") do
    list[#list + 1] = match(part, "^%s*(.-)%s*$")
  end
  return list
end

local function copy(value)
  if type(value) ~= "table" then
    return value
  end
  local list = {}
  for i = 1, #value do
    list[i] = rawget(value, i)
  end
  return list
end

-- As an operator types it.
local function text_of(value)
  return type(value) == "table" and concat(value, ",") or tostring(value)
end

local function check_words(where, key, words)
  if words ~= nil and (type(words) ~= "string" or #words > TEXT_MAX) then
    error(("%s: %s must be a text of at most %d bytes"):format(where, key, TEXT_MAX), 0)
  end
  return words
end

local function check_bound(where, key, bound, kind)
  if bound ~= nil and (kind ~= "number" or type(bound) ~= "number" or bound ~= bound) then
    error(("%s: %s is for numbers"):format(where, key), 0)
  end
end

local function declare(name, declaration)
  local where = ("parameter '%s'"):format(tostring(name))
  if type(name) ~= "string" or #name > 63 or not match(name, "^[a-z][a-z0-9_]*$") then
    error(where .. ": not a name", 0)
  elseif type(declaration) ~= "table" then
    error(where .. ": { default = ... } expected", 0)
  end
  for key in order.pairs(declaration) do
    if not declaration_keys[key] then
      error(("%s: unknown key '%s'%s"):format(where, tostring(key),
        names.meant(key, order.keys(declaration_keys))), 0)
    end
  end
  local spec = { min = rawget(declaration, "min"), max = rawget(declaration, "max") }
  local default = rawget(declaration, "default")
  spec.kind = kinds[type(default)]
  if not spec.kind then
    error(where .. ": default must be a number, boolean, text or list of texts", 0)
  end
  check_bound(where, "min", spec.min, spec.kind)
  check_bound(where, "max", spec.max, spec.kind)
  local problem = checks[spec.kind](default, spec)
  if problem then
    error(("%s: default %s"):format(where, problem), 0)
  end
  spec.default = copy(default)
  spec.unit = check_words(where, "unit", rawget(declaration, "unit"))
  spec.doc = check_words(where, "doc", rawget(declaration, "doc"))
  return spec
end

-- The parameters declared in `declared`. Its fields: `view` is what the policy sees, `changed` what
-- was set, by name.
function parameters.new(declared)
  if type(declared) ~= "table" then
    error("params must be a table", 0)
  end
  local specs, changed, n = {}, {}, 0
  for name, declaration in order.pairs(declared) do
    specs[name] = declare(name, declaration)
    n = n + 1
  end
  if n > NAMES_MAX then
    error(("more than %d parameters"):format(NAMES_MAX), 0)
  end

  local function get(name)
    local value = changed[name]
    if value == nil then
      value = specs[name].default
    end
    return value
  end

  local self = { changed = changed }

  function self.has(name)
    return specs[name] ~= nil
  end

  -- Returns why not, or nil.
  function self.set(name, value)
    local problem = checks[specs[name].kind](value, specs[name])
    if not problem then
      changed[name] = copy(value)
    end
    return problem
  end

  function self.set_text(name, text)
    return self.set(name, parsers[specs[name].kind](text))
  end

  function self.text(name)
    return text_of(get(name))
  end

  -- Appends what people need to know of each to `list`.
  function self.describe(policy, list)
    for name, spec in order.pairs(specs) do
      list[#list + 1] = { policy = policy, name = name, kind = spec.kind, min = spec.min,
        max = spec.max, unit = spec.unit, doc = spec.doc, value = text_of(get(name)),
        initial = text_of(spec.default) }
    end
  end

  self.view = setmetatable({}, {
    __index = function(_, name)
      if not specs[name] then
        error(("policy.params has no '%s'%s"):format(tostring(name),
          names.meant(name, order.keys(specs))), 2)
      end
      return copy(get(name))
    end,
    __newindex = function()
      error("policy.params is read-only: operators set parameters", 2)
    end,
    __metatable = false,
  })
  return self
end

return parameters
