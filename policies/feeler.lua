-- Against poisoning: whoever wants to surround a node fills its book with addresses of his own or
-- with dead ones. A vetted address leaves only if it does not answer any more (test before evict),
-- and addresses nobody vetted are tried one by one, on a connection above the maximum (feelers).
-- After Heilman, Kendler, Zohar, Goldberg: Eclipse Attacks on Bitcoin's Peer-to-Peer Network (2015).
local policy = pex.policy {
  name = "feeler", version = 1, extends = "default",
  params = {
    feeler_s = {
      default = 120, min = 30, max = 86400, unit = "s", doc = "between two feelers",
    },
    draw = {
      default = 32, min = 1, max = 1024, unit = "candidates", doc = "among which a feeler is chosen",
    },
  },
}

-- The core would not look at many, or at new ones, while few slots are free.
function policy.bias(view)
  local bias = pex.base.bias(view)
  return { new_percent = math.max(bias.new_percent, 50),
    draw = math.max(bias.draw, policy.params.draw) }
end

-- Of those that may be dialed and are not in `taken`, the new one longest without an answer.
local function feeler_of(candidates, taken)
  local best, best_age = nil, -1
  for i, row in ipairs(candidates) do
    local age = row.last_success_age_s < 0 and math.huge or row.last_success_age_s
    if not row.old and row.retry_in_s == 0 and not taken[i] and age > best_age then
      best, best_age = i, age
    end
  end
  return best
end

function policy.select(view)
  local picks, taken = pex.base.select(view), {}
  for _, i in ipairs(picks) do
    taken[i] = true
  end
  local since_s = view.now - (policy.state.at or 0)
  local is_due = since_s < 0 or since_s >= policy.params.feeler_s -- below 0: the clock was wrong
  local feeler = is_due and feeler_of(view.candidates, taken)
  if feeler then
    policy.state.at = view.now
    picks[#picks + 1] = { row = feeler, kind = "feeler" }
  end
  return picks
end

-- The newcomer is refused for now; it comes in if the vetted address does not answer.
function policy.evict(view)
  if view.bucket == "old" and view.default_row > 0 then
    return { test = view.default_row, reason = "test before evict" }
  end
end

local candidates = { { old = true }, { last_success_age_s = 60 }, {}, { retry_in_s = 5 } }

policy.examples = {
  { hook = "bias", given = { wanted = 0 }, expect = { new_percent = 50, draw = 32 } },
  { hook = "bias", given = { outbound = 8, wanted = 20 }, expect = { new_percent = 90, draw = 60 } },
  { hook = "select", given = { wanted = 1, candidates = candidates },
    expect = { 1, { row = 3, kind = "feeler" } } },
  { hook = "select", given = { wanted = 1, candidates = candidates }, expect = { 1 },
    doc = "not two feelers in two minutes" },
  { hook = "select", given = { now = 1.7e9 + 120, wanted = 0, candidates = { {} } },
    expect = { { row = 1, kind = "feeler" } } },
  { hook = "evict", given = { bucket = "old", default_row = 2, entries = { {}, {} } },
    expect = { test = 2 } },
  { hook = "evict", given = { bucket = "new", default_row = 1, entries = { {} } }, expect = nil },
}

return policy
