-- The string library of policies. A pattern can take minutes inside one C call, so there are none;
-- the other functions take texts short enough that a call is quick.

local host = ...
local values = host.import "lua/prelude/values.lua"

local type, error, select, unpack = type, error, select, unpack
local byte, char, find, format = string.byte, string.char, string.find, string.format
local len, lower, rep, reverse, sub, upper =
  string.len, string.lower, string.rep, string.reverse, string.sub, string.upper

local SHORT_MAX = 4096
local LONG_MAX = 64 * 1024
local FORMAT_MAX = 256

local texts = { char = char, len = len, sub = sub }

local function check(name, text, max)
  if type(text) == "number" then
    text = values.tostring(text)
  elseif type(text) ~= "string" then
    error(("string.%s: text expected, got %s"):format(name, type(text)), 3)
  end
  if #text > max then
    error(("string.%s: text is longer than %d bytes"):format(name, max), 3)
  end
  return text
end

function texts.lower(text)
  return lower(check("lower", text, SHORT_MAX))
end

function texts.upper(text)
  return upper(check("upper", text, SHORT_MAX))
end

function texts.reverse(text)
  return reverse(check("reverse", text, SHORT_MAX))
end

function texts.rep(text, times, separator)
  text = check("rep", text, LONG_MAX)
  separator = check("rep", separator or "", LONG_MAX)
  if type(times) ~= "number" then
    error("string.rep: number expected", 2)
  elseif times >= 1 and not ((#text + #separator) * times <= LONG_MAX and times <= LONG_MAX) then
    error("string.rep: more than 64 KiB", 2)
  end
  return rep(text, times, separator)
end

function texts.byte(text, first, last)
  first = first or 1
  last = last or first
  if type(first) ~= "number" or type(last) ~= "number" or not (last - first < 255) or -- luacheck: ignore 581 (NaN)
    (first > 0) ~= (last > 0) then
    error("string.byte: more than 255 bytes, or a range over the end", 2)
  end
  return byte(text, first, last)
end

-- Plain search: first and last position of `what` in text, or nil.
function texts.find(text, what, from)
  text, what = check("find", text, SHORT_MAX), check("find", what, SHORT_MAX)
  return find(text, what, from or 1, true)
end

-- Tables and functions are written without addresses; %p is refused.
function texts.format(form, ...)
  form = check("format", form, FORMAT_MAX)
  if find(form, "%%[-+ #0-9.]*p") then
    error("string.format: no %p: addresses differ in every run", 2)
  end
  local arguments, n = { ... }, select("#", ...)
  for i = 1, n do
    local kind = type(arguments[i])
    if kind ~= "number" and kind ~= "string" then
      arguments[i] = values.tostring(arguments[i])
    end
  end
  return format(form, unpack(arguments, 1, n))
end

return texts
