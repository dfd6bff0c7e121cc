-- `luapex ctl`: a command line into one request, the answer into text.
--
--   client.main(words, host) -> exit status
--
-- host.socket_path(home) and host.read_policy(path) are what it needs of the machine.
local uv = require "luv"
local clean = require "ops.clean"
local commands = require "ops.commands"
local connection = require "ops.connection"
local help = require "ops.help"
local json = require "ops.json"
local methods = require "ops.methods"
local output = require "ops.output"
local render = require "ops.render"
local rpc = require "ops.rpc"
local types = require "ops.types"

local client = {}

local OK, FAILED, MISUSE = 0, 1, 2

local say = output.say

local function complain(text)
  io.stderr:write("luapex ctl: ", clean.text(text), "\n")
end

-- What ends a command early: thrown, caught in main. `fault` is what programs are told.
local function stop(code, format, ...)
  local message = format:format(...)
  error({ code = code, fault = { code = code == MISUSE and rpc.INVALID_PARAMS or rpc.UNREACHABLE,
    message = message } }, 0)
end

-- ---- the command line --------------------------------------------------------------------------

local own_flags = { home = "value", socket = "value", tcp = "value", token = "value",
  json = "switch", help = "switch" }

local function param_of(method, name)
  for _, param in ipairs(method.params) do
    if param.name == name and not param.place then
      return param
    end
  end
end

local function place_of(method, n)
  local at = 0
  for _, param in ipairs(method.params) do
    if param.place then
      at = at + 1
      if at == n then
        return param
      end
    end
  end
end

-- A value of the command line as the socket takes it.
local function value_of(method, param, text, host)
  if param.type == "source" then
    local source, cause = host.read_policy(text)
    if not source then
      stop(FAILED, "%s", cause)
    end
    return source
  end
  local value = types.read(param, text)
  if value == nil then
    stop(MISUSE, "%s must be %s, got %s (see luapex ctl help %s)", param.name,
      types.expected(param), text, help.spelled(method))
  end
  return value
end

-- The method that the next one or two words name, and how many they were.
local function find_method(words, at)
  local one, two = words[at], words[at + 1]
  local pair = two and methods.by_name[one .. "." .. two]
  if pair then
    return pair, 2
  end
  local method = methods.by_name[one] or commands.by_name[one]
  if method then
    return method, 1
  end
  local nearest = methods.nearest(one)
  stop(MISUSE, "there is no method %s%s; see luapex ctl help", one,
    nearest and (", did you mean %s?"):format((nearest:gsub("%.", " "))) or "")
end

local Line = {}
Line.__index = Line

function Line:take_value(name, given)
  if given then
    return given
  end
  self.at = self.at + 1
  return self.words[self.at] or stop(MISUSE, "--%s needs a value", name)
end

function Line:take_flag(word)
  local name, given = word:match "^%-%-([%w_-]+)=(.*)$"
  name = (name or word:sub(3)):gsub("-", "_")
  local own = own_flags[name]
  if own == "switch" then
    self.own[name] = true
    return
  elseif own then
    self.own[name] = self:take_value(name, given)
    return
  end
  local param = self.method and param_of(self.method, name)
  if not param and not self.method then
    stop(MISUSE, "unknown flag %s; flags of a method come after its name", word)
  elseif not param then
    stop(MISUSE, "%s has no flag %s (see luapex ctl help %s)", help.spelled(self.method), word,
      help.spelled(self.method))
  elseif param.type == "boolean" and not given then
    self.arguments[name] = true
  else
    self.arguments[name] = value_of(self.method, param, self:take_value(name, given), self.host)
  end
end

-- "policy shadow off" is as good as "policy shadow --off".
function Line:take_off(word)
  local off = word == "off" and param_of(self.method, "off")
  if off then
    self.arguments.off = true
  end
  return off
end

function Line:take_word(word)
  if not self.method and (word == "help" or word == "completion") then
    self.local_words = { unpack(self.words, self.at) }
    self.at = #self.words
    return
  elseif not self.method then
    local n
    self.method, n = find_method(self.words, self.at)
    self.at = self.at + n - 1
    return
  end
  if self:take_off(word) then
    return
  end
  self.places = self.places + 1
  local param = place_of(self.method, self.places)
  if not param then
    local nearest = methods.nearest(self.method.name .. "." .. word)
    stop(MISUSE, "%s takes no further word: %s (%s)", help.spelled(self.method), word,
      nearest and "did you mean " .. nearest:gsub("%.", " ") .. "?"
        or "see luapex ctl help " .. help.spelled(self.method))
  end
  self.arguments[param.name] = value_of(self.method, param, word, self.host)
end

-- { method, arguments, own = { home, socket, json, help } }, or local_words: what needs no node.
local function read_line(words, host)
  local line = setmetatable({ words = words, host = host, at = 1, places = 0, own = {},
    arguments = {} }, Line)
  local only_words = false
  while line.at <= #words do
    local word = words[line.at]
    if word == "--" and not only_words then
      only_words = true
    elseif word == "-h" and not only_words then
      line.own.help = true
    elseif word:find "^%-%-" and not only_words then
      line:take_flag(word)
    else
      line:take_word(word)
    end
    line.at = line.at + 1
  end
  return line
end

-- A request and what follows from it, until on_line has the connection end; throws when it breaks.
local function talk(place, request, on_line)
  local code, cause = connection.talk(place, request, on_line)
  return code or stop(FAILED, "%s", cause)
end

-- ---- the answer --------------------------------------------------------------------------------

local is_terminal = uv.guess_handle(1) == "tty" and not os.getenv "NO_COLOR"

