-- Who is kept out.
local ban_fields = {
  { "target", "text", "a node ID, a range, or an ID at one address" },
  { "kind", "text", "id, range or pair (an address that proved to be somebody else's)" },
  { "left_s", "duration", "until it ends" },
  { "until", "time", "when it ends" },
  { "times", "integer", "how often this was banned" },
  { "reason", "text", "why" },
}

local closed_fields = {
  { "id", "text", "node ID" },
  { "addr", "text", "the other end of the connection" },
  { "direction", "text", "outbound (we dialed) or inbound" },
}

local not_stored = { "not_stored", "text", "that it is in memory alone, as the disk does not take it, and "
  .. "why; absent: it is stored within moments" }

local target = { name = "target", type = "target", place = true, required = true,
  doc = "whom it is about; an ID by its first digits too" }

return {
  {
    name = "bans",
    doc = "Lists the bans in force.",
    params = {
      { name = "match", type = "target", place = true,
        doc = "only those that touch this ID (or its first digits), IP or range" },
      { name = "limit", type = "integer", min = 1, max = 10000, default = 200,
        doc = "rows at most" },
    },
    result = { { "bans", ban_fields, "one row each" }, { "total", "integer", "how many fit" } },
    example = "bans 10.0.0.0/8",
  },
  {
    name = "ban",
    doc = "Keeps an ID, an IP or a range out, and closes its connections. Persistent and "
      .. "unconditional peers and seeds cannot be banned by ID, and a range leaves them connected. A "
      .. "ban that ends later already keeps its end.",
    params = {
      target,
      { name = "duration", type = "duration", min = "1m", max = "3650d", default = "24h",
        doc = "how long" },
      { name = "reason", type = "text", default = "operator", max = 80,
        doc = "for the list of bans and the log" },
      { name = "force", type = "boolean", default = false,
        doc = "even a range wider than /8 (IPv6: /16), which closes nearly everybody" },
    },
    result = {
      { "banned", "text", "what" },
      { "until", "time", "when it ends, in truth" },
      { "kept", "text", "that it was banned for longer already; absent: it was not" },
      not_stored,
      { "closed", "integer", "connections that were closed" },
      { "peers", closed_fields, "those whose they were" },
    },
    example = "ban 10.1.0.0/16 --duration 2h --reason spam",
  },
  {
    name = "unban",
    doc = "Ends a ban. Of an ID also those at single addresses; an address that the ban took out of "
      .. "the book comes back.",
    params = { target },
    result = { { "unbanned", "text", "what" }, { "ended", "integer", "bans" }, not_stored },
    example = "unban 10.1.0.0/16",
  },
}
