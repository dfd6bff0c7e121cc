-- A closed network: who is not in `allow` is neither dialed nor let in, kept, asked or told of. For
-- consortium chains, test nets, and sentries behind a VPN. `allow` takes ranges, and tags of the
-- file that [policy] tags names. Persistent and unconditional peers are the operator's word, which
-- stands above a policy's; but an outsider among them must be dialed, for we turn sockets away
-- before we know whose they are.
local policy = pex.policy {
  name = "private", version = 1, extends = "default",
  params = {
    allow = {
      default = { "10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "127.0.0.0/8", "fc00::/7", "::1/128" },
      doc = "ranges (CIDR) and tags of those who belong to the network",
    },
  },
}

-- What `allow` holds, told apart.
local function allowed()
  local ranges, tags = {}, {}
  for _, entry in ipairs(policy.params.allow) do
    if entry:find("/") then
      ranges[#ranges + 1] = entry
    else
      tags[entry] = true
    end
  end
  return ranges, tags
end

local function belongs(row, ranges, tags)
  if row.tag ~= "" and tags[row.tag] then
    return true
  end
  for _, range in ipairs(ranges) do
    if pex.in_cidr(row.ip, range) then
      return true
    end
  end
  return false
end

-- The numbers of rows that are ours, of all rows, or of those in `numbers` and in their order.
local function ours(rows, numbers)
  local kept = {}
  local ranges, tags = allowed()
  for at = 1, numbers and #numbers or #rows do
    local i = numbers and numbers[at] or at
    if belongs(rows[i], ranges, tags) then
      kept[#kept + 1] = i
    end
  end
  return kept
end

function policy.select(view)
  local picks = {}
  for _, i in ipairs(ours(view.candidates)) do
    if view.candidates[i].retry_in_s == 0 then
      picks[#picks + 1] = i
    end
  end
  return picks
end

function policy.seeds(view)
  return ours(view.seeds, pex.base.seeds(view))
end

function policy.crawl(view)
  return ours(view.candidates, pex.base.crawl(view))
end

function policy.admit(view)
  if not belongs(view, allowed()) then
    return { reject = "not of this network" }
  end
end

function policy.accept(view)
  return ours(view.offers)
end

-- A book may hold outsiders from before. Numbers first, then rows.
function policy.share(view)
  if #view.candidates == 0 then
    return { count = 0, draw = view.count }
  end
  return ours(view.candidates)
end

local inside, outside = { ip = "10.1.2.3" }, { ip = "8.8.8.8" }
local rows = { outside, inside }

policy.examples = {
  { hook = "select", given = { candidates = rows }, expect = { 2 } },
  { hook = "select", given = { candidates = { { ip = "10.0.0.1", retry_in_s = 5 } } }, expect = {} },
  { hook = "seeds", given = { seeds = rows }, expect = { 2 } },
  { hook = "crawl", given = { candidates = rows }, expect = { rows = { 2 } } },
  { hook = "admit", given = outside, expect = { reject = "not of this network" } },
  { hook = "admit", given = inside, expect = nil },
  { hook = "accept", given = { offers = rows }, expect = { rows = { 2 } } },
  { hook = "share", given = { count = 40 }, expect = { count = 0, draw = 40 } },
  { hook = "share", given = { candidates = rows }, expect = { 2 } },
}

return policy
