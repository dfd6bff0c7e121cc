-- What `luapex ctl` writes on its standard output, and that it can.
--
--   output.say(text)              at once; what fails is kept in output.fault
--   output.fault                  nil, or { code, message }: the exit status, and what to say, if
--                                 anything: a reader that has left has what it wanted
--   output.on_reader_gone(call)   as soon as a pipe's other end is closed, also while nothing is said
local uv = require "luv"
local handles = require "ops.handles"

local EPIPE = 32 -- of Linux

local output = { fault = nil }

function output.say(text)
  local ok, cause, number = io.stdout:write(text)
  if ok then
    ok, cause, number = io.stdout:flush()
  end
  if not ok and not output.fault then
    output.fault = number == EPIPE and { code = 0 }
      or { code = 1, message = "cannot write the answer: " .. cause }
  end
end

-- The error of a pipe without a reader comes with any event that was asked for; of those, only with
-- "prioritized", which no pipe has, is it none of the watch itself, which luv would print.
function output.on_reader_gone(call)
  if uv.guess_handle(1) == "pipe" then
    handles.poll(1):start("p", call)
  end
end

return output
