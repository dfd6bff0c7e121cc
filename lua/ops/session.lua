-- A connection to a control socket that lasts: questions one after another, answers as they come.
--
--   local session = Session.new(place, told)  told.up(): questions are answered from now on;
--                                             told.down(cause, refused): also for a wrong token
--   session:open()
--   session:ask(method, arguments, done)      done(result) or done(nil, fault)
--   session:close()
--
-- When it is lost, what was asked is answered with a fault, told.down is called, and open() may be
-- called again. Handles come from ops.handles, so that whoever ends can close them all.
local connection = require "ops.connection"
local handles = require "ops.handles"
local json = require "ops.json"

local Session = {}
Session.__index = Session

function Session.new(place, told)
  return setmetatable({ place = place, told = told, is_up = false, waiting = {}, last = 0 }, Session)
end

function Session:drop(cause, refused)
  local waiting = self.waiting
  if self.pipe then
    handles.close(self.pipe)
  end
  self.pipe, self.is_up, self.waiting = nil, false, {}
  for _, done in pairs(waiting) do
    done(nil, { message = cause })
  end
  self.told.down(cause, refused)
end

function Session:begin()
  self.is_up = true
  self.told.up()
end

function Session:take_line(line)
  local ok, answer = pcall(json.decode, line)
  if not ok or type(answer) ~= "table" then
    return self:drop "the node answers what is no JSON"
  end
  local done = type(answer.id) == "number" and self.waiting[answer.id]
  if answer.id == connection.AUTH_ID and answer.result and not self.is_up then
    self:begin()
  elseif done then
    self.waiting[answer.id] = nil
    done(answer.result, answer.error)
  elseif answer.error then -- about no question: it turns us away
    self:drop(tostring(answer.error.message), answer.id == connection.AUTH_ID)
  end
end

function Session:take(bytes)
  self.input = self.input .. bytes
  while self.pipe do
    local line, rest = self.input:match "^([^\n]*)\n(.*)$"
    if not line then
      return
    end
    self.input = rest
    self:take_line(line)
  end
end

function Session:open()
  local pipe
  pipe = connection.open(self.place, function(cause)
    if pipe ~= self.pipe then
      return
    elseif cause then
      return self:drop(cause)
    end
    pipe:read_start(function(read_fault, bytes)
      if pipe ~= self.pipe then
        return
      elseif read_fault or not bytes then
        self:drop "the node closed the connection"
      else
        self:take(bytes)
      end
    end)
    if not self.place.token then
      self:begin()
    end
  end)
  self.pipe, self.input = pipe, ""
end

function Session:ask(method, arguments, done)
  self.last = self.last + 1
  self.waiting[self.last] = done
  self.pipe:write(('{"jsonrpc":"2.0","id":%d,"method":%s,"params":%s}\n'):format(self.last,
    json.encode(method), next(arguments) and json.encode(arguments) or "{}"))
end

function Session:close()
  if self.pipe then
    handles.close(self.pipe)
    self.pipe, self.is_up = nil, false
  end
end

return Session
