-- The client's end of a control socket.
--
--   connection.talk(place, request, on_line) -> exit status | nil, why not
--   connection.open(place, connected) -> stream   connected(why not, or nil)
--
-- A place: { path = } of a Unix socket, or { ip =, port =, token = }, which is shown at once; the
-- answer to that has the ID connection.AUTH_ID.
--
-- Sends a request and gives every line that comes to on_line(wire, line), which may send more by
-- wire.pipe:write, and ends it by wire:finish(status) or wire:fail(why).
local uv = require "luv"
local handles = require "ops.handles"
local json = require "ops.json"

local PATIENCE_MS = 30000 -- for an answer

local connection = { AUTH_ID = "auth" }

local function owner_of(path)
  local stat = uv.fs_stat(path)
  return stat and stat.uid
end

local function explain_path(path, fault)
  if fault:find "^ENOENT" then
    return ("no node runs there: %s is missing; start it, or name another with --home"):format(path)
  elseif fault:find "^ECONNREFUSED" then
    return ("no node runs there: nobody serves %s; start it"):format(path)
  elseif fault:find "^EACCES" then
    local owner = owner_of(path)
    return ("%s belongs to %s; run this as that user or as root"):format(path,
      owner and ("user %d"):format(owner) or "another user")
  end
  return ("%s: %s"):format(path, fault)
end

local function explain_address(place, fault)
  local name = ("%s port %d"):format(place.ip, place.port)
  if fault:find "^ECONNREFUSED" then
    return ("no node is asked at %s: set control.laddr to it and start the node"):format(name)
  end
  return ("%s: %s"):format(name, fault)
end

local function auth_line(token)
  return ('{"jsonrpc":"2.0","id":"%s","method":"auth","params":{"token":%s}}\n'):format(
    connection.AUTH_ID, json.encode(token))
end

function connection.open(place, connected)
  local stream
  if place.path then
    stream = handles.pipe()
    stream:connect(place.path, function(fault)
      connected(fault and explain_path(place.path, fault))
    end)
  else
    stream = handles.tcp()
    stream:connect(place.ip, place.port, function(fault)
      if not fault then
        stream:write(auth_line(place.token))
      end
      connected(fault and explain_address(place, fault))
    end)
  end
  return stream
end

local Wire = {}
Wire.__index = Wire

function Wire:fail(message)
  if not self.ended then
    self.ended, self.message = true, message
    uv.stop()
  end
end

function Wire:be_patient()
  self.timer:start(PATIENCE_MS, 0, function()
    self:fail(("no answer within %d s"):format(PATIENCE_MS / 1000))
  end)
end

function Wire:finish(code)
  self.ended, self.code = true, code
  uv.stop()
end

function Wire:take(bytes)
  self.input = self.input .. bytes
  while not self.ended do
    local line, rest = self.input:match "^([^\n]*)\n(.*)$"
    if not line then
      return
    end
    self.input = rest
    self.on_line(self, line)
  end
end

function connection.talk(place, request, on_line)
  local wire = setmetatable({ input = "", on_line = on_line }, Wire)
  local pipe
  wire.timer = handles.timer()
  wire:be_patient()
  pipe = connection.open(place, function(cause)
    if cause then
      return wire:fail(cause)
    end
    pipe:read_start(function(read_fault, bytes)
      if read_fault or not bytes then
        wire:fail(wire.follows and "the node has gone" or "the node closed the connection")
      else
        wire:take(bytes)
      end
    end)
    pipe:write(request)
  end)
  wire.pipe = pipe
  uv.run()
  handles.close_all()
  uv.run()
  return wire.code, wire.message
end

return connection
