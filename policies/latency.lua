-- Moves towards near peers: every round the slowest outbound peer makes room, for the nearest
-- address that is known or for one never measured. A simple form of Mao, Deb, Venkatakrishnan,
-- Kannan, Srinivasan: Perigee, Efficient Peer-to-Peer Network Design for Blockchains (2020).
local policy = pex.policy {
  name = "latency", version = 1, extends = "default",
  params = {
    round_s = {
      default = 300, min = 30, max = 86400, unit = "s", doc = "how often one peer makes room",
    },
    trial_s = {
      default = 120, min = 10, max = 86400, unit = "s", doc = "nobody goes sooner than this",
    },
    explore_percent = {
      default = 50, min = 0, max = 100, unit = "percent",
      doc = "how often an address that was never measured goes first",
    },
    draw = {
      default = 256, min = 8, max = 1024, unit = "candidates", doc = "how many addresses to look at",
    },
  },
}

function policy.bias(view)
  return { new_percent = pex.base.bias(view).new_percent, draw = policy.params.draw }
end

-- Two queues, the measured ones by distance and the others as they were drawn; each pick is from
-- the front of one or the other.
function policy.select(view)
  local measured, unknown, picks = {}, {}, {}
  for i, row in ipairs(view.candidates) do
    if row.retry_in_s == 0 then
      local queue = row.rtt_ms >= 0 and measured or unknown
      queue[#queue + 1] = { row = i, rtt_ms = row.rtt_ms }
    end
  end
  table.sort(measured, function(a, b) return a.rtt_ms < b.rtt_ms end)
  local next_measured, next_unknown = 1, 1
  for i = 1, #measured + #unknown do
    local explores = view.random() * 100 < policy.params.explore_percent
    local from_unknown = next_unknown <= #unknown and (explores or next_measured > #measured)
    if from_unknown then
      picks[i], next_unknown = unknown[next_unknown].row, next_unknown + 1
    else
      picks[i], next_measured = measured[next_measured].row, next_measured + 1
    end
  end
  return picks
end

-- Only a full node can afford it.
function policy.rotate(view)
  local slowest
  local since_s = view.now - (policy.state.at or 0)
  if view.outbound < view.outbound_max or (since_s >= 0 and since_s < policy.params.round_s) then
    return pex.base.rotate(view)
  end
  for i, peer in ipairs(view.peers) do
    local is_slower = not slowest or peer.rtt_ms > view.peers[slowest].rtt_ms
    if peer.outbound and peer.uptime_s >= policy.params.trial_s and is_slower then
      slowest = i
    end
  end
  if not slowest then
    return pex.base.rotate(view)
  end
  policy.state.at = view.now
  return { slowest, reason = "slowest of the round" }
end

local candidates = { { rtt_ms = 90 }, { rtt_ms = 20 }, { retry_in_s = 9 }, { rtt_ms = 40 } }
local peers = {
  { outbound = true, uptime_s = 600, rtt_ms = 50 },
  { outbound = true, uptime_s = 600, rtt_ms = 250 },
  { outbound = true, uptime_s = 10, rtt_ms = 300 },
  { uptime_s = 600, rtt_ms = 400 },
}

policy.examples = {
  { hook = "bias", given = { outbound = 0 }, expect = { new_percent = 10, draw = 256 } },
  { hook = "select", given = { candidates = candidates }, expect = { 2, 4, 1 } },
  { hook = "select", given = { candidates = { {}, {} } }, expect = { 1, 2 } },
  { hook = "rotate", given = { now = 1.8e9, outbound = 10, peers = peers }, expect = { 2 } },
  { hook = "rotate", given = { now = 1.8e9 + 299, outbound = 10, peers = peers }, expect = {} },
  { hook = "rotate", given = { now = 1.7e9, outbound = 9, peers = peers }, expect = {} },
  { hook = "rotate", given = { now = 1.7e9, outbound = 10, peers = peers }, expect = { 2 } },
}

return policy
