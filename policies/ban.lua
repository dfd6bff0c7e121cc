-- What a peer's misbehaviour costs it: the connection always; a day's ban where only an abusive or
-- broken peer does such a thing (behaviour.md 1.10).
local ban = {}

local BAN_S = 24 * 3600

local banned = {
  pex_too_soon = true,    -- R27: a third request sooner than the interval
  pex_bad_address = true, -- R33: a list with an IP or port that cannot be
  pex_unsolicited = true, -- R32: a list nobody asked for
}

function ban.ban(view)
  return { ban_s = banned[view.kind] and BAN_S or 0, scope = "id", disconnect = true }
end

ban.examples = {
  { hook = "ban", given = { kind = "pex_too_soon" }, expect = { ban_s = 86400, scope = "id", disconnect = true } },
  { hook = "ban", given = { kind = "pex_bad_address" }, expect = { ban_s = 86400, disconnect = true } },
  { hook = "ban", given = { kind = "pex_unsolicited" }, expect = { ban_s = 86400, disconnect = true } },
  { hook = "ban", given = { kind = "pex_undecodable" }, expect = { ban_s = 0, disconnect = true } },
  { hook = "ban", given = { kind = "too_long" }, expect = { ban_s = 0, disconnect = true } },
  { hook = "ban", given = { kind = "listen_address" }, expect = { ban_s = 0, disconnect = true } },
}

return ban
