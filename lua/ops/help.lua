-- `luapex ctl help`, from the table of methods.
--
--   help.answer(words, as_json)   what the words "help ..." or "completion ..." ask for; nil and why
--   help.page(method)    its page; nil: the list of all
--   help.spelled(method) as on the command line: "policy load"
local commands = require "ops.commands"
local completion = require "ops.completion"
local methods = require "ops.methods"
local reference = require "ops.reference"
local types = require "ops.types"

local help = {}

local COLUMN = 22
local WIDTH = 96

function help.spelled(method)
  return (method.name:gsub("%.", " "))
end

local function wrapped(text, indent)
  local lines, line = {}, ""
  for word in text:gmatch "%S+" do
    if line ~= "" and #line + #word + 1 > WIDTH - indent then
      lines[#lines + 1], line = line, word
    else
      line = line == "" and word or line .. " " .. word
    end
  end
  lines[#lines + 1] = line
  return table.concat(lines, "\n" .. (" "):rep(indent))
end

local function entry(left, text)
  local start = "  " .. left
  local gap = #start + 2 <= COLUMN and (" "):rep(COLUMN - #start) or "\n" .. (" "):rep(COLUMN)
  return start .. gap .. wrapped(text, COLUMN) .. "\n"
end

local function param_left(param)
  if param.place then
    return param.name:upper()
  elseif param.type == "boolean" then
    return "--" .. param.name
  end
  return ("--%s %s"):format(param.name, param.type:upper())
end

local function param_text(param)
  local default = param.default
  local suffix = default ~= nil and default ~= "" and default ~= false
    and (" [%s]"):format(tostring(default)) or ""
  local expected = param.type ~= "boolean" and param.type ~= "source"
    and "; " .. types.expected(param) or ""
  return param.doc .. expected .. suffix
end

local function field_lines(fields, prefix)
  local lines = {}
  for _, field in ipairs(fields) do
    local kind = field[2]
    lines[#lines + 1] = entry(prefix .. field[1], field[3])
    if type(kind) == "table" then
      lines[#lines + 1] = field_lines(kind, prefix .. "  ")
    end
  end
  return table.concat(lines)
end

local function kind_lines(kinds)
  local lines = {}
  for i, kind in ipairs(kinds) do
    lines[i] = entry(kind[1], kind[2])
  end
  return table.concat(lines)
end

local function method_page(method)
  local texts = { reference.usage(method), "\n\n", wrapped(method.doc, 0), "\n" }
  if #method.params > 0 then
    texts[#texts + 1] = "\nArguments:\n"
    for _, param in ipairs(method.params) do
      texts[#texts + 1] = entry(param_left(param), param_text(param))
    end
  end
  if #method.result > 0 then
    texts[#texts + 1] = "\nResult (with --json):\n" .. field_lines(method.result, "")
  end
  if method.kinds then
    texts[#texts + 1] = "\nKinds:\n" .. kind_lines(method.kinds)
  end
  texts[#texts + 1] = ("\nExample:\n  luapex ctl %s\n"):format(method.example)
  return table.concat(texts)
end

local function list_page()
  local texts = { "Usage: luapex ctl [--home DIR | --socket PATH | --tcp 127.0.0.1:PORT --token FILE]\n"
    .. "                  [--json] METHOD [ARGUMENTS]\n\n",
    "Talks to a running node over the control socket in its home. Methods:\n\n" }
  for _, method in ipairs(methods.list) do
    texts[#texts + 1] = entry(help.spelled(method), methods.summary(method))
  end
  texts[#texts + 1] = "\nOn a terminal:\n\n"
  for _, command in ipairs(commands.list) do
    texts[#texts + 1] = entry(command.name, methods.summary(command))
  end
  texts[#texts + 1] = "\nluapex ctl help METHOD: its arguments and what it gives.\n"
    .. "luapex ctl completion bash (or zsh): completion for a shell.\n\n"
    .. "Exit status: 0 done, also a list of nothing; 1 the node does not have what is named, refuses, or\n"
    .. "is not there; 2 the words are wrong whatever the node has: an unknown method, flag or setting, or\n"
    .. "a value that is malformed or out of its range.\n"
  return table.concat(texts)
end

function help.page(method)
  return method and method_page(method) or list_page()
end

function help.answer(words, as_json)
  if words[1] == "completion" then
    return completion.script(words[2])
  end
  if words[2] == "--markdown" then
    return reference.markdown()
  end
  local name = words[2] and table.concat(words, ".", 2)
  if as_json then
    local text, cause = reference.json(name)
    return text and text .. "\n", cause
  elseif not name then
    return help.page()
  end
  local method, cause = commands.by_name[name], nil
  if not method then
    method, cause = reference.find(name)
  end
  return method and help.page(method), cause
end

return help
