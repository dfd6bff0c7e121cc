-- What a Go node decides, for comparison: Tendermint v0.34's habits, faults included where they are
-- a policy's to have. After p2p/pex/pex_reactor.go; F numbers are the faults that `default` mends.
local policy = pex.policy { name = "tendermint", version = 1, extends = "default" }

local TRIES_MAX = 16
local BAN_S = 24 * 3600
local FAST_TRIES, FAST_S, JITTER_S = 20, 5, 3
local SLOW_TRIES = 10
local GIVEN_UP_S = 24 * 3600 -- the core never gives a persistent peer up: a try a day

function policy.bias(view)
  policy.state.chosen = 0 -- unless select is asked, which it is not about an empty draw
  return pex.base.bias(view)
end

-- F14: addresses that must still wait take places in the round.
function policy.select(view)
  local picks = {}
  for i = 1, math.min(#view.candidates, view.wanted) do
    picks[i] = i
  end
  policy.state.chosen = #picks
  return picks
end

-- F25: a node of another network is tried again like any other.
function policy.backoff(view)
  if view.failures > TRIES_MAX and not view.address.persistent then
    return { ban_s = BAN_S, scope = "id", reason = "too many attempts" }
  end
  return { wait_s = 2 ^ math.min(view.failures, 17) + view.random() }
end

-- F21: without consensus nobody ever marks an address good.
function policy.promote()
  return false
end

-- F14: no seed is asked while the round chose any address, dialable or not, nor once the book has
-- enough of them, however stale.
function policy.seeds(view)
  if not view.need_more or (policy.state.chosen or 0) > 0 then
    return false
  end
  return pex.base.seeds(view)
end

-- F16: after twenty quick and ten slow tries a persistent peer is given up.
function policy.reconnect(view)
  if view.failures <= FAST_TRIES then
    return { wait_s = FAST_S + JITTER_S * view.random() }
  elseif view.failures <= FAST_TRIES + SLOW_TRIES then
    return { wait_s = 3 ^ (view.failures - FAST_TRIES) + JITTER_S * view.random() }
  end
  return { wait_s = GIVEN_UP_S }
end

-- F17: a seed keeps whomever it crawled, until seed_disconnect_wait has passed ...
function policy.rotate()
  return false
end

-- ... and crawls one address at a time.
function policy.crawl(view)
  return { rows = pex.base.crawl(view), concurrency = 1 }
end

-- B37, without regard to whether anybody ever answered there.
function policy.share(view)
  return { count = view.count, new_percent = view.role == "seed" and 30 or -1 }
end

local waiting = { { retry_in_s = 60 }, {}, {} }

policy.examples = {
  { hook = "bias", given = { outbound = 3, wanted = 7 }, expect = { new_percent = 40, draw = 21 } },
  { hook = "seeds", given = { seeds = { {} } }, expect = { 1 } },
  { hook = "seeds", given = { need_more = false, alone_s = 90, seeds = { {} } }, expect = false },
  { hook = "select", given = { wanted = 2, candidates = waiting }, expect = { 1, 2 } },
  { hook = "seeds", given = { seeds = { {} } }, expect = false },
  { hook = "backoff", given = { class = "other_network", failures = 1 }, expect = { wait_s = { 2, 3 } } },
  { hook = "backoff", given = { failures = 17 }, expect = { ban_s = 86400 } },
  { hook = "promote", given = { peer = { uptime_s = 86400, lists = 9 } }, expect = false },
  { hook = "reconnect", given = { failures = 20 }, expect = { wait_s = { 5, 8 } } },
  { hook = "reconnect", given = { failures = 26 }, expect = { wait_s = { 729, 732 } } },
  { hook = "reconnect", given = { failures = 31 }, expect = { wait_s = 86400 } },
  { hook = "rotate", given = { role = "seed", peers = { { uptime_s = 9000 } } }, expect = false },
  { hook = "crawl", given = { candidates = { {} } }, expect = { rows = { 1 }, concurrency = 1 } },
  {
    hook = "share",
    given = { role = "seed", count = 250 },
    expect = { count = 250, new_percent = 30, verified_first = false },
  },
}

return policy
