-- Which peers to let go. A node keeps its peers. A seed needs its slots for those who come next: a
-- peer that it crawled goes soon after its list, or without one; one that came goes if it does not
-- ask; and nobody stays longer than seed_disconnect_wait (R65, P20).
local rotate = {}

local function has_stayed_long_enough(peer, view)
  if peer.uptime_s >= view.hold_max_s then
    return true
  elseif not peer.outbound then
    return peer.requests == 0 and peer.uptime_s >= view.idle_s
  elseif peer.lists > 0 then
    return peer.list_age_s >= view.hold_after_list_s
  end
  return peer.uptime_s >= view.hold_without_list_s
end

function rotate.rotate(view)
  local rows = {}
  if view.role ~= "seed" then
    return rows
  end
  for i, peer in ipairs(view.peers) do
    if has_stayed_long_enough(peer, view) then
      rows[#rows + 1] = i
    end
  end
  return rows
end

local peers = {
  { outbound = true, uptime_s = 9, lists = 1, list_age_s = 4.9 },
  { outbound = true, uptime_s = 9, lists = 1, list_age_s = 5 },
  { outbound = true, uptime_s = 29.9 },
  { outbound = true, uptime_s = 30 },
  { uptime_s = 59.9 },
  { uptime_s = 60 },
  { uptime_s = 60, requests = 1 },
  { uptime_s = 100800, requests = 9 },
}

rotate.examples = {
  { hook = "rotate", given = { role = "seed", peers = peers }, expect = { 2, 4, 6, 8 } },
  { hook = "rotate", given = { role = "seed", peers = peers, hold_max_s = 20 }, expect = { 2, 3, 4, 5, 6, 7, 8 } },
  { hook = "rotate", given = { role = "node", peers = peers }, expect = {} },
}

return rotate
