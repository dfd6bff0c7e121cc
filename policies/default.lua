-- The default policy: the rules of Tendermint and CometBFT with their known defects fixed, one
-- part per file. Every other policy extends it.
local policy = pex.policy { name = "default", version = 1, extends = false }

for _, part in ipairs { "bias", "dial", "backoff", "ban" } do
  policy.use(require(part))
end

return policy
