-- The one place where libuv handles of the operations VM are opened, so that all can be closed.
--
--   handles.timer(), handles.fs_event(), handles.pipe(), handles.tcp(), handles.tty(fd),
--   handles.poll(fd), handles.signal()    a new handle, not started
--   handles.close(handle)                 for good; closing twice is fine
--   handles.close_all()
--   handles.count()                       those whose close the loop has not finished yet
local uv = require "luv"

local handles = {}
local open = {} -- handle -> true

local function keep(handle)
  open[handle] = true
  return handle
end

function handles.timer()
  return keep(assert(uv.new_timer()))
end

function handles.fs_event()
  return keep(assert(uv.new_fs_event()))
end

function handles.pipe()
  return keep(assert(uv.new_pipe(false)))
end

function handles.tcp()
  return keep(assert(uv.new_tcp()))
end

function handles.tty(fd)
  return keep(assert(uv.new_tty(fd, fd == 0)))
end

function handles.poll(fd)
  return keep(assert(uv.new_poll(fd)))
end

function handles.signal()
  return keep(assert(uv.new_signal()))
end

function handles.close(handle)
  if not handle:is_closing() then
    handle:close(function()
      open[handle] = nil
    end)
  end
end

function handles.close_all()
  for handle in pairs(open) do
    handles.close(handle)
  end
end

function handles.count()
  local n = 0
  for _ in pairs(open) do
    n = n + 1
  end
  return n
end

return handles
