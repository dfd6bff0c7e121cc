-- When a peer was useful enough for its address to be vetted (P6, F21): after an hour, or after ten
-- minutes if it gave us addresses that we had asked for. A seed lets its peers go at once, so for it the
-- list is enough.
local promote = {}

function promote.promote(view)
  local peer = view.peer
  if peer.lists == 0 then
    return peer.uptime_s >= view.good_after_s
  end
  return view.role == "seed" or peer.uptime_s >= view.good_after_list_s
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
