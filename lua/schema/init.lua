-- The seam between C and Lua, in one table: every hook, field, type, unit, range and default.
-- generate.lua makes the C structs and marshalling tables from it; the checks of verdicts, the
-- defaults of `given` in examples and the reference for authors come from it too.
--
-- A field: { name, type, default =, unit =, min =, max =, doc = }. Types:
--   integer, number, boolean   plain values; C: int64_t, double, bool
--   text                       C: const char * in views, char[max + 1] in verdicts
--   enum                       `enum` names one of schema.enums; C: enum policy_NAME, Lua: text
--   row, rows                  views: one `row`, a list; C: struct ROW_row, pointer + NAME_n
--   index, indexes             verdicts: a row of the view's list `over`, a list of them; Lua
--                              counts from 1, C from 0; C: int64_t, int64_t[max] + NAME_n
--   picks                      verdicts: a list of picks over `over`; C: struct policy_pick[max]
-- A name with a dot is a field of a nested table in Lua (`book.new`) and has `_` in C (`book_new`).
-- Times in rows are ages: seconds since then, -1 for never.
-- A field of a view always has a default (what examples need not give); one of a verdict without a
-- default must be given. A number out of range is clamped, an integer out of range is an error;
-- `zero = true` allows 0 beside the range.
--
-- A verdict: { kind =, may_be_false =, ... }. Kinds:
--   table     named fields
--   one_of    exactly one of several named alternatives; the first field of each tells which
--   value     the verdict is the field itself
-- An alternative with `bare = true` is a value. Every verdict in table form may carry `reason`.

local schema = {}

schema.reason_max = 80

schema.enums = {
  { name = "role", values = { "node", "seed" } },
  { name = "scope", values = { "id", "ip", "group" } },
}

schema.common = {
  { "now", "number", default = 1.7e9, unit = "s", doc = "Unix time, never going back" },
  { "role", "enum", enum = "role", default = "node", doc = "what this node is" },
  { "outbound", "integer", default = 0, unit = "peers",
    doc = "outbound peers, unconditional ones not counted" },
  { "inbound", "integer", default = 0, unit = "peers",
    doc = "inbound peers, unconditional ones not counted" },
  { "dialing", "integer", default = 0, unit = "peers", doc = "dials in progress" },
  { "outbound_max", "integer", default = 10, unit = "peers", doc = "max_num_outbound_peers" },
  { "inbound_max", "integer", default = 40, unit = "peers", doc = "max_num_inbound_peers" },
  { "book.new", "integer", default = 0, unit = "addresses", doc = "addresses not vetted yet" },
  { "book.old", "integer", default = 0, unit = "addresses", doc = "vetted addresses" },
}

schema.rows = {
  address = {
    doc = "an address of the book",
    { "id", "text", max = 40, default = "", doc = "peer ID, 40 hex characters" },
    { "ip", "text", max = 45, default = "8.8.8.8", doc = "IP literal" },
    { "port", "integer", default = 26656 },
    { "group", "text", max = 45, default = "8.8.0.0", doc = "address group: the /16 (IPv6: /32)" },
    { "tag", "text", max = 63, default = "",
      doc = "tag of the most specific CIDR in [policy] tags" },
    { "old", "boolean", default = false, doc = "vetted: marked good at least once" },
    { "attempts", "integer", default = 0, unit = "dials",
      doc = "failed dials since the last success, kept in the book" },
    { "failures", "integer", default = 0, unit = "dials",
      doc = "failed dials of this endpoint in this run" },
    { "retry_in_s", "number", default = 0, unit = "s", doc = "0: may be dialed now" },
    { "last_attempt_age_s", "number", default = -1, unit = "s" },
    { "last_success_age_s", "number", default = -1, unit = "s" },
    { "last_verified_age_s", "number", default = -1, unit = "s",
      doc = "since we dialed this endpoint and authenticated this ID" },
    { "rtt_ms", "number", default = -1, unit = "ms",
      doc = "last measured round trip, -1: unknown" },
    { "group_outbound", "integer", default = 0, unit = "peers",
      doc = "outbound peers and dials in the same group" },
    { "persistent", "boolean", default = false },
    { "source_ip", "text", max = 45, default = "", doc = "who told us first" },
  },
  peer = {
    doc = "a connected peer",
    { "id", "text", max = 40, default = "" },
    { "ip", "text", max = 45, default = "8.8.8.8" },
    { "port", "integer", default = 26656 },
    { "group", "text", max = 45, default = "8.8.0.0" },
    { "tag", "text", max = 63, default = "" },
    { "outbound", "boolean", default = false },
    { "persistent", "boolean", default = false },
    { "unconditional", "boolean", default = false },
    { "uptime_s", "number", default = 0, unit = "s" },
    { "rtt_ms", "number", default = -1, unit = "ms",
      doc = "TCP connect time at once, smoothed by ping" },
    { "useful_addresses", "integer", default = 0, unit = "addresses",
      doc = "addresses it supplied that were new to us" },
    { "version", "text", max = 63, default = "", doc = "software version it reports" },
  },
}

