-- What the table of methods says, for programs and for people.
--
--   reference.json(name)   {"methods":[...]}; name nil: all. nil and why when there is none
local cjson = require "cjson"
local methods = require "ops.methods"
local types = require "ops.types"

local reference = {}

local function list(items, show)
  local texts = {}
  for i, item in ipairs(items) do
    texts[i] = show(item)
  end
  return "[" .. table.concat(texts, ",") .. "]"
end

local function param_json(param)
  return cjson.encode {
    name = param.name, type = param.type, doc = param.doc, required = param.required or false,
    default = param.default, expected = types.expected(param),
  }
end

local function field_json(field)
  local name, kind, doc = field[1], field[2], field[3]
  if type(kind) == "table" then
    return ('{"name":%s,"kind":%s,"doc":%s,"fields":%s}'):format(cjson.encode(name),
      kind.is_object and '"object"' or '"list"', cjson.encode(doc), list(kind, field_json))
  end
  return cjson.encode { name = name, kind = kind, doc = doc }
end

local function method_json(method)
  return ('{"name":%s,"doc":%s,"params":%s,"result":%s,"example":%s}'):format(
    cjson.encode(method.name), cjson.encode(method.doc), list(method.params, param_json),
    list(method.result, field_json), cjson.encode(method.example))
end

-- The method of this name, written with a dot or a space.
function reference.find(name)
  local method = methods.by_name[name] or methods.by_name[(name:gsub(" ", "."))]
  if method then
    return method
  end
  local nearest = methods.nearest(name)
  return nil, ("there is no method %s%s"):format(name,
    nearest and ", did you mean " .. nearest .. "?" or "")
end

function reference.json(name)
  if not name then
    return '{"methods":' .. list(methods.list, method_json) .. "}"
  end
  local method, cause = reference.find(name)
  return method and '{"methods":' .. list({ method }, method_json) .. "}", cause
end

return reference
