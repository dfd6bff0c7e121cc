-- A control socket: clients, their lines, and what keeps one of them from costing the node anything.
--
--   local server = Server.new(ask, limits)       ask(name, params, done) is the node's side; done is
--                                                called with (text) or (nil, code, message, data);
--                                                limits: how many clients, and strangers
--   local port, cause = server:listen(place)     { path = } or { ip =, port =, admit = }
--
-- Who comes over TCP is a stranger until its first line has shown the token (gate.lua).
--
-- A client is read while it is owed few answers and takes those it gets: one that reads slowly is
-- not read from either, so what waits for it is bounded. One that follows events and does not keep up
-- is told so and dropped.
local evaluators = require "ops.evaluators"
local gate = require "ops.gate"
local handles = require "ops.handles"
local json = require "ops.json"
local listen = require "ops.listen"
local news = require "ops.news"
local reference = require "ops.reference"
local rpc = require "ops.rpc"

local LINE_MAX = 1024 * 1024 -- room for a policy of 256 KiB with its text escaped
local PARTS_MAX = 256 -- pieces of a line that are kept apart
local IN_FLIGHT_MAX = 8
local TURN_REQUESTS = 16 -- of one client, before others and the node have their turn
local EVENTS_HIGH = 128 * 1024 -- bytes that wait: a follower of events does not keep up
local FOLLOW_MS = 200 -- between two looks for events
local FOLLOW_MAX = 100 -- events of one look; who follows is told how many more there were
local OUTPUT_HIGH = 256 * 1024 -- bytes that wait: nothing more is read from that client
local FAREWELL_MS = 10000 -- for the last line of somebody who is dropped

local Client = {}
Client.__index = Client

local Server = {}
Server.__index = Server

-- ---- clients -----------------------------------------------------------------------------------

local function new_client(server, pipe, admit)
  return setmetatable({
    server = server,
    pipe = pipe,
    admit = admit, -- of a stranger: whether a token is the right one
    timer = handles.timer(), -- of its next turn, or of its end
    input = "", -- begins with a line that waits, or is empty
    parts = {}, -- of a line that has not come whole
    parts_size = 0,
    in_flight = 0,
    is_reading = false,
    is_open = true,
    follows = nil, -- arguments of the next look for events
  }, Client)
end

function Client:close()
  if self.is_open then
    self.is_open = false
    self.server.clients[self] = nil
    self:count(-1)
    evaluators.close(self)
    handles.close(self.pipe)
    handles.close(self.timer)
  end
end

function Client:count(change)
  local kind = self.admit and "strangers_n" or "clients_n"
  self.server[kind] = self.server[kind] + change
end

function Client:waiting()
  return self.pipe:get_write_queue_size()
end

function Client:send(line)
  if not self.is_open then
    return
  end
  local sent = self.pipe:write(line, function(fault)
    if fault then
      self:close()
    else
      self:work()
    end
  end)
  if not sent then
    self:close()
  end
end

-- A last line, if the client takes it in time; then it is gone.
function Client:dismiss(message, code, id)
  self.is_leaving, self.follows, self.input, self.parts = true, nil, "", {}
  self:stop_reading()
  self:send(rpc.error_line(id, { code = code or rpc.BUSY, message = message }))
  if not self.is_open then
    return
  end
  self.timer:start(FAREWELL_MS, 0, function()
    self:close()
  end)
  self.pipe:shutdown(function()
    self:close()
  end)
end

function Client:may_work()
  return self.is_open and not self.is_leaving and self.in_flight < IN_FLIGHT_MAX
    and self:waiting() < OUTPUT_HIGH
end

function Client:read()
  if self.is_reading then
    return
  end
  self.is_reading = true
  self.pipe:read_start(function(fault, bytes)
    if fault or not bytes then
      self:end_of_input()
    else
      self:take(bytes)
      self:work()
    end
  end)
end

function Client:stop_reading()
  if self.is_reading then
    self.is_reading = false
    self.pipe:read_stop()
  end
end

-- Who sends no more may still read the answers to what it sent. A follower that ends its side is gone.
function Client:end_of_input()
  self:stop_reading()
  self.has_ended = true
  if self.follows then
    self:close()
  else
    self:work()
  end
end

