-- What a line of `luapex ctl repl` sees: runs in a VM of its own (core/ops/evaluator.h), with the
-- globals of the sandbox, the methods of the control socket as functions, and its own variables.
--
--   prompt(methods, call) -> { run(text) -> whether the text is whole, take_output() -> text }
--
-- methods: { { name, places = { names of arguments in order } }, ... };
-- call(name, arguments): the result, or raises why not.
local host = ...
local import = host.import
local order = import "lua/prelude/order.lua"
local values = import "lua/prelude/values.lua"

local type, next, error, select, tostring, load = type, next, error, select, tostring, load
local rawget, rawset, setmetatable = rawget, rawset, setmetatable
local format, gmatch, gsub, match, rep, concat = string.format, string.gmatch, string.gsub,
  string.match, string.rep, table.concat
local byte = string.byte

local shared = import "lua/globals.lua" "at the prompt"

local OUTPUT_MAX = 64 * 1024
local DEPTH_MAX = 8

-- ---- what is printed -----------------------------------------------------------------------------

local parts, size = {}, 0

local function put(text)
  size = size + #text
  if size > OUTPUT_MAX then
    error("limit of output reached: 64 KiB", 0)
  end
  parts[#parts + 1] = text
end

local function escape(char)
  return char == "\n" and "\\n" or format("\\%03d", byte(char))
end

local function quoted(text)
  return '"' .. gsub(gsub(text, '[\\"]', "\\%0"), "[%z\1-\31\127]", escape) .. '"'
end

local function scalar(value)
  local kind = type(value)
  if kind == "string" then
    return quoted(value)
  elseif kind == "number" then
    return format("%.14g", value)
  elseif kind == "boolean" or kind == "nil" then
    return tostring(value)
  end
  return "[" .. kind .. "]"
end

-- Keys that have an order in it, then the others.
local function keys_of(t)
  local keys, others = {}, {}
  for key in next, t do
    local kind = type(key)
    local into = (kind == "string" or kind == "number" or kind == "boolean") and keys or others
    into[#into + 1] = key
  end
  order.sort(keys, function(a, b)
    if type(a) ~= type(b) then
      return type(a) < type(b)
    elseif type(a) == "boolean" then
      return not a and b
    end
    return a < b
  end)
  for _, key in next, others do
    keys[#keys + 1] = key
  end
  return keys
end

local function key_text(key)
  if type(key) == "string" and match(key, "^[%a_][%w_]*$") then
    return key .. " = "
  end
  return "[" .. scalar(key) .. "] = "
end

local function holds_tables(t)
  for _, value in next, t do
    if type(value) == "table" then
      return true
    end
  end
  return false
end

-- A table without others on one line, else an entry a line. Depth is bounded.
local function put_value(value, depth)
  if type(value) ~= "table" then
    return put(scalar(value))
  elseif depth > DEPTH_MAX then
    return put "{...}"
  elseif next(value) == nil then
    return put "{}"
  end
  local is_flat = not holds_tables(value)
  put(is_flat and "{ " or "{\n")
  local n = 0
  for i, key in next, keys_of(value) do
    n = n + 1
    put(is_flat and (i > 1 and ", " or "") or rep("  ", depth))
    put(key == n and "" or key_text(key))
    put_value(rawget(value, key), depth + 1)
    put(is_flat and "" or ",\n")
  end
  put(is_flat and " }" or rep("  ", depth - 1) .. "}")
end

local function put_all(n, ...)
  for i = 1, n do
    put_value((select(i, ...)), 1)
    put "\n"
  end
end

local function print(...)
  for i = 1, select("#", ...) do
    local value = select(i, ...)
    put(i > 1 and "\t" or "")
    if type(value) == "string" then
      put(value)
    else
      put_value(value, 1)
    end
  end
  put "\n"
end

-- ---- methods -------------------------------------------------------------------------------------

local function is_source(value)
  return type(value) == "table" and rawget(value, "text") ~= nil
end

-- Arguments in their order, the others in a table at the end: ban("10.0.0.0/8", { duration = "1h" }).
local function function_of(method, call)
  return function(...)
    local arguments, n = {}, select("#", ...)
    for i = 1, n do
      local value = select(i, ...)
      local place = method.places[i]
      if type(value) == "table" and i == n and not (place == "source" and is_source(value)) then
        for key, entry in next, value do
          arguments[key] = entry
        end
      elseif place then
        arguments[place] = value
      else
        error(("%s takes no argument %d; give others by name: %s { name = value }"):format(
          method.name, i, method.name), 2)
      end
    end
    return call(method.name, arguments)
  end
end

-- `book` is both a method and what `book.find` is in.
local function group(name, main, members)
  local function absent(_, key)
    error(("%s has no method '%s'"):format(name, values.tostring(key)), 2)
  end
  local function read_only()
    error(name .. " is read-only", 2)
  end
  return setmetatable({}, {
    __index = setmetatable(members, { __index = absent }),
    __newindex = read_only,
    __call = main and function(_, ...)
      return main(...)
    end,
    __metatable = false,
  })
end

local function functions_of(methods, call)
  local functions, members = {}, {}
  for _, method in next, methods do
    local first, second = match(method.name, "^([^.]+)%.?(.*)$")
    if second == "" then
      functions[first] = function_of(method, call)
    else
      members[first] = members[first] or {}
      members[first][second] = function_of(method, call)
    end
  end
  for name, of in next, members do
    functions[name] = group(name, functions[name], of)
  end
  return functions
end

-- ---- lines ---------------------------------------------------------------------------------------

local is_farewell = { quit = true, exit = true }

local function absence(key, lost)
  if is_farewell[key] then
    return "Ctrl-D leaves"
  elseif lost[key] then
    return ("'%s' was local, and a local ends with its line; without local it stays"):format(key)
  end
  return ("no variable '%s'; help() lists what there is"):format(values.tostring(key))
end

-- Notes the names that a line makes local: "local a, b = 1, 2", "local function f() end".
local function note_locals(text, lost)
  for names in gmatch(gsub(text, "local%s+function%s", "local "), "%f[%w_]local%s+([%a_][%w_%s,]*)") do
    for name in gmatch(names, "[%a_][%w_]*") do
      lost[name] = true
    end
  end
end

-- Variables that are set stay; what is there from the beginning does. lost: names of locals of
-- lines that are over.
local function environment(fixed, lost)
  return setmetatable({}, {
    __index = function(_, key)
      local value = fixed[key]
      if value == nil then
        error(absence(key, lost), 2)
      end
      return value
    end,
    __newindex = function(variables, key, value)
      if fixed[key] ~= nil then
        error(("'%s' is there already and stays; choose another name"):format(
          values.tostring(key)), 2)
      end
      rawset(variables, key, value)
    end,
    __metatable = false,
  })
end

local function compile(text, env)
  local chunk = load("return " .. text, "=prompt", "t", env)
  if chunk then
    return chunk
  end
  return load(text, "=prompt", "t", env)
end

return function(methods, call)
  local fixed = functions_of(methods, call)
  for name, value in next, shared do
    fixed[name] = value
  end
  fixed.print = print
  function fixed.help(name)
    put(call("help", { method = name }).text)
  end
  local lost = {}
  local env = environment(fixed, lost)

  local function run(text)
    values.begin_call()
    local chunk, problem = compile(text, env)
    if chunk then
      note_locals(text, lost)
      local function finish(...)
        put_all(select("#", ...), ...)
      end
      finish(chunk())
      return true
    elseif match(problem, "'<eof>'$") or match(problem, "unfinished long [%a]+ near") then
      put(problem)
      return false
    end
    error(problem, 0)
  end

  local function take_output()
    local text = concat(parts)
    parts, size = {}, 0
    return text
  end

  return { run = run, take_output = take_output }
end
