-- Asks less when answers bring little: the pause between two requests doubles after a list with
-- nearly nothing new and halves after a useful one, between one period and `longest_s`. The peer
-- asked is the one not asked for the longest time: whoever answered just now has no news. The
-- additive-increase, multiplicative-decrease of congestion control (Chiu, Jain 1989), turned about.
local policy = pex.policy {
  name = "adaptive", version = 1, extends = "default",
  params = {
    longest_s = {
      default = 600, min = 30, max = 86400, unit = "s", doc = "the longest pause between requests",
    },
    useful_percent = {
      default = 10, min = 1, max = 100, unit = "percent",
      doc = "how much of a list must have been new for it to have been useful",
    },
  },
}

local SHORTEST_S = 30

function policy.observe(event)
  if event.kind ~= "list" then
    return
  end
  local pause = policy.state.pause_s or SHORTEST_S
  local was_useful = event.useful_addresses > 0 and
    event.useful_addresses * 100 >= policy.params.useful_percent * event.addresses
  pause = was_useful and pause / 2 or pause * 2
  policy.state.pause_s = pex.clamp(pause, SHORTEST_S, policy.params.longest_s)
end

-- Never asked counts as longest ago.
local function stalest(peers)
  local best, best_age = false, -1
  for i, peer in ipairs(peers) do
    local age = peer.asked_age_s < 0 and math.huge or peer.asked_age_s
    if age > best_age then
      best, best_age = i, age
    end
  end
  return best
end

-- Whoever has just connected is asked as ever: it may know a part of the network that is new to us.
function policy.ask(view)
  if view.reason == "connected" or not view.need_more then
    return pex.base.ask(view)
  end
  local since_s = view.now - (policy.state.asked_at or 0)
  if since_s >= 0 and since_s < (policy.state.pause_s or SHORTEST_S) then
    return false
  end
  local row = stalest(view.peers)
  if row then
    policy.state.asked_at = view.now
  end
  return row
end

local peers = { { asked_age_s = 500 }, { asked_age_s = 900 }, { asked_age_s = 20 } }

policy.examples = {
  { hook = "observe", given = { kind = "list", addresses = 100, useful_addresses = 100 } },
  { hook = "ask", given = { reason = "connected", peers = { { outbound = true } } }, expect = 1 },
  { hook = "ask", given = { now = 1.8e9, peers = peers }, expect = 2 },
  { hook = "ask", given = { now = 1.8e9 + 10, peers = peers }, expect = false },
  { hook = "ask", given = { now = 1.7e9, peers = { {}, { asked_age_s = 40 } } }, expect = 1 },
  { hook = "ask", given = { need_more = false, peers = peers }, expect = false },
}

return policy
