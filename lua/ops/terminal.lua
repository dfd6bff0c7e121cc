-- The terminal of a command that reads single keys: raw while it runs, as before at the end, however
-- it ends.
--
--   local terminal, cause = Terminal.open(host, told)   told.key(name), told.resized(),
--                                                       told.ended(signal or nil), told.resumed()
--   terminal:size() -> columns, rows
--   terminal.write(text)
--   terminal:suspend()               as Ctrl-Z does
--   terminal:close()
--
-- `told.enter` and `told.leave` are the texts that set up and restore what the screen shows. The
-- program restores the terminal itself when it ends by exit or by a fatal signal
-- (host.guard_terminal).
local uv = require "luv"
local handles = require "ops.handles"
local Keys = require "ops.keys"

local NORMAL, RAW = 0, 1 -- UV_TTY_MODE_*

local Terminal = {}
Terminal.__index = Terminal

local function is_terminal(fd)
  return uv.guess_handle(fd) == "tty"
end

function Terminal.write(text)
  io.stdout:write(text)
  io.stdout:flush()
end

function Terminal:size()
  local columns, rows = self.input:get_winsize()
  if not columns or columns == 0 or rows == 0 then
    return 80, 24
  end
  return columns, rows
end

function Terminal:begin()
  self.host.guard_terminal(self.told.leave)
  assert(self.input:set_mode(RAW))
  self.write(self.told.enter)
end

function Terminal:finish()
  self.write(self.told.leave)
  self.input:set_mode(NORMAL)
  self.host.guard_terminal(nil)
end

local function on_signal(name, act)
  local signal = handles.signal()
  assert(signal:start(name, act))
end

function Terminal:suspend()
  self:finish()
  uv.kill(uv.os_getpid(), "sigstop") -- goes on behind this line when it is continued
  self:begin()
  self.told.resumed()
end

function Terminal:close()
  if self.is_open then
    self.is_open = false
    self:finish()
  end
end

function Terminal:listen()
  self.input:read_start(function(fault, bytes)
    if fault or not bytes then
      return self.told.ended()
    end
    for _, key in ipairs(self.keys:take(bytes)) do
      if not self.is_open then
        return
      end
      self.told.key(key)
    end
  end)
  on_signal("sigwinch", self.told.resized)
  on_signal("sigtstp", function()
    self:suspend()
  end)
  for _, name in ipairs { "sigint", "sigterm", "sighup" } do
    on_signal(name, function()
      self.told.ended(name)
    end)
  end
end

local function can_move_cursor()
  local kind = os.getenv "TERM"
  return kind and kind ~= "" and kind ~= "dumb"
end

function Terminal.open(host, told)
  if not is_terminal(0) or not is_terminal(1) then
    return nil, "input and output must be a terminal"
  elseif not can_move_cursor() then
    return nil, "the terminal cannot move its cursor, says TERM"
  end
  local terminal = setmetatable({ host = host, told = told, keys = Keys.new(), is_open = true },
    Terminal)
  terminal.input = handles.tty(0)
  terminal:begin()
  terminal:listen()
  return terminal
end

return Terminal
