-- For measuring a network: a seed that wants to see as many nodes as it can, as often as it may. It
-- visits first whom it never saw, then whom it saw longest ago, takes one list and leaves at once.
-- After the seed mode of Tendermint (crawlPeers in p2p/pex/pex_reactor.go), which visits at random.
local policy = pex.policy {
  name = "crawler", version = 1, extends = "default",
  params = {
    again_s = {
      default = 60, min = 30, max = 86400, unit = "s", doc = "between two visits to one node",
    },
    stay_s = {
      default = 10, min = 2, max = 600, unit = "s", doc = "how long to wait for a list",
    },
  },
}

-- Never visited counts as longest ago.
local function age(row)
  return row.last_crawl_age_s < 0 and math.huge or row.last_crawl_age_s
end

function policy.crawl(view)
  local rows, ages = {}, {}
  for i, row in ipairs(view.candidates) do
    ages[i] = age(row)
    if ages[i] >= policy.params.again_s and row.retry_in_s == 0 then
      rows[#rows + 1] = i
    end
  end
  table.sort(rows, function(a, b) return ages[a] > ages[b] end)
  return rows
end

-- Whoever came to us is a seed's guest: the default decides about them.
function policy.rotate(view)
  local rows = {}
  for _, i in ipairs(pex.base.rotate(view) or {}) do
    if not view.peers[i].outbound then
      rows[#rows + 1] = i
    end
  end
  for i, peer in ipairs(view.peers) do
    local is_done = peer.lists > 0 or peer.uptime_s >= policy.params.stay_s
    if peer.outbound and is_done then
      rows[#rows + 1] = i
    end
  end
  return rows
end

local visited = {
  { last_crawl_age_s = 59 },
  { last_crawl_age_s = 60 },
  {},
  { last_crawl_age_s = 900 },
  { retry_in_s = 4 },
}
local peers = {
  { outbound = true, uptime_s = 2, lists = 1, list_age_s = 0 },
  { outbound = true, uptime_s = 9 },
  { outbound = true, uptime_s = 10 },
  { uptime_s = 9 },
  { uptime_s = 60 },
}

policy.examples = {
  { hook = "crawl", given = { candidates = visited }, expect = { rows = { 3, 4, 2 } } },
  { hook = "rotate", given = { role = "seed", peers = peers }, expect = { 5, 1, 3 } },
}

return policy
