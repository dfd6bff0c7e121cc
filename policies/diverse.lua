-- Spreads outbound connections over address groups, or over the operator's tags: whoever wants to
-- surround a node then needs addresses in many networks, not many addresses in one. By tags of AS
-- numbers it resists an attacker who rents addresses all over one provider; after Tran, Choi, Moon,
-- Vu, Kang: A Stealthier Partitioning Attack against Bitcoin (Erebus, 2020).
local policy = pex.policy {
  name = "diverse", version = 3, extends = "default",
  params = {
    by = {
      default = "group", doc = "group: the /16 (IPv6: /32); tag: of [policy] tags, else the group",
    },
    max_per_group = {
      default = 1, min = 1, max = 16, unit = "peers", doc = "outbound peers of one group or tag",
    },
    draw = {
      default = 256, min = 8, max = 1024, unit = "candidates", doc = "how many addresses to look at",
    },
  },
}

function policy.bias(view)
  return { new_percent = 50, draw = policy.params.draw }
end

-- What an address is counted under, and how many outbound peers are.
local function kin(row, by)
  if by == "tag" and row.tag ~= "" then
    return "tag " .. row.tag, row.tag_outbound
  end
  return row.group, row.group_outbound
end

function policy.select(view)
  local used, picks, by = {}, {}, policy.params.by
  for i, row in ipairs(view.candidates) do
    local key, n = kin(row, by)
    n = used[key] or n
    if row.retry_in_s == 0 and n < policy.params.max_per_group then
      used[key] = n + 1
      picks[#picks + 1] = i
    end
  end
  return picks
end

policy.examples = {
  { hook = "bias", given = {}, expect = { new_percent = 50, draw = 256 } },
  {
    hook = "select",
    given = { candidates = { { group = "8.8.0.0" }, { group = "8.8.0.0" }, { group = "9.9.0.0" } } },
    expect = { 1, 3 },
  },
  {
    hook = "select",
    given = { candidates = { { group_outbound = 1 }, { group = "9.9.0.0", retry_in_s = 8 } } },
    expect = {},
  },
  { hook = "backoff", given = { failures = 2 }, expect = { wait_s = { 4, 5 } } }, -- the default's
}

return policy
