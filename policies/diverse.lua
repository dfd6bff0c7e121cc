-- Spreads outbound connections over address groups: whoever wants to surround a node then needs
-- addresses in many networks, not many addresses in one.
local policy = pex.policy {
  name = "diverse", version = 2, extends = "default",
  params = {
    max_per_group = {
      default = 1, min = 1, max = 16, unit = "peers", doc = "outbound peers per /16 (IPv6: /32)",
    },
    draw = {
      default = 256, min = 8, max = 1024, unit = "candidates", doc = "how many addresses to look at",
    },
  },
}

function policy.bias(view)
  return { new_percent = 50, draw = policy.params.draw }
end

function policy.select(view)
  local used, picks = {}, {}
  for i, row in ipairs(view.candidates) do
    local n = used[row.group] or row.group_outbound
    if row.retry_in_s == 0 and n < policy.params.max_per_group then
      used[row.group] = n + 1
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
