-- Where a control socket listens.
--
--   listen.at(place, accepted) -> listener, port | nil, why not
--
-- place: { path = } of a Unix socket (its port is 0), or { ip =, port = }. accepted(stream) is called
-- for each that connects; the stream is its to close.
--
--   listen.remote(stream)   the other end of a TCP connection, as text
local uv = require "luv"
local handles = require "ops.handles"

local BACKLOG = 64
local SOCKET_MODE = 384 -- 0600

local listen = {}

-- Nobody can connect before `listen`, and by then the mode is right.
local function bind_path(listener, path)
  local bound, cause = listener:bind(path)
  if bound then
    bound, cause = uv.fs_chmod(path, SOCKET_MODE)
  end
  return bound, cause
end

local function take(listener, open, accepted)
  local stream = open()
  if listener:accept(stream) then
    accepted(stream)
  else
    handles.close(stream)
  end
end

function listen.at(place, accepted)
  local open = place.path and handles.pipe or handles.tcp
  local listener = open()
  local done, cause
  if place.path then
    done, cause = bind_path(listener, place.path)
  else
    done, cause = listener:bind(place.ip, place.port)
  end
  if done then
    done, cause = listener:listen(BACKLOG, function(fault)
      if not fault then
        take(listener, open, accepted)
      end
    end)
  end
  if not done then
    handles.close(listener)
    return nil, cause
  end
  return listener, place.path and 0 or listener:getsockname().port
end

function listen.remote(stream)
  local name = stream:getpeername()
  return name and ("%s:%d"):format(name.ip, name.port) or "gone"
end

return listen
