-- What the table of methods says, for programs and for people.
--
--   reference.json(name)     {"methods":[...]}; name nil: all. nil and why when there is none
--   reference.markdown()     the whole table as a page; lua/ops/methods/README.md is one
--   reference.usage(method)  "luapex ctl dial ADDRESS [FLAGS]"
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

function reference.usage(method)
  local words, has_flags = { "luapex ctl " .. method.name:gsub("%.", " ") }, false
  for _, param in ipairs(method.params) do
    local name = param.name:upper()
    if param.place then
      words[#words + 1] = param.required and name or "[" .. name .. "]"
    else
      has_flags = true
    end
  end
  if has_flags then
    words[#words + 1] = "[FLAGS]"
  end
  return table.concat(words, " ")
end

local intro = [[
# Methods of the control socket

Made by `luapex ctl help --markdown` from the table in this folder; change the table. On the socket
arguments are given by name:

    {"jsonrpc":"2.0","id":1,"method":"ban","params":{"target":"10.0.0.0/8","duration":"2h"}}

On the command line words in capitals are given in their order, the others as `--name VALUE`. An
error has a code, a message and, when an argument is wrong, `data` with `field`, `expected` and
`got`. Below the arguments of a method stands what its result holds.

Not here: what a method does (`core/app/control/control_*.c`).
]]

local function param_line(param)
  local notes = { param.required and "needed" or nil }
  if param.default ~= nil and param.default ~= "" and param.default ~= false then
    notes[#notes + 1] = ("default `%s`"):format(tostring(param.default))
  end
  return ("| `%s` | %s%s | %s |"):format(param.name, types.expected(param):gsub("|", "\\|"),
    #notes > 0 and "; " .. table.concat(notes, ", ") or "", param.doc)
end

-- Of a list or an object: its fields behind it.
local function inner_text(kind)
  if type(kind) ~= "table" then
    return ""
  end
  local texts = {}
  for i, field in ipairs(kind) do
    texts[i] = ("`%s` %s"):format(field[1], field[3])
  end
  return ": " .. table.concat(texts, "; ")
end

local function kind_text(kind)
  return type(kind) ~= "table" and kind or kind.is_object and "object" or "list"
end

local function section(method)
  local lines = { ("## %s\n\n    %s\n\n%s\n"):format(method.name, reference.usage(method),
    method.doc) }
  if #method.params > 0 then
    lines[#lines + 1] = "| argument | is | for |\n|---|---|---|"
    for _, param in ipairs(method.params) do
      lines[#lines + 1] = param_line(param)
    end
    lines[#lines + 1] = ""
  end
  for _, field in ipairs(method.result) do
    lines[#lines + 1] = ("- `%s` (%s) %s%s"):format(field[1], kind_text(field[2]), field[3],
      inner_text(field[2]))
  end
  if method.kinds then
    lines[#lines + 1] = "\nKinds:\n"
    for _, kind in ipairs(method.kinds) do
      lines[#lines + 1] = ("- `%s` %s"):format(kind[1], kind[2])
    end
  end
  return table.concat(lines, "\n") .. "\n"
end

function reference.markdown()
  local texts = { intro }
  for _, method in ipairs(methods.list) do
    texts[#texts + 1] = section(method)
  end
  return table.concat(texts, "\n")
end

return reference
