-- Tells of strangers that were refused, and lets nobody fill the log by coming again and again: the
-- first of an address is told at once, those that follow once a minute as a number. No I/O.
--
--   refusals = Refusals.new(tell, timer)   tell(address, n): n 0 of the first; timer: a libuv one
--   refusals:note(address)                 "127.0.0.1:4711"; what counts is the IP
--   refusals:finish()                      what was not told yet is told now
--
-- Of more addresses than ADDRESSES_MAX in a minute the rest counts as one.
local PERIOD_MS = 60000
local ADDRESSES_MAX = 64
local OTHERS = "others"

local Refusals = {}
Refusals.__index = Refusals

function Refusals.new(tell, timer)
  return setmetatable({ tell = tell, timer = timer, ips = {}, ips_n = 0 }, Refusals)
end

function Refusals:add(ip)
  self.ips[ip] = 0
  self.ips_n = self.ips_n + 1
  if self.ips_n == 1 then
    self.timer:start(PERIOD_MS, PERIOD_MS, function()
      self:tell_all()
    end)
  end
end

function Refusals:note(address)
  local ip = address:match "^(.*):%d+$" or address
  if not self.ips[ip] and self.ips_n >= ADDRESSES_MAX then
    ip = OTHERS
  end
  if self.ips[ip] then
    self.ips[ip] = self.ips[ip] + 1
  else
    self:add(ip)
    self.tell(ip == OTHERS and OTHERS or address, 0)
  end
end

-- Who did not come again is forgotten, and the next time told at once.
function Refusals:tell_all()
  for ip, n in pairs(self.ips) do
    if n > 0 then
      self.tell(ip, n)
      self.ips[ip] = 0
    else
      self.ips[ip] = nil
      self.ips_n = self.ips_n - 1
    end
  end
  if self.ips_n == 0 then
    self.timer:stop()
  end
end

function Refusals:finish()
  for ip, n in pairs(self.ips) do
    if n > 0 then
      self.tell(ip, n)
    end
  end
  self.ips, self.ips_n = {}, 0
end

return Refusals
