-- When a peer was useful enough for its address to be vetted (P6, F21): after an hour, or sooner
-- once it gave us addresses that we had asked for. A seed lets its peers go at once, so for it the
-- list is enough.
local promote = {}

local STAYED_S = 3600
local STAYED_AND_GAVE_S = 600

function promote.promote(view)
  local peer = view.peer
  if peer.lists == 0 then
    return peer.uptime_s >= STAYED_S
  end
  return view.role == "seed" or peer.uptime_s >= STAYED_AND_GAVE_S
end

promote.examples = {
  { hook = "promote", given = { peer = { uptime_s = 3599 } }, expect = false },
  { hook = "promote", given = { peer = { uptime_s = 3600 } }, expect = true },
  { hook = "promote", given = { peer = { uptime_s = 599, lists = 1 } }, expect = false },
  { hook = "promote", given = { peer = { uptime_s = 600, lists = 1 } }, expect = true },
  { hook = "promote", given = { role = "seed", peer = { uptime_s = 1, lists = 1 } }, expect = true },
  { hook = "promote", given = { role = "seed", peer = { uptime_s = 1 } }, expect = false },
}

return promote
