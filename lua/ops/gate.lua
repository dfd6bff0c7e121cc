-- What comes first on a connection by TCP: one call that shows the token.
--
--   gate.read(line) -> token, id    nil for what is no such call
--
-- Whatever comes, nothing of it is repeated: it may be a token with a slip in it.
local json = require "ops.json"

local gate = {
  LINE_MAX = 1024,
  PATIENCE_MS = 3000,
  REFUSED = "the first line must be a call of auth with the token of control.token_file; this one "
    .. "is not, or its token is wrong",
  DISPLACED = "others came before a token did; the first line shows it at once",
  TOO_LATE = "no token came within 3 s",
}

function gate.read(line)
  if #line > gate.LINE_MAX then
    return nil
  end
  local ok, call = pcall(json.decode, line)
  if not ok or type(call) ~= "table" then
    return nil
  end
  local params = type(call.params) == "table" and call.params or {}
  local is_auth = call.method == "auth" and type(params.token) == "string"
  return is_auth and params.token or nil, call.id
end

return gate
