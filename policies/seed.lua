-- For seeds: answers hold only addresses where somebody proved the ID lately, and nobody is turned
-- away while another has his answer already. Default seeds fill an answer up with hearsay, which is
-- how dead addresses spread (dead share of answers: see tests/policies). So do those of Tendermint,
-- after whose seed mode this is made (p2p/pex/pex_reactor.go).
local policy = pex.policy {
  name = "seed", version = 1, extends = "default",
  params = {
    fresh_s = {
      default = 86400, min = 600, max = 30 * 86400, unit = "s",
      doc = "how long ago we reached an address at most to pass it on",
    },
    verified_min = {
      default = 16, min = 0, max = 1000, unit = "addresses",
      doc = "as long as fewer are vetted, answers are the default's: better hearsay than silence",
    },
  },
}

function policy.share(view)
  if view.book.old < policy.params.verified_min then
    return pex.base.share(view)
  end
  return { count = view.count, verified_only = true, verified_within_s = policy.params.fresh_s }
end

-- Who has asked is served, or soon will be; of these the one who came first makes room.
function policy.admit(view)
  local oldest
  for i, peer in ipairs(view.peers) do
    local is_older = not oldest or peer.uptime_s > view.peers[oldest].uptime_s
    if peer.requests > 0 and is_older then
      oldest = i
    end
  end
  return oldest and { replace = oldest, reason = "served" }
end

local peers = {
  { uptime_s = 50 },
  { uptime_s = 9, requests = 1 },
  { uptime_s = 20, requests = 2 },
}

policy.examples = {
  { hook = "share", given = { book = { old = 16 } },
    expect = { count = 32, verified_only = true, verified_within_s = 86400 } },
  { hook = "share", given = { role = "seed", book = { old = 15 } },
    expect = { new_percent = 30, verified_only = false, verified_first = true } },
  { hook = "admit", given = { default_reject = "no_slot", peers = peers }, expect = { replace = 3 } },
  { hook = "admit", given = { default_reject = "no_slot", peers = { {} } }, expect = nil },
}

return policy
