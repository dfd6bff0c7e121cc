-- Comes back to its friends: the outbound peers it kept longest are dialed first after a restart,
-- so that restarting a node is no chance to surround it. Bitcoin Core calls them anchors (0.21),
-- after Heilman et al.: Eclipse Attacks on Bitcoin's Peer-to-Peer Network (2015), section 7.
local policy = pex.policy {
  name = "sticky", version = 1, extends = "default",
  params = {
    anchors = {
      default = 4, min = 1, max = 32, unit = "peers", doc = "how many peers to come back to",
    },
    kept_s = {
      default = 1800, min = 60, max = 7 * 86400, unit = "s",
      doc = "how long a peer must have stayed to be one of them",
    },
  },
}

-- Asked once a period, with all peers: the time to note who the anchors are. While nobody has
-- stayed long enough, as after a restart, those of before are remembered.
function policy.rotate(view)
  local kept = {}
  for _, peer in ipairs(view.peers) do
    if peer.outbound and peer.uptime_s >= policy.params.kept_s then
      kept[#kept + 1] = { id = peer.id, uptime_s = peer.uptime_s }
    end
  end
  if #kept > 0 then
    table.sort(kept, function(a, b) return a.uptime_s > b.uptime_s end)
    local anchors = {}
    for i = 1, math.min(#kept, policy.params.anchors) do
      anchors[i] = kept[i].id
    end
    policy.state.anchors = anchors
  end
end -- nil: who has to go is the default's to say

-- The core passes over those that it has for peers already, or that must still wait.
function policy.select(view)
  local picks = {}
  for i, id in ipairs(policy.state.anchors or {}) do
    picks[i] = { id = id }
  end
  for _, pick in ipairs(pex.base.select(view)) do
    picks[#picks + 1] = pick
  end
  return picks
end

local A, B, C = ("a"):rep(40), ("b"):rep(40), ("c"):rep(40)

policy.examples = {
  {
    hook = "rotate",
    given = {
      peers = {
        { id = A, outbound = true, uptime_s = 1800 },
        { id = B, uptime_s = 9000 },
        { id = C, outbound = true, uptime_s = 5000 },
      },
    },
    expect = {},
  },
  { hook = "select", given = { candidates = { {} } }, expect = { { id = C }, { id = A }, 1 } },
  { hook = "rotate", given = { peers = { { id = B, outbound = true, uptime_s = 9 } } }, expect = {} },
  { hook = "select", given = {}, expect = { { id = C }, { id = A } } },
}

return policy
