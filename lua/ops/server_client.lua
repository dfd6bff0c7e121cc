-- One client of a control socket: its lines, the answers to them, and what keeps it from costing the
-- node anything.
--
-- Who comes over TCP is a stranger until its first line has shown the token (gate.lua).
--
-- A client is read while it is owed few answers and takes those it gets: one that reads slowly is
-- not read from either, so what waits for it is bounded. One that follows events and does not keep up
-- is told so and dropped.
--
--   client = Client.new(server, stream, admit)   admit(token): of a stranger; of the server it uses
--                                                clients, clients_n, run, turns_away, refused
--   client:read(), client:meet()                 it begins; a stranger is waited for
--   client:tell(told)                            events for one that follows: { lines =, last = }
--   client:dismiss(message), client:close()
local evaluators = require "ops.evaluators"
local gate = require "ops.gate"
local handles = require "ops.handles"
local json = require "ops.json"
local listen = require "ops.listen"
local rpc = require "ops.rpc"

local LINE_MAX = 1024 * 1024 -- room for a policy of 256 KiB with its text escaped
local PARTS_MAX = 256 -- pieces of a line that are kept apart
local IN_FLIGHT_MAX = 8
local TURN_REQUESTS = 16 -- of one client, before others and the node have their turn
local EVENTS_HIGH = 128 * 1024 -- bytes that wait: a follower of events does not keep up
local OUTPUT_HIGH = 256 * 1024 -- bytes that wait: nothing more is read from that client
local FAREWELL_MS = 10000 -- for the last line of somebody who is dropped

local Client = {}
Client.__index = Client

function Client.new(server, pipe, admit)
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
  if not self.admit then
    self.server.clients_n = self.server.clients_n + change
  end
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
  if not self.admit(token) then
    self.server:refused(listen.remote(self.pipe))
    return self:dismiss(gate.REFUSED, rpc.REFUSED, id)
  end
  self.timer:stop()
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

return Client
