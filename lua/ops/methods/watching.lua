-- What the node does, and why.
local record_fields = {
  is_record = true,
  { "time", "time", "when" },
  { "hook", "text", "of a decision: which question" },
  { "event", "text", "of an event: what happened" },
  { "peer", "text", "node ID" },
  { "address", "text", "IP and port" },
  { "range", "text", "of a ban or its end: the IPs" },
  { "error", "text", "why it failed or ended" },
  { "verdict", "value", "of a decision: the answer" },
  { "reason", "text", "that the policy gave" },
  { "rule", "text", "whose answer it was: the policy's, the rule in the binary ..." },
  { "policy", "text", "its name" },
  { "hash", "text", "of its source" },
  { "view", "value", "of a decision: what the policy saw" },
}

local filter = { name = "filter", type = "filter",
  doc = "only those of a kind (a hook or an event; * stands for anything) or about a peer" }

return {
  {
    name = "explain",
    doc = "Why a peer is treated as it is: how it stands now, then the decisions and events that "
      .. "concerned it, oldest first, with inputs, reason and the policy that answered, and changes "
      .. "of the policy between them.",
    params = {
      { name = "peer", type = "peer", place = true, required = true,
        doc = "node ID, the first digits of it, an IP or IP:port; it need not be connected" },
      { name = "limit", type = "integer", min = 1, max = 1000, default = 20,
        doc = "the newest so many" },
      { name = "decisions", type = "boolean", default = false, doc = "without events" },
    },
    result = {
      { "id", "text", "node ID, absent: not known" },
      { "ip", "text", "absent: not known" },
      { "connected", "text", "outbound, inbound or no" },
      { "in_book", "text", "new, old or no" },
      { "banned", "text", "what bans it, why and how long; empty: nothing" },
      { "records", record_fields, "decisions and events" },
    },
    example = "explain 127.0.0.1",
  },
  {
    name = "events",
    doc = "What happened lately: dials, connections, requests, lists, commands, changes of the policy. With "
      .. "--follow it goes on until it is interrupted. A follower that does not keep up is told so "
      .. "and dropped.",
    params = {
      filter,
      { name = "follow", type = "boolean", default = false, doc = "go on" },
      { name = "decisions", type = "boolean", default = false,
        doc = "with the decisions of the policy" },
      { name = "limit", type = "integer", min = 0, max = 1000, default = 20,
        doc = "the newest so many to begin with" },
      { name = "after", type = "integer", min = 0, max = 2 ^ 52, default = 0,
        doc = "only those with a greater number" },
    },
    result = {
      { "events", record_fields, "oldest first" },
      { "last", "integer", "number of the newest" },
    },
    example = "events --filter kind=dial*",
  },
  {
    name = "metrics",
    doc = "Everything that is counted, as Prometheus text.",
    result = { { "text", "lines", "the text" } },
    example = "metrics",
  },
}
