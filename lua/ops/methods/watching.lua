-- What the node does, and why.
local record_fields = {
  is_record = true,
  { "time", "time", "when" },
  { "hook", "text", "of a decision: which question" },
  { "event", "text", "of an event: what happened" },
  { "peer", "text", "node ID" },
  { "address", "text", "IP and port" },
  { "range", "text", "of a ban or its end: the IPs" },
  { "error", "text", "why it failed or ended: a name that stays the same, as in metrics" },
  { "text", "text", "the sentence of that, as in the log; without an error more about the event, by its "
    .. "kind" },
  { "detail", "text", "the fact behind an error, in words; absent: the sentence says all" },
  { "count", "integer", "of an event: how many addresses" },
  { "direction", "text", "of a connection: outbound (we dialed) or inbound" },
  { "connection", "integer", "the number of a connection" },
  { "verdict", "value", "of a decision: the answer" },
  { "nobody", "boolean", "of a decision: true if it took none of those it saw" },
  { "reason", "text", "that the policy gave" },
  { "rule", "text", "whose answer it was: the policy's, the rule in the binary ..." },
  { "policy", "text", "its name" },
  { "hash", "text", "of its source" },
  { "view", "value", "of a decision: what the policy saw" },
  { "times", "integer", "explain: of a decision that took nobody, how many of these it stands for" },
  { "since", "time", "explain: the oldest of them" },
}

-- As core/trace/happening.h names them.
local event_kinds = {
  { "started", "the node" },
  { "accepted", "a socket" },
  { "refused", "that socket, and why" },
  { "dialing", "an address" },
  { "connected", "and authenticated; its text: the version of its software" },
  { "dial_failed", "and why" },
  { "closed", "by the peer, or broken, and why" },
  { "closing", "by us, and why" },
  { "request_received", "for addresses" },
  { "list_received", "of count addresses" },
  { "request_sent", "for addresses" },
  { "list_sent", "of count addresses" },
  { "send_failed", "a message was dropped: the peer does not read" },
  { "resolved", "a name, to count addresses, or why not" },
  { "store_failed", "changes of the address book could not be written, and why" },
  { "store_recovered", "after that: they are written" },
  { "book_saved", "addrbook.json, or why not" },
  { "command", "of an operator; its text: the command, of a ban with its time and reason; whom it was "
    .. "about is in peer, address or range" },
  { "command_refused", "the same of one that changed nothing, and why" },
  { "setting_set", "its text: name = value" },
  { "policy_loaded", "its text: name, version and hash of the policy, and what became of its state" },
  { "policy_refused", "its text: file, line and cause; the one before answers on" },
  { "policy_rolled_back", "its text: name and hash of the one that answers again, and why if no operator did it" },
  { "policy_promoted", "its text: name and hash of the shadow that answers now" },
  { "param_set", "its text: name = value" },
  { "shadow_begun", "its text: name and hash" },
  { "shadow_ended", "by an operator" },
  { "gave_up", "the node; its text: why" },
}

local filter = { name = "filter", type = "filter",
  doc = "only those of a kind (a hook or an event; * stands for anything) or about a peer" }

return {
  {
    name = "explain",
    doc = "Why a peer is treated as it is: how it stands now, then the decisions and events that "
      .. "concerned it, oldest first, with inputs, reason and the policy that answered, and changes "
      .. "of the policy between them. Of decisions that took nobody the newest of each kind stands for "
      .. "all.",
    params = {
      { name = "peer", type = "peer", place = true, required = true,
        doc = "node ID, the first digits of it, an IP or IP:port; it need not be connected: seeds, "
          .. "persistent peers, addresses of the book, bans and recent events are known too" },
      { name = "limit", type = "integer", min = 1, max = 1000, default = 20,
        doc = "the newest so many about it; of changes of the policy as many at most" },
      { name = "decisions", type = "boolean", default = false, doc = "without events" },
    },
    result = {
      { "id", "text", "node ID, absent: not known" },
      { "ip", "text", "absent: not known" },
      { "address", "text", "IP and port, if they were asked for" },
      { "connected", "text", "outbound, inbound or no; of several at one IP how many" },
      { "in_book", "text", "new, old or no; of several at one IP how many" },
      { "banned", "text", "what bans it, how long and why, and whether it is dialed all the same; "
        .. "empty: nothing" },
      { "records", record_fields, "decisions and events" },
    },
    example = "explain 127.0.0.1",
  },
  {
    name = "events",
    doc = "What happened lately: dials, connections, requests, lists, commands, changes of the policy. With "
      .. "--follow it goes on until it is interrupted (as any program: status 130 in a shell) or the "
      .. "node ends (status 1). A follower that does not keep up is told so and dropped.",
    params = {
      filter,
      { name = "follow", type = "boolean", default = false, doc = "go on" },
      { name = "decisions", type = "boolean", default = false,
        doc = "with the decisions of the policy; a filter for their kinds alone needs it not" },
      { name = "limit", type = "integer", min = 0, max = 1000, default = 20,
        doc = "the newest so many to begin with" },
      { name = "after", type = "integer", min = 0, max = 2 ^ 52, default = 0,
        doc = "only those with a greater number" },
    },
    result = {
      { "events", record_fields, "oldest first" },
      { "last", "integer", "number of the newest" },
    },
    kinds = event_kinds,
    example = "events --filter kind=dial*",
  },
  {
    name = "metrics",
    doc = "Everything that is counted, as Prometheus text.",
    result = { { "text", "lines", "the text" } },
    example = "metrics",
  },
}
