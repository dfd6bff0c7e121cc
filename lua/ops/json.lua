-- JSON as luapex writes it: the same value is the same text in every process.
--
--   json.encode(value)     keys sorted, no escape that is not needed
--   json.decode(text)      objects and arrays to a depth of 8; throws what is wrong
--   json.objects(text)     iterates over the objects of an array as they are written
--   json.null
local cjson = require "cjson"

local DEPTH_MAX = 8

local codec = cjson.new()
codec.decode_max_depth(DEPTH_MAX)
codec.decode_invalid_numbers(false)

local json = { decode = codec.decode, null = cjson.null }

local encode

local function sorted_keys(object)
  local keys = {}
  for key in pairs(object) do
    keys[#keys + 1] = key
  end
  table.sort(keys)
  return keys
end

local function encode_list(list, depth)
  local parts = {}
  for i, value in ipairs(list) do
    parts[i] = encode(value, depth)
  end
  return "[" .. table.concat(parts, ",") .. "]"
end

local function encode_object(object, depth)
  local parts = {}
  for i, key in ipairs(sorted_keys(object)) do
    parts[i] = codec.encode(tostring(key)) .. ":" .. encode(object[key], depth)
  end
  return "{" .. table.concat(parts, ",") .. "}"
end

function encode(value, depth)
  if type(value) ~= "table" then
    return (codec.encode(value):gsub("\\/", "/"))
  end
  assert(depth < DEPTH_MAX, "too deep for JSON")
  return (value[1] ~= nil and encode_list or encode_object)(value, depth + 1)
end

function json.encode(value)
  return encode(value, 0)
end

-- Where the string that begins with the quote at `at` ends; nil: nowhere.
local function string_end(text, at)
  at = text:find('["\\]', at + 1)
  while at and text:byte(at) == 92 do
    at = text:find('["\\]', at + 2)
  end
  return at
end

-- Where the object that begins at `at` ends; nil: nowhere.
local function object_end(text, at)
  local depth = 0
  while at do
    local char = text:sub(at, at)
    if char == '"' then
      at = string_end(text, at)
    else
      depth = depth + (char == "{" and 1 or -1)
    end
    if depth == 0 then
      return at
    end
    at = at and text:find('[{}"]', at + 1)
  end
end

function json.objects(text)
  local at = 0
  return function()
    local first = text:find("{", at + 1, true)
    at = first and object_end(text, first)
    return at and text:sub(first, at)
  end
end

return json