-- Order is the order of the generated enum; new hooks go to the end.
schema.hooks = {
  {
    name = "bias", point = "P2",
    doc = "How strongly to prefer new addresses, and how many to look at. First in a dial round.",
    view = {
      { "round", "integer", default = 0, doc = "dial rounds since start" },
      { "wanted", "integer", default = 10, unit = "peers", doc = "free outbound slots" },
    },
    verdict = {
      kind = "table",
      { "new_percent", "number", min = 0, max = 100, default = 30, unit = "percent",
        doc = "share of the draw taken from new buckets" },
      { "draw", "integer", min = 1, max = 1024, default = 30, unit = "candidates",
        doc = "how many candidates `select` gets" },
    },
  },
  {
    name = "select", point = "P3", doc = "Which of the drawn candidates to dial, best first.",
    view = {
      { "wanted", "integer", default = 10, unit = "peers",
        doc = "how many will be dialed at most" },
      { "new_percent", "number", default = 30, unit = "percent",
        doc = "bias this draw was made with" },
      { "candidates", "rows", row = "address",
        doc = "drawn from the book; never ourselves, banned, connected or being dialed" },
    },
    verdict = { kind = "value", { "picks", "picks", over = "candidates", max = 1024 } },
  },
  {
    name = "backoff", point = "P4, P5",
    doc = "A dial failed: when may this address be tried again?",
    view = {
      { "class", "text", max = 31, default = "refused",
        doc = "refused, timeout, wrong_id, handshake_timeout, other_network ... (error names)" },
      { "failures", "integer", default = 1, unit = "dials",
        doc = "failed dials of this endpoint, this one counted" },
      { "max_wait_s", "number", default = 0, unit = "s",
        doc = "persistent_peers_max_dial_period, 0: no cap" },
      { "address", "row", row = "address" },
    },
    verdict = {
      kind = "one_of",
      {
        name = "wait",
        { "wait_s", "number", min = 1, max = 172800, unit = "s", doc = "not before this" },
      },
      {
        name = "ban",
        { "ban_s", "number", min = 60, max = 2592000, unit = "s" },
        { "scope", "enum", enum = "scope", default = "id" },
      },
      { name = "remove", { "remove", "boolean", doc = "drop it from the book" } },
    },
  },
  {
    name = "ban", point = "P17", doc = "A peer misbehaved: ban it, and for how long?",
    view = {
      { "kind", "text", max = 31, default = "pex_unsolicited",
        doc = "error name: pex_too_soon, pex_bad_address, pex_unsolicited, pex_undecodable, "
          .. "too_long, channel_unknown ..." },
      { "incidents", "integer", default = 1,
        doc = "incidents of this ID in the last 24 h, this one counted" },
      { "peer", "row", row = "peer" },
    },
    verdict = {
      kind = "table", may_be_false = true, -- false: let it pass where the core allows
      { "ban_s", "number", min = 60, max = 2592000, zero = true, default = 0, unit = "s",
        doc = "0: no ban" },
      { "scope", "enum", enum = "scope", default = "id" },
      { "disconnect", "boolean", default = true },
    },
  },
}

return schema
