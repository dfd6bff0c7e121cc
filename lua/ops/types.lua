-- The types of arguments: what a value must be, in words and in code.
--
--   types.expected(param) -> "a duration from 1m to 24h"
--   types.check(param, value) -> true, value as the node wants it | false
--   types.read(param, text) -> value of a word of the command line | nil
--
-- Durations are texts as in the settings ("1h30m") or numbers of seconds; the node gets seconds.
-- Integers and durations always have a range. What only the node can know - whether an ID is
-- connected, a range is well formed - it checks.
local types = {}

local TEXT_MAX = 256
local SOURCE_MAX = 256 * 1024
local FILES_MAX = 64

local unit_s = { ms = 0.001, s = 1, m = 60, h = 3600, d = 86400 }

-- Seconds of "1h30m", "1.5s", "2d"; nil when it is none.
function types.seconds(text)
  if type(text) == "number" then
    return text
  end
  local total, at = 0, 1
  while at <= #text do
    local number, unit, next_at = text:match("^(%d+%.?%d*)(%l+)()", at)
    if not number or not unit_s[unit] then
      return nil
    end
    total, at = total + tonumber(number) * unit_s[unit], next_at
  end
  return at > 1 and total or nil
end

local function is_text(value, max)
  return type(value) == "string" and #value <= max and not value:find("%z")
end

local function is_in_range(param, value)
  return type(value) == "number" and value == value
    and value >= param.min and value <= param.max
end

local function range_text(param)
  local function shown(bound)
    return type(bound) == "number" and ("%.0f"):format(bound) or bound
  end
  return (" from %s to %s"):format(shown(param.min), shown(param.max))
end

local function text_type(expected, pattern, max)
  return {
    expected = expected,
    check = function(_, value)
      return is_text(value, max or TEXT_MAX) and value:find(pattern) ~= nil, value
    end,
    read = function(_, text)
      return text
    end,
  }
end

local is_module, is_file = "^[a-z0-9_]+$", "^[%w_][%w_.-]*$"

-- { name = "x.lua", text = "...", files = { helper = "..." } }
local function is_source(value)
  if type(value) ~= "table" or not is_text(value.name, 63) or not value.name:find(is_file)
    or type(value.text) ~= "string" or type(value.files or {}) ~= "table" then
    return false
  end
  local size, n = #value.text, 0
  for name, text in pairs(value.files or {}) do
    if type(name) ~= "string" or not name:find(is_module) or type(text) ~= "string" then
      return false
    end
    size, n = size + #text, n + 1
  end
  for key in pairs(value) do
    if key ~= "name" and key ~= "text" and key ~= "files" then
      return false
    end
  end
  return size <= SOURCE_MAX and n <= FILES_MAX
end

local kinds = {
  text = {
    expected = function(param)
      return ("a text of at most %d bytes"):format(param.max or TEXT_MAX)
    end,
    check = function(param, value)
      return is_text(value, param.max or TEXT_MAX), value
    end,
    read = function(_, text)
      return text
    end,
  },
  integer = {
    expected = function(param)
      return "an integer" .. range_text(param)
    end,
    check = function(param, value)
      return is_in_range(param, value) and value % 1 == 0, value
    end,
    read = function(_, text)
      return tonumber(text)
    end,
  },
  boolean = {
    expected = "true or false",
    check = function(_, value)
      return type(value) == "boolean", value
    end,
    read = function(_, text)
      local known = { ["true"] = true, ["false"] = false }
      return known[text]
    end,
  },
  choice = {
    expected = function(param)
      return "one of " .. table.concat(param.values, ", ")
    end,
    check = function(param, value)
      for _, known in ipairs(param.values) do
        if value == known then
          return true, value
        end
      end
      return false
    end,
    read = function(_, text)
      return text
    end,
  },
  duration = {
    expected = function(param)
      return ("a duration%s, such as 90s, 1h30m or 2d"):format(range_text(param))
    end,
    check = function(param, value)
      local seconds = (type(value) == "number" or is_text(value, 32)) and types.seconds(value)
      local bounds = { min = types.seconds(param.min), max = types.seconds(param.max) }
      return seconds and is_in_range(bounds, seconds) or false, seconds
    end,
    read = function(_, text)
      return text
    end,
  },
  -- Whatever a setting or parameter may be: the node knows which.
  value = {
    expected = "a text, a number or true or false",
    check = function(_, value)
      if type(value) == "number" then
        return value == value and math.abs(value) < 2 ^ 53, ("%.14g"):format(value)
      elseif type(value) == "boolean" then
        return true, tostring(value)
      end
      return is_text(value, 4096), value
    end,
    read = function(_, text)
      return text
    end,
  },
  source = {
    expected = "the texts of a policy: {name, text, files}, name NAME.lua; 256 KiB at most",
    check = function(_, value)
      return is_source(value), value
    end,
  },
  filter = text_type("kind=PATTERN or peer=PEER, or both with a comma, such as kind=dial*",
    "^%l+=[^,=]+,?%l*=?[^,=]*$"),
  hash = text_type("the beginning of a hash: 4 to 16 hexadecimal digits", "^%x%x%x%x+$", 16),
  id = text_type("a node ID (40 hexadecimal digits) or its first digits (at least 4)",
    "^%x%x%x%x+$", 40),
  peer = text_type("a node ID, the first digits of one (at least 4), an IP or IP:port",
    "^[%x.:%[%]]+$", 64),
  target = text_type("a node ID, the first digits of one (at least 4), an IP or a range such as "
    .. "10.0.0.0/8", "^[%x.:/]+$", 64),
  address = text_type("an address: ID@host:port", ".", 320),
}

function types.expected(param)
  local expected = kinds[param.type].expected
  return type(expected) == "function" and expected(param) or expected
end

function types.check(param, value)
  return kinds[param.type].check(param, value)
end

function types.read(param, text)
  return kinds[param.type].read(param, text)
end

function types.is_known(name)
  return kinds[name] ~= nil
end

return types
