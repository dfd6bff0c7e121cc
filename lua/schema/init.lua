-- The seam between C and Lua, in one table: every hook, field, type, unit, range and default. Rows and
-- hooks are in files of their own.
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
  { "dialing_max", "integer", default = 64, unit = "peers", doc = "setting dial_concurrency" },
  { "book.new", "integer", default = 0, unit = "addresses", doc = "addresses not vetted yet" },
  { "book.old", "integer", default = 0, unit = "addresses", doc = "vetted addresses" },
}

schema.rows = require "schema.rows"
schema.hooks = require "schema.hooks"

return schema