function Client:keep_part(bytes)
  self.parts[#self.parts + 1] = bytes
  self.parts_size = self.parts_size + #bytes
  if #self.parts > PARTS_MAX then
    self.parts = { table.concat(self.parts) }
  end
end

-- Nothing is read while lines wait, so `input` is empty here.
function Client:take(bytes)
  self:keep_part(bytes)
  if bytes:find("\n", 1, true) then
    self.input, self.parts, self.parts_size = table.concat(self.parts), {}, 0
  end
end

-- The next whole line; nil: none yet.
function Client:take_line()
  local line, rest = self.input:match "^([^\n]*)\n(.*)$"
  self.input = line and rest or self.input
  if self.input ~= "" and not self.input:find("\n", 1, true) then
    self:keep_part(self.input)
    self.input = ""
  end
  return line
end

function Client:work_soon()
  self.timer:start(0, 0, function()
    self:work()
  end)
end

function Client:handle_lines()
  self.is_working = true
  for _ = 1, TURN_REQUESTS do
    local line = self:may_work() and self:take_line()
    if not line then
      break
    end
    if self.admit then
      self:show_token(line)
    elseif line:find "%S" then
      self:handle(line)
    end
  end
  self.is_working = false
end

-- Handles lines that have come, some a turn, and reads on when there is room for more.
function Client:work()
  self:handle_lines()
  if not self.is_open or self.is_leaving then
    return
  elseif self.admit and self.parts_size > gate.LINE_MAX then
    self:show_token ""
  elseif self.parts_size > LINE_MAX then
    self:dismiss(("a line has at most %d bytes"):format(LINE_MAX))
  elseif not self:may_work() then
    self:stop_reading()
  elseif self.input ~= "" then
    self:stop_reading()
    self:work_soon()
  elseif self.has_ended then
    if self.in_flight == 0 and self:waiting() == 0 then
      self:close()
    end
  else
    self:read()
  end
end

function Client:meet()
  self.timer:start(gate.PATIENCE_MS, 0, function()
    self:dismiss(gate.TOO_LATE, rpc.REFUSED)
  end)
end

-- The first line of a stranger: it becomes a client or leaves.
function Client:show_token(line)
  local token, id = gate.read(line)
  if not self.admit(token, listen.remote(self.pipe)) then
    return self:dismiss(gate.REFUSED, rpc.REFUSED, id)
  end
  self.timer:stop()
  self:count(-1)
  self.admit = nil
  self:count(1)
  if not self.server:turns_away(self) then
    self:send(rpc.result_line(id, '{"authenticated":true}'))
  end
end

function Client:handle(line)
  local method, arguments, id, wants_no_answer = rpc.read(line)
  if not method then
    if not wants_no_answer then
      self:send(rpc.error_line(id, arguments))
    end
    return
  end
  self.in_flight = self.in_flight + 1
  local function done(text, code, message, data)
    self.in_flight = self.in_flight - 1
    if not wants_no_answer then
      local fault = not text and { code = code, message = message,
        data = data and json.decode(data) }
      self:send(fault and rpc.error_line(id, fault) or rpc.result_line(id, text))
    end
    if self.is_open and not self.is_leaving and not self.is_working then
      self:work_soon()
    end
  end
  self.server:run(self, method, arguments, done)
end

-- ---- the socket --------------------------------------------------------------------------------

-- Methods that are more than one question to the node.
local own = { repl = evaluators.run }

function own.help(_, _, arguments, done)
  local text, fault = reference.json(arguments.method)
  done(text, rpc.INVALID_PARAMS, fault)
end

function own.events(server, client, arguments, done)
  local asked = { filter = arguments.filter, decisions = arguments.decisions,
    limit = arguments.limit, after = arguments.after }
  server:ask_lines(asked, function(text, code, message, data)
    if not text then
      return done(nil, code, message, data)
    end
    local last, _, lines = news.read(text)
    done(('{"events":[%s],"last":%.0f}'):format(table.concat(lines, ","), last))
    if arguments.follow and client.is_open then
      asked.after, asked.limit = last, FOLLOW_MAX
      client.follows = asked
      server:watch()
    end
  end)
end

function Client:tell(told)
  self.follows.after = told.last
  if told.lines == "" then
    return
  elseif self:waiting() > EVENTS_HIGH then
    self:dismiss "you read events more slowly than they come; ask again with a narrower filter"
  else
    self:send(told.lines)
  end
end

function Server:run(client, method, arguments, done)
  if own[method.name] then
    own[method.name](self, client, arguments, done)
  else
    self:ask_node(method.name, arguments, done)
  end
end

function Server:ask_node(name, arguments, done)
  local ok, known = pcall(self.ask, name, json.encode(arguments), done)
  if not ok then
    done(nil, rpc.INTERNAL, "arguments that the node cannot read: " .. tostring(known))
  elseif not known then
    done(nil, rpc.NO_METHOD, ("this node does not serve %s"):format(name))
  end
end

function Server:ask_lines(asked, done)
  self:ask_node("event lines", asked, done)
end

-- Those who follow with the same filter from the same event are told the same, made once.
function Server:look()
  local told, followers = {}, 0
  for client in pairs(self.clients) do
    local asked = client.follows
    if asked then
      followers = followers + 1
      local key = ("%s|%s|%.0f"):format(asked.filter, tostring(asked.decisions), asked.after)
      if not told[key] then
        self:ask_lines(asked, function(text)
          told[key] = news.notifications(text or ("%.0f 0\n"):format(asked.after))
        end)
      end
      client:tell(told[key])
    end
  end
  if followers == 0 then
    self.looking:stop()
  end
end

function Server:watch()
  if not self.looking:is_active() then
    self.looking:start(FOLLOW_MS, FOLLOW_MS, function()
      self:look()
    end)
  end
end

-- True: there was no room for it, and it was told so.
function Server:turns_away(client)
  local n, max = self.clients_n, self.limits.clients
  if client.admit then
    n, max = self.strangers_n, self.limits.strangers
  end
  if n > max then
    client:dismiss(("%d clients are connected already"):format(max))
  end
  return n > max
end

function Server:accept(stream, admit)
  local client = new_client(self, stream, admit)
  self.clients[client] = true
  client:count(1)
  if self:turns_away(client) then
    return
  elseif admit then
    client:meet()
  end
  client:read()
end

function Server:listen(place)
  local listener, port = listen.at(place, function(stream)
    self:accept(stream, place.admit)
  end)
  if not listener then
    return nil, port
  end
  self.listeners[#self.listeners + 1] = listener
  return port
end

function Server:close()
  for _, listener in ipairs(self.listeners) do
    handles.close(listener)
  end
  handles.close(self.looking)
  for client in pairs(self.clients) do
    client:close()
  end
end

function Server.new(ask, limits)
  return setmetatable({ ask = ask, limits = limits, listeners = {}, clients = {}, clients_n = 0,
    strangers_n = 0, looking = handles.timer() }, Server)
end

return Server
