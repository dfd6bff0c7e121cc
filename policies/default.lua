-- The default policy: the rules of Tendermint and CometBFT with their known defects fixed, one
-- part per file. Every other policy extends it.
local policy = pex.policy { name = "default", version = 1, extends = false }

local parts = {
  "dial", "bias", "backoff", "ban", "promote", "ask", "seeds", "reconnect", "rotate", "crawl",
  "share",
}

for _, part in ipairs(parts) do
  policy.use(require(part))
end

return policy
