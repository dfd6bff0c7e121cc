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
--   table     named fields; `bare = true`: the first field's value alone stands for the table
--   value     a table of one field, whose value alone is enough
--   one_of    one of several named alternatives, each a table as above; its first field, or any
--             field of its own, tells which
--   none      nothing is asked: the hook is told
-- Every verdict in table form, and every list, may carry `reason`.
--
-- A hook with `answered_by = "core"` has its rule in core/node: it is asked only when a policy
-- defines it, and nil leaves the question to that rule. All others have one in policies/.

local schema = {}

schema.reason_max = 80

schema.enums = {
  { name = "role", values = { "node", "seed" } },
  { name = "scope", values = { "id", "ip", "group" } },
  { name = "round", values = { "tick", "wakeup" } },
  { name = "wanted", values = { "tick", "connected" } },
  { name = "stage", values = { "socket", "peer" } },
  { name = "act", values = { "answer", "ignore", "disconnect" } },
  { name = "bucket", values = { "new", "old" } },
  { name = "event", values = { "connected", "closed", "dialed", "dial_failed", "list", "round_trip" } },
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
    { "tag_outbound", "integer", default = 0, unit = "peers",
      doc = "outbound peers and dials with the same tag; 0 without one" },
    { "persistent", "boolean", default = false },
    { "source_ip", "text", max = 45, default = "", doc = "who told us first" },
    { "source_group", "text", max = 45, default = "", doc = "its address group" },
    { "first_seen_age_s", "number", default = -1, unit = "s" },
    { "last_crawl_age_s", "number", default = -1, unit = "s",
      doc = "since a crawl last chose it, in this run" },
    { "references", "integer", default = 1, unit = "buckets", doc = "new buckets that hold it" },
    { "reached_2h", "number", default = -1,
      doc = "share of dials that succeeded, 0 to 1, faded over 2 hours; -1: never dialed" },
    { "reached_day", "number", default = -1, doc = "the same, faded over a day" },
    { "reached_week", "number", default = -1, doc = "the same, faded over a week" },
    { "connected", "boolean", default = false },
    { "version", "text", max = 63, default = "", doc = "software version it reported last" },
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
    { "addresses", "integer", default = 0, unit = "addresses",
      doc = "addresses it supplied, known ones counted" },
    { "lists", "integer", default = 0, doc = "lists it sent that we had asked for" },
    { "list_age_s", "number", default = -1, unit = "s", doc = "since the last of them" },
    { "asked_age_s", "number", default = -1, unit = "s", doc = "since we last asked it" },
    { "requests", "integer", default = 0, doc = "requests it made on this connection" },
    { "request_age_s", "number", default = -1, unit = "s", doc = "since the last of them" },
    { "incidents", "integer", default = 0, doc = "its incidents in the last 24 h" },
    { "dead_addresses", "integer", default = 0, unit = "addresses",
      doc = "of those it told us first: that never answered, in the last 24 h" },
    { "seed", "boolean", default = false, doc = "one of the configured seeds" },
    { "version", "text", max = 63, default = "", doc = "software version it reports" },
  },
  seed = {
    doc = "a configured seed that may be dialed now",
    { "id", "text", max = 40, default = "" },
    { "ip", "text", max = 45, default = "8.8.8.8" },
    { "port", "integer", default = 26656 },
    { "group", "text", max = 45, default = "8.8.0.0" },
    { "tag", "text", max = 63, default = "" },
    { "last_try_age_s", "number", default = -1, unit = "s" },
    { "failures", "integer", default = 0, unit = "dials",
      doc = "failed dials since the last success" },
    { "result", "text", max = 31, default = "",
      doc = 'how the last dial ended: "ok" or an error name, "": none yet' },
  },
  banned = {
    doc = "a ban that ran out, with the address it kept",
    { "id", "text", max = 40, default = "" },
    { "ip", "text", max = 45, default = "8.8.8.8" },
    { "port", "integer", default = 26656 },
    { "group", "text", max = 45, default = "8.8.0.0" },
    { "tag", "text", max = 63, default = "" },
    { "reason", "text", max = 80, default = "", doc = "why it was banned" },
    { "bans", "integer", default = 1, doc = "how often it was banned, this one counted" },
    { "ban_age_s", "number", default = 86400, unit = "s", doc = "since the ban began" },
    { "expired_age_s", "number", default = 0, unit = "s", doc = "since it ran out" },
  },
  offer = {
    doc = "an address in a list that a peer sent",
    { "id", "text", max = 40, default = "" },
    { "ip", "text", max = 45, default = "8.8.8.8" },
    { "port", "integer", default = 26656 },
    { "group", "text", max = 45, default = "8.8.0.0" },
    { "tag", "text", max = 63, default = "" },
    { "known", "boolean", default = false, doc = "in the book with this endpoint" },
    { "known_elsewhere", "boolean", default = false,
      doc = "this ID is in the book with another endpoint, which it keeps" },
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
        doc = "how many will be dialed at most, beside a feeler; 0: no slot is free" },
      { "new_percent", "number", default = 30, unit = "percent",
        doc = "bias this draw was made with" },
      { "candidates", "rows", row = "address",
        doc = "drawn from the book; never ourselves, banned, connected or being dialed" },
    },
    verdict = {
      kind = "value", may_be_false = true,
      { "picks", "picks", over = "candidates", max = 1024 },
    },
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
  {
    name = "dial_count", point = "P1", doc = "A dial round starts: how many dials may it make?",
    view = {
      { "reason", "enum", enum = "round", default = "tick",
        doc = "the period has passed, or addresses came from a seed" },
      { "free", "integer", default = 10, unit = "peers", doc = "free outbound slots" },
    },
    verdict = {
      kind = "value", may_be_false = true,
      { "dials", "integer", min = 0, max = 1024, unit = "dials",
        doc = "at most as many as slots are free" },
    },
  },
  {
    name = "promote", point = "P6",
    doc = "Whether a peer we dialed was useful enough for its address to count as good (vetted).",
    view = {
      { "good_after_s", "number", default = 3600, unit = "s",
        doc = "setting good_after: connected for so long" },
      { "good_after_list_s", "number", default = 600, unit = "s",
        doc = "setting good_after_list: the same for a peer that sent a list" },
      { "peer", "row", row = "peer" },
    },
    verdict = { kind = "value", { "good", "boolean" } },
  },
  {
    name = "ask", point = "P8, P9", doc = "Addresses are wanted: which peer to ask for some.",
    view = {
      { "reason", "enum", enum = "wanted", default = "tick",
        doc = "the period has passed, or the one peer in `peers` has just connected" },
      { "need_more", "boolean", default = true, doc = "the book is short of addresses (P7)" },
      { "peers", "rows", row = "peer", doc = "those that may be asked now" },
    },
    verdict = { kind = "value", may_be_false = true, { "row", "index", over = "peers" } },
  },
  {
    name = "seeds", point = "P10",
    doc = "Nothing in the book can be dialed, or we have been alone for long: which seeds to try.",
    view = {
      { "need_more", "boolean", default = true, doc = "the book is short of addresses (P7)" },
      { "alone_s", "number", default = -1, unit = "s",
        doc = "since the last peer left; -1: we have peers" },
      { "seeds", "rows", row = "seed", doc = "those that may be dialed now" },
    },
    verdict = {
      kind = "value", may_be_false = true,
      { "rows", "indexes", over = "seeds", max = 256, doc = "tried in this order until one answers" },
    },
  },
  {
    name = "reconnect", point = "P25",
    doc = "A persistent peer is away or could not be reached: when to try again.",
    view = {
      { "id", "text", max = 40, default = "" },
      { "ip", "text", max = 45, default = "8.8.8.8" },
      { "port", "integer", default = 26656 },
      { "tag", "text", max = 63, default = "" },
      { "class", "text", max = 31, default = "refused",
        doc = "what ended the last dial or the connection (error names)" },
      { "failures", "integer", default = 1, unit = "dials", doc = "failed dials in a row" },
      { "away_s", "number", default = 0, unit = "s", doc = "since it was last connected, or since start" },
      { "max_wait_s", "number", default = 0, unit = "s",
        doc = "persistent_peers_max_dial_period, 0: not set" },
      { "tries", "integer", default = 20, unit = "dials",
        doc = "settings reconnect_tries: so many at equal intervals ..." },
      { "interval_s", "number", default = 5, unit = "s", doc = "... reconnect_interval ..." },
      { "jitter_s", "number", default = 3, unit = "s",
        doc = "... with a random part, reconnect_jitter ..." },
      { "factor", "integer", default = 3,
        doc = "... then each wait is so many times the last, reconnect_factor ..." },
      { "longest_s", "number", default = 300, unit = "s", doc = "... up to reconnect_max" },
    },
    verdict = {
      kind = "table", bare = true,
      { "wait_s", "number", min = 1, max = 86400, unit = "s", doc = "not before this" },
    },
  },
  {
    name = "rotate", point = "P18, P20",
    doc = "Which peers to let go, every period. They are closed gracefully and not dialed again at once.",
    view = {
      { "hold_max_s", "number", default = 100800, unit = "s",
        doc = "seed_disconnect_wait: the longest a seed keeps a peer" },
      { "hold_after_list_s", "number", default = 5, unit = "s",
        doc = "setting crawl_hold_after_list" },
      { "hold_without_list_s", "number", default = 30, unit = "s",
        doc = "setting crawl_hold_without_list" },
      { "idle_s", "number", default = 60, unit = "s",
        doc = "setting seed_idle: for inbound peers of a seed that do not ask" },
      { "peers", "rows", row = "peer", doc = "all but persistent and unconditional ones" },
    },
    verdict = {
      kind = "value", may_be_false = true,
      { "rows", "indexes", over = "peers", max = 1024 },
    },
  },
  {
    name = "crawl", point = "P19",
    doc = "A crawl begins: which addresses to visit, in which order.",
    view = {
      { "concurrency", "integer", default = 64, unit = "dials", doc = "crawl_concurrency" },
      { "again_s", "number", default = 120, unit = "s",
        doc = "setting recrawl_interval: between two crawls of one ID" },
      { "candidates", "rows", row = "address",
        doc = "drawn from the book, vetted and not vetted alike" },
    },
    verdict = {
      kind = "table", bare = true, may_be_false = true,
      { "rows", "indexes", over = "candidates", max = 1024 },
      { "concurrency", "integer", min = 1, max = 1024, zero = true, default = 0, unit = "dials",
        doc = "at once; 0: as the setting, which is also the most" },
    },
  },
  {
    name = "share", point = "P13",
    doc = "An answer is built: what of the book goes into it, as numbers or row by row.",
    view = {
      { "peer", "row", row = "peer", doc = "who asked" },
      { "count", "integer", default = 32, unit = "addresses",
        doc = "how many a node of this book shares: 23 % of it, from 32 to 250 (B35)" },
      { "seed_new_percent", "number", default = 30, unit = "percent",
        doc = "setting seed_new_share: new addresses in a seed's answer" },
      { "candidates", "rows", row = "address",
        doc = "empty at first; with `draw` the hook is asked again and finds them here" },
    },
    verdict = {
      kind = "one_of", may_be_false = true,
      {
        name = "amount",
        { "count", "integer", min = 0, max = 250, default = 250, unit = "addresses" },
        { "new_percent", "number", min = -1, max = 100, default = -1, unit = "percent",
          doc = "share of new addresses, which come first (B37); -1: all alike (B36)" },
        { "verified_only", "boolean", default = false,
          doc = "only addresses that we dialed and whose ID we authenticated" },
        { "verified_first", "boolean", default = false, doc = "others only if these are too few" },
        { "verified_within_s", "number", min = 0, max = 31536000, default = 0, unit = "s",
          doc = "how long ago at most; 0: ever" },
        { "draw", "integer", min = 0, max = 1024, default = 0, unit = "candidates",
          doc = "ask again and show so many, drawn by these rules" },
      },
      { name = "rows", bare = true, { "rows", "indexes", over = "candidates", max = 250 } },
    },
  },
  {
    name = "admit", point = "P15", answered_by = "core",
    doc = "Somebody connects to us: let him in? Asked for the socket and again for the proven peer.",
    view = {
      { "stage", "enum", enum = "stage", default = "peer",
        doc = "before the handshake (then id and what follows it are not known), or after it" },
      { "ip", "text", max = 45, default = "8.8.8.8" },
      { "group", "text", max = 45, default = "8.8.0.0" },
      { "tag", "text", max = 63, default = "" },
      { "ip_peers", "integer", default = 0, unit = "peers", doc = "inbound ones with this IP" },
      { "group_peers", "integer", default = 0, unit = "peers", doc = "inbound ones in this group" },
      { "handshaking", "integer", default = 0, unit = "peers", doc = "inbound sockets not proven yet" },
      { "default_reject", "text", max = 31, default = "",
        doc = "why the core would refuse (error name), \"\": it would not" },
      { "id", "text", max = 40, default = "" },
      { "version", "text", max = 63, default = "" },
      { "moniker", "text", max = 63, default = "" },
      { "known", "boolean", default = false, doc = "its ID is in the book" },
      { "unconditional", "boolean", default = false },
      { "persistent", "boolean", default = false },
      { "peers", "rows", row = "peer",
        doc = "who could make room; only at stage peer while the inbound slots are full" },
    },
    verdict = {
      kind = "one_of", may_be_false = true,
      { name = "accept", bare = true, { "accept", "boolean" } },
      { name = "reject", { "reject", "text", max = 80 } },
      { name = "replace", { "replace", "index", over = "peers" } },
    },
  },
  {
    name = "answer", point = "P12, P14", answered_by = "core",
    doc = "A peer asks for addresses: answer, and close when? false: ignore.",
    view = {
      { "peer", "row", row = "peer", doc = "who asks; this request is counted" },
      { "since_last_s", "number", default = -1, unit = "s",
        doc = "since this ID's request before this, on whichever connection; -1: none known" },
      { "ip_answers", "number", default = 20, unit = "answers",
        doc = "answers its IP may still get now" },
      { "default_act", "enum", enum = "act", default = "answer", doc = "what the core would do" },
    },
    verdict = {
      kind = "table", bare = true, may_be_false = true,
      { "act", "enum", enum = "act" },
      { "linger_s", "number", min = 0, max = 10, default = 10, unit = "s",
        doc = "a seed closes the connection once the answer is out, but not later than this" },
    },
  },
  {
    name = "accept", point = "P16", answered_by = "core",
    doc = "A list arrived that we had asked for: which of its addresses go into the book.",
    view = {
      { "peer", "row", row = "peer", doc = "who sent it" },
      { "room", "integer", default = 250, unit = "addresses",
        doc = "how many it may still add this hour" },
      { "offers", "rows", row = "offer" },
    },
    verdict = {
      kind = "table", bare = true, may_be_false = true,
      { "rows", "indexes", over = "offers", max = 250 },
      { "blame", "integer", min = 0, max = 250, default = 0, unit = "addresses",
        doc = "counted as dead addresses of this peer, which lowers its room for a day" },
    },
  },
  {
    name = "evict", point = "P21, P22", answered_by = "core",
    doc = "A bucket of the book is full: who leaves it for a newcomer. false: the newcomer.",
    view = {
      { "bucket", "enum", enum = "bucket", default = "new" },
      { "newcomer", "row", row = "address" },
      { "entries", "rows", row = "address", doc = "all of the bucket" },
      { "default_row", "integer", default = 0,
        doc = "whom the core would choose, as a number in `entries`; 0: the newcomer" },
    },
    verdict = {
      kind = "one_of", may_be_false = true,
      { name = "leave", bare = true, { "row", "index", over = "entries" } },
      { name = "test", { "test", "index", over = "entries",
        doc = "dial it first: it leaves if it does not answer" } },
    },
  },
  {
    name = "reinstate", point = "P11", answered_by = "core",
    doc = "Bans ran out: which of their addresses come back into the book now.",
    view = {
      { "need_more", "boolean", default = true, doc = "the book is short of addresses (P7)" },
      { "banned", "rows", row = "banned" },
    },
    verdict = {
      kind = "value", may_be_false = true,
      { "rows", "indexes", over = "banned", max = 256 },
    },
  },
  {
    name = "observe", answered_by = "core",
    doc = "Something happened: for policies that learn, in policy.state. Nothing is answered.",
    view = {
      { "kind", "enum", enum = "event", default = "connected" },
      { "id", "text", max = 40, default = "" },
      { "ip", "text", max = 45, default = "8.8.8.8" },
      { "port", "integer", default = 26656 },
      { "group", "text", max = 45, default = "8.8.0.0" },
      { "tag", "text", max = 63, default = "" },
      { "outbound", "boolean", default = true },
      { "class", "text", max = 31, default = "",
        doc = "dial_failed, closed: why (error name)" },
      { "rtt_ms", "number", default = -1, unit = "ms", doc = "dialed, round_trip" },
      { "addresses", "integer", default = 0, doc = "list: how many it held" },
      { "useful_addresses", "integer", default = 0, doc = "list: how many were new to us" },
      { "uptime_s", "number", default = 0, unit = "s", doc = "closed: how long it was connected" },
    },
    verdict = { kind = "none" },
  },
}

return schema
