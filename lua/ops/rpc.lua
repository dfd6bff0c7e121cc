-- JSON-RPC 2.0: a line into a call, a result into a line. No I/O.
--
--   rpc.call(line, run)   run(method, params, reply) when the line is a proper call of a known method
--                         with proper arguments; else the error goes to `answer` at once
--
-- One object a line, no batches. Arguments are given by name. What is wrong with one is told in
-- words and in `data`: { field, expected, got }.
local grammar = require "ops.toml_grammar"
local json = require "ops.json"
local methods = require "ops.methods"
local types = require "ops.types"

local rpc = {
  PARSE_ERROR = -32700,
  INVALID_REQUEST = -32600,
  NO_METHOD = -32601,
  INVALID_PARAMS = -32602,
  INTERNAL = -32603,
  REFUSED = -32000,
  BUSY = -32001,
  UNREACHABLE = -32002, -- said by the client: no node answers
}

local GOT_MAX = 64

-- A value as JSON, cut for a message.
local function shown(value)
  if value == nil then
    return "nothing"
  end
  local ok, text = pcall(json.encode, value)
  text = ok and text or type(value)
  return #text > GOT_MAX and text:sub(1, GOT_MAX):gsub("[\128-\255]*$", "") .. "..." or text
end

local function failure(code, message, data)
  return { code = code, message = message, data = data }
end

local function wrong(param, value)
  local expected = types.expected(param)
  local message = value == nil and ("%s is missing: give %s"):format(param.name, expected)
    or ("%s must be %s, got %s"):format(param.name, expected, shown(value))
  return failure(rpc.INVALID_PARAMS, message,
    { field = param.name, expected = expected, got = shown(value) })
end

local function unknown_argument(method, name)
  local names = {}
  for i, param in ipairs(method.params) do
    names[i] = param.name
  end
  local known = #names > 0 and table.concat(names, ", ") or "no arguments"
  return failure(rpc.INVALID_PARAMS,
    ("%s has no argument %s; it takes %s"):format(method.name, shown(name), known),
    { field = tostring(name):sub(1, GOT_MAX), expected = known, got = shown(name) })
end

-- The arguments as the node wants them, defaults filled in; nil and a failure.
function rpc.arguments(method, given)
  local known, checked = {}, {}
  for _, param in ipairs(method.params) do
    known[param.name] = true
    local value = given[param.name]
    if value == json.null then
      value = nil
    end
    if value == nil and param.required then
      return nil, wrong(param, nil)
    elseif value == nil then
      value = param.default
    end
    if value ~= nil then
      local fits, normal = types.check(param, value)
      if not fits then
        return nil, wrong(param, value)
      end
      checked[param.name] = normal
    end
  end
  for name in pairs(given) do
    if not known[name] then
      return nil, unknown_argument(method, name)
    end
  end
  return checked
end

-- 1e999 is a number of JSON, but none that can be written again.
local function is_finite(value)
  return type(value) == "number" and math.abs(value) < math.huge
end

local function id_text(id)
  if type(id) == "number" and id % 1 == 0 and math.abs(id) < 2 ^ 53 then
    return ("%.0f"):format(id)
  elseif type(id) == "string" or is_finite(id) then
    return json.encode(id)
  end
  return "null"
end

function rpc.error_line(id, fault)
  return ('{"jsonrpc":"2.0","id":%s,"error":%s}\n'):format(id_text(id), json.encode(fault))
end

function rpc.result_line(id, text)
  return ('{"jsonrpc":"2.0","id":%s,"result":%s}\n'):format(id_text(id), text)
end

function rpc.notification_line(method, text)
  return ('{"jsonrpc":"2.0","method":"%s","params":%s}\n'):format(method, text)
end

local function decode(line)
  if grammar.invalid_utf8(line) then
    return nil, failure(rpc.PARSE_ERROR, "the line is not UTF-8 text")
  end
  local ok, request = pcall(json.decode, line)
  if not ok then
    return nil, failure(rpc.PARSE_ERROR, "not JSON: " .. tostring(request):sub(1, 160))
  end
  return request
end

local function is_object(value)
  return type(value) == "table" and value[1] == nil
end

-- What is wrong with the frame of a call, whatever its method; nil: nothing.
local function frame_fault(request)
  if not is_object(request) then
    return "a request is one object a line; there are no batches"
  elseif request.jsonrpc ~= "2.0" then
    return 'jsonrpc must be "2.0", got ' .. shown(request.jsonrpc)
  elseif type(request.method) ~= "string" then
    return "method must be a text, got " .. shown(request.method)
  elseif request.params ~= nil and not is_object(request.params) then
    return "params must be an object: arguments are given by name"
  end
  local id = request.id
  if id ~= nil and id ~= json.null and type(id) ~= "string" and not is_finite(id) then
    return "id must be a text, a number or null, got " .. shown(id)
  end
end

local function unknown_method(name)
  local nearest = methods.nearest(name)
  return failure(rpc.NO_METHOD, ("no method %s; %s"):format(shown(name),
    nearest and ("did you mean %s?"):format(nearest) or "see the method help"))
end

-- method, arguments, id | nil, failure, id. `wants_no_answer` of a notification is the fourth.
function rpc.read(line)
  local request, fault = decode(line)
  if request == nil then
    return nil, fault
  end
  fault = frame_fault(request)
  if fault then
    return nil, failure(rpc.INVALID_REQUEST, fault), type(request) == "table" and request.id or nil
  end
  local is_notification = request.id == nil
  local method = methods.by_name[request.method]
  if not method then
    return nil, unknown_method(request.method), request.id, is_notification
  end
  local arguments, wrong_argument = rpc.arguments(method, request.params or {})
  if not arguments then
    return nil, wrong_argument, request.id, is_notification
  end
  return method, arguments, request.id, is_notification
end

return rpc
