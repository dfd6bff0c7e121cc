-- `luapex ctl`: a command line into one request, the answer into text.
--
--   client.main(words, host) -> exit status
--
-- host.socket_path(home) and host.read_policy(path) are what it needs of the machine.
local uv = require "luv"
local connection = require "ops.connection"
local handles = require "ops.handles"
local help = require "ops.help"
local methods = require "ops.methods"
local render = require "ops.render"
local rpc = require "ops.rpc"
local top = require "ops.top"
local types = require "ops.types"

local client = {}

local OK, FAILED, MISUSE = 0, 1, 2

local function say(text)
  io.stdout:write(text)
end

local function complain(text)
  io.stderr:write("luapex ctl: ", text, "\n")
end

-- What ends a command early: thrown, caught in main.
local function stop(code, format, ...)
  error({ code = code, message = format:format(...) }, 0)
end

-- ---- the command line --------------------------------------------------------------------------

local own_flags = { home = "value", socket = "value", json = "switch", help = "switch" }

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
  local method = methods.by_name[one]
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
  if not self.method and word == "top" then
    self.method, self.is_top = { name = "top", params = {} }, true
    return
  elseif not self.method and (word == "help" or word == "completion") then
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
    stop(MISUSE, "%s takes no further word: %s (see luapex ctl help %s)", help.spelled(self.method),
      word, help.spelled(self.method))
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
local function talk(path, request, on_line)
  local code, cause = connection.talk(path, request, on_line)
  return code or stop(FAILED, "%s", cause)
end

-- ---- the answer --------------------------------------------------------------------------------

local is_terminal = uv.guess_handle(1) == "tty" and not os.getenv "NO_COLOR"

-- The text of the result as the node wrote it, its fields in its order.
local function result_text(line)
  return line:match '^{"jsonrpc":"2.0","id":1,"result":(.*)}$'
end

local function show_result(line, answer)
  if line.own.json and line.arguments.follow then -- a line for each event, as those that follow
    for _, event in ipairs(rpc.json.decode(result_text(answer)).events) do
      say(rpc.json.encode(event) .. "\n")
    end
    io.stdout:flush()
  elseif line.own.json then
    say(result_text(answer) .. "\n")
  else
    say(render.result(line.method, rpc.json.decode(result_text(answer)), is_terminal))
  end
end

local function show_notification(line, text, decoded)
  if decoded.method == "lost" then
    complain(("%d events came too fast and are left out"):format(decoded.params.events))
  elseif line.own.json then
    say(text:match '"params":(.*)}$' .. "\n")
  else
    say(render.record(decoded.params))
  end
  io.stdout:flush()
end

local function show_failure(line, fault)
  if line.own.json then
    say(rpc.json.encode(fault) .. "\n")
  end
  complain(fault.message)
  return fault.code == rpc.INVALID_PARAMS and MISUSE or FAILED
end

local function request_line(id, method, arguments)
  return ('{"jsonrpc":"2.0","id":%d,"method":%s,"params":%s}\n'):format(id,
    rpc.json.encode(method), rpc.json.encode(arguments))
end

local function ask(line, path)
  return talk(path, request_line(1, line.method.name, line.arguments), function(wire, answer)
    local decoded = rpc.json.decode(answer)
    if decoded.error then
      wire:finish(show_failure(line, decoded.error))
    elseif decoded.method then
      show_notification(line, answer, decoded)
    elseif decoded.id == 1 then
      show_result(line, answer)
      if line.arguments.follow then
        wire.follows = true
        wire.timer:stop()
      else
        wire:finish(OK)
      end
    end
  end)
end

-- ---- top ---------------------------------------------------------------------------------------

local TOP_MS = 1000
local HOME, CLEAR_LINE, CLEAR_REST = "\27[H", "\27[K", "\27[J"
local OTHER_SCREEN, OWN_SCREEN = "\27[?1049h\27[?25l", "\27[?25h\27[?1049l"

local function questions()
  local lines = {}
  for id, question in ipairs(top.questions) do
    lines[id] = request_line(id, question[1], question[2])
  end
  return table.concat(lines)
end

-- Keys come one by one; q or Ctrl-C ends.
local function watch_keys(wire)
  wire.keys = handles.tty(0)
  wire.keys:set_mode(1)
  wire.keys:read_start(function(_, keys)
    if not keys or keys:find "[qQ\3]" then
      wire:finish(OK)
    end
  end)
end

local function draw(screen, now, before)
  local columns, rows = screen:get_winsize()
  local size = { rows = (rows or 0) > 0 and rows or 24, columns = (columns or 0) > 0 and columns or 80 }
  local lines = top.screen(now, before, size)
  say(HOME .. table.concat(lines, CLEAR_LINE .. "\r\n") .. CLEAR_LINE .. CLEAR_REST)
  io.stdout:flush()
end

-- On a terminal until a key ends it; elsewhere once.
local function show_top(path)
  local is_live = uv.guess_handle(0) == "tty" and uv.guess_handle(1) == "tty"
  local now, before, screen = {}, nil, nil
  local function next_look(wire)
    now, before = {}, now
    wire.pipe:write(questions())
    wire:be_patient()
  end
  local function take(wire, text)
    local answer = rpc.json.decode(text)
    if answer.error then
      return wire:fail(answer.error.message)
    end
    now[answer.id] = answer.result
    if #now < #top.questions then
      return
    end
    now.at = uv.hrtime() / 1e9
    if not is_live then
      say(table.concat(top.screen(now, nil, { rows = 40, columns = 160 }), "\n") .. "\n")
      return wire:finish(OK)
    elseif not screen then
      say(OTHER_SCREEN)
      screen = handles.tty(1)
      watch_keys(wire)
    end
    draw(screen, now, before)
    wire.timer:start(TOP_MS, 0, function()
      next_look(wire)
    end)
  end
  local ok, result = pcall(talk, path, questions(), take)
  if screen then
    uv.tty_reset_mode()
    say(OWN_SCREEN)
  end
  return ok and result or error(result, 0)
end

-- ---- all ---------------------------------------------------------------------------------------

local function socket_of(line, host)
  if line.own.socket then
    return line.own.socket
  end
  local path, cause = host.socket_path(line.own.home)
  return path or stop(FAILED, "%s", cause)
end

local function run(words, host)
  local line = read_line(words, host)
  if line.local_words then
    local text, cause = help.answer(line.local_words, line.own.json)
    say(text or stop(MISUSE, "%s", cause))
    return OK
  elseif line.is_top and not line.own.help then
    return show_top(socket_of(line, host))
  elseif line.own.help or not line.method then
    say(help.page(not line.is_top and line.method or nil))
    return line.own.help and OK or MISUSE
  end
  local arguments, wrong = rpc.arguments(line.method, line.arguments)
  if not arguments then
    stop(MISUSE, "%s (see luapex ctl help %s)", wrong.message, help.spelled(line.method))
  end
  return ask(line, socket_of(line, host))
end

function client.main(words, host)
  local ok, result = xpcall(run, function(fault)
    return type(fault) == "table" and fault or { code = FAILED, message = debug.traceback(fault, 2) }
  end, words, host)
  if ok then
    return result
  end
  complain(result.message)
  return result.code
end

return client