-- The text of the result as the node wrote it, its fields in its order.
local function result_text(line)
  return line:match '^{"jsonrpc":"2.0","id":1,"result":(.*)}$'
end

-- JSON leaves DEL and U+0080 to U+009F as they are; a terminal may obey them.
local function escaped(text)
  return (text:gsub("\127", "\\u007f"):gsub("\194([\128-\159])", function(last)
    return ("\\u00%02x"):format(last:byte())
  end))
end

local function show_result(line, answer)
  if line.own.json and line.arguments.follow then -- a line for each event, as those that follow
    for event in json.objects(result_text(answer):match '"events":(.*)') do
      say(escaped(event) .. "\n")
    end
  elseif line.own.json then
    say(escaped(result_text(answer)) .. "\n")
  else
    say(render.result(line.method, json.decode(result_text(answer)), is_terminal))
  end
end

local function show_notification(line, text, decoded)
  if decoded.method == "lost" then
    complain(("%d events came too fast and are left out"):format(decoded.params.events))
  elseif line.own.json then
    say(escaped(text:match '"params":(.*)}$') .. "\n")
  else
    say(render.record(decoded.params))
  end
end

local function show_failure(fault, is_json)
  if is_json then
    say(escaped(json.encode { error = fault }) .. "\n")
  end
  complain(fault.message)
end

local function follow(wire)
  wire.follows = true
  wire.timer:stop()
  output.on_reader_gone(function()
    wire:finish(OK)
  end)
end

-- Returns the exit status if nothing is to follow.
local function take_answer(line, wire, text)
  local decoded = json.decode(text)
  if decoded.error then
    show_failure(decoded.error, line.own.json)
    return decoded.error.code == rpc.INVALID_PARAMS and MISUSE or FAILED
  elseif decoded.method then
    show_notification(line, text, decoded)
  elseif decoded.id == 1 then
    show_result(line, text)
    if not line.arguments.follow then
      return OK
    end
    follow(wire)
  end
end

local function ask(line, place)
  local request = ('{"jsonrpc":"2.0","id":1,"method":%s,"params":%s}\n'):format(
    json.encode(line.method.name), json.encode(line.arguments))
  return talk(place, request, function(wire, text)
    local code = take_answer(line, wire, text)
    if code or output.fault then
      wire:finish(code or FAILED)
    end
  end)
end

-- ---- all ---------------------------------------------------------------------------------------

local function read_token(path)
  local file, cause = io.open(path)
  if not file then
    stop(FAILED, "--token: %s; give the file of control.token_file", cause)
  end
  local token = file:read "*l"
  file:close()
  return token or stop(FAILED, "%s is empty; give the file of control.token_file", path)
end

local function tcp_place(line)
  local host, port = line.own.tcp:match "^%[?([%x.:]-)%]?:(%d+)$"
  port = tonumber(port)
  if not port or port < 1 or port > 65535 or not (host:find "^127%.[%d.]+$" or host == "::1") then
    stop(MISUSE, "--tcp must be 127.0.0.1:PORT or [::1]:PORT, got %s", line.own.tcp)
  elseif not line.own.token then
    stop(MISUSE, "--tcp needs --token FILE, the file of control.token_file")
  end
  return { ip = host, port = port, token = read_token(line.own.token) }
end

local function place_of_node(line, host)
  if line.own.tcp then
    return tcp_place(line)
  elseif line.own.token then
    stop(MISUSE, "--token is for --tcp")
  elseif line.own.socket then
    return { path = line.own.socket }
  end
  local path, cause = host.socket_path(line.own.home)
  return { path = path or stop(FAILED, "%s", cause) }
end

local function run_command(command, arguments, place, host)
  local code, cause = require("ops." .. command.name).run(place, arguments, host)
  return code or stop(FAILED, "%s", cause)
end

local function run(words, host)
  local line = read_line(words, host)
  if line.local_words then
    local text, cause = help.answer(line.local_words, line.own.json)
    say(text or stop(MISUSE, "%s", cause))
    return OK
  elseif line.own.help or not line.method then
    say(help.page(line.method))
    return line.own.help and OK or MISUSE
  end
  for _, param in ipairs(line.method.params) do
    if param.type == "source" and param.required and line.arguments[param.name] == nil then
      stop(MISUSE, "which policy? Give a .lua file (see luapex ctl help %s)",
        help.spelled(line.method))
    end
  end
  local arguments, wrong = rpc.arguments(line.method, line.arguments)
  if not arguments then
    stop(MISUSE, "%s (see luapex ctl help %s)", wrong.message, help.spelled(line.method))
  end
  if line.method.is_local and line.own.json then
    stop(MISUSE, "%s draws for people; for programs are status, peers, book, policy and events",
      help.spelled(line.method))
  elseif line.method.is_local or line.method.name == "repl" and arguments.eval == "" then
    return run_command(line.method, arguments, place_of_node(line, host), host)
  end
  return ask(line, place_of_node(line, host))
end

-- Also of a line that cannot be read.
local function wants_json(words)
  for _, word in ipairs(words) do
    if word == "--json" or word == "--" then
      return word == "--json"
    end
  end
end

local function caught(thrown)
  return type(thrown) == "table" and thrown
    or { code = FAILED, fault = { code = rpc.INTERNAL, message = debug.traceback(thrown, 2) } }
end

function client.main(words, host)
  local ok, result = xpcall(run, caught, words, host)
  if not ok then
    show_failure(result.fault, wants_json(words))
    result = result.code
  end
  if output.fault and output.fault.message then
    complain(output.fault.message)
  end
  return output.fault and output.fault.code or result
end

return client
