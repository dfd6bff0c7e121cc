-- The node as a whole.
local peer_fields = {
  is_object = true,
  { "outbound", "integer", "peers that we dialed" },
  { "outbound_max", "integer", "and how many there may be" },
  { "inbound", "integer", "peers that dialed us" },
  { "inbound_max", "integer", "and how many there may be" },
  { "dialing", "integer", "dials under way" },
  { "handshaking", "integer", "accepted connections that still have to prove an ID" },
}

local book_fields = {
  is_object = true,
  { "addresses", "integer", "known" },
  { "new", "integer", "by hearsay" },
  { "old", "integer", "marked good at least once" },
  { "bans", "integer", "in the list of bans" },
}

local not_stored_fields = {
  is_object = true,
  { "since", "time", "the first failure" },
  { "why", "text", "of the last one, as in the log" },
}

local policy_fields = {
  is_object = true,
  { "name", "text", "of the policy that answers" },
  { "version", "integer", "of it" },
  { "hash", "text", "of its source" },
  { "calls", "integer", "questions since it was made live" },
  { "errors", "integer", "failures, for which the rules in the binary answered" },
  { "shadow", "text", "the policy that answers too, without effect, absent: none" },
  { "refused", "text", "why a newer one was not loaded or taken back, absent: none was since the last load" },
}

local traffic_fields = {
  is_object = true,
  { "bytes_in", "bytes", "read" },
  { "bytes_out", "bytes", "written" },
  { "requests_received", "integer", "for addresses" },
  { "requests_sent", "integer", "for addresses" },
  { "lists_received", "integer", "of addresses, that were asked for" },
  { "lists_sent", "integer", "of addresses" },
  { "dials", "integer", "begun" },
  { "dials_failed", "integer", "of them" },
}

return {
  {
    name = "status",
    doc = "What this node is and how it does.",
    result = {
      { "id", "text", "its node ID" },
      { "moniker", "text", "its name for people" },
      { "network", "text", "the chain ID it is on" },
      { "role", "text", "node or seed" },
      { "software", "text", "name and version" },
      { "home", "text", "its directory" },
      { "pid", "integer", "its process" },
      { "uptime_s", "duration", "since it was started" },
      { "listen", "text", "where it listens" },
      { "external", "text", "where others reach it, empty: nowhere" },
      { "peers", peer_fields, "connections" },
      { "book", book_fields, "the address book" },
      { "not_stored", not_stored_fields, "that changes of the book, bans among them, could not be "
        .. "written and are in memory alone, absent: they are stored" },
      { "policy", policy_fields, "the rules that decide" },
      { "traffic", traffic_fields, "since the start" },
    },
    example = "status",
  },
  {
    name = "save",
    doc = "Writes the address book to disk now. It is written on its own every few minutes and at "
      .. "the end.",
    result = { { "saving", "boolean", "writing has begun" } },
    example = "save",
  },
  {
    name = "stop",
    doc = "Ends the node: saves the address book, takes leave of its peers, exits.",
    result = { { "stopping", "boolean", "it has begun" } },
    example = "stop",
  },
  {
    name = "help",
    doc = "Lists the methods, or describes one.",
    params = {
      { name = "method", type = "text", place = true, max = 40, doc = "the one to describe" },
    },
    result = { { "methods", "list", "name, doc, params, result, example of each" } },
    example = "help",
  },
}
