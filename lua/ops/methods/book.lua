-- The address book of the running node.
local side_fields = {
  is_object = true,
  { "addresses", "integer", "on this side" },
  { "buckets", "integer", "there are" },
  { "used", "integer", "with an entry" },
  { "full", "integer", "without room" },
  { "bucket_size", "integer", "entries of one at most" },
}

local entry_fields = {
  { "id", "text", "node ID" },
  { "addr", "text", "IP and port" },
  { "side", "text", "new (by hearsay) or old (was marked good)" },
  { "fails", "integer", "failed dials since the last success" },
  { "success_s", "age", "last success, absent: never" },
  { "verified_s", "age", "last dial that proved its ID, absent: never" },
  { "rtt_ms", "integer", "round trip in milliseconds, absent: unknown" },
  { "last_failure", "text", "why the last failed dial failed" },
  { "group", "text", "its address group" },
  { "source", "text", "who told it first" },
}

local source_fields = {
  { "id", "text", "node ID" },
  { "addr", "text", "its socket's IP and its port" },
  { "heard_s", "age", "when it told us first" },
}

local bucket_fields = {
  { "bucket", "integer", "number" },
  { "entries", "integer", "in it" },
  { "groups", "integer", "different address groups among them" },
  { "largest_group", "text", "with most entries" },
  { "of_it", "integer", "entries of that group" },
}

local function what(doc)
  return { name = "what", type = "target", place = true, required = true, doc = doc }
end

local function with(fields, more)
  local all = {}
  for _, list in ipairs { fields, more } do
    for _, field in ipairs(list) do
      all[#all + 1] = field
    end
  end
  return all
end

return {
  {
    name = "book",
    doc = "What the address book is made of.",
    result = {
      { "addresses", "integer", "known" },
      { "new", side_fields, "by hearsay" },
      { "old", side_fields, "marked good at least once" },
      { "bad", "integer", "not worth keeping: the first to go when room is needed" },
      { "verified_1h", "integer", "reached under their ID within an hour" },
      { "verified_24h", "integer", "the same within a day" },
      { "groups", "integer", "different address groups" },
      { "needs_more", "boolean", "peers are asked for addresses" },
      { "bans", "integer", "in the list of bans" },
    },
    example = "book",
  },
  {
    name = "book.find",
    doc = "Looks up an ID, an IP or a range. Those verified last come first.",
    params = {
      what "an IP, IP:port, a range, or the first 4 or more digits of an ID",
      { name = "limit", type = "integer", min = 1, max = 1000, default = 50, doc = "rows at most" },
    },
    result = { { "entries", entry_fields, "one row each" }, { "total", "integer", "how many fit" } },
    example = "book find 127.0.0.0/8",
  },
  {
    name = "book.show",
    doc = "All that is known about one address.",
    params = { what "its ID, or the first digits of it, its IP, or IP:port" },
    result = with(entry_fields, {
      { "first_seen_s", "age", "heard of first" },
      { "attempt_s", "age", "last dial, or when it was heard of" },
      { "answers", "integer", "lists of it that told us something new" },
      { "version", "text", "of its software, as it says" },
      { "connected", "boolean", "now" },
      { "bad", "boolean", "the first to go when room is needed" },
      { "banned", "text", "why it is banned, empty: it is not" },
      { "buckets", "list", "where it lies" },
      { "sources", source_fields, "who told us, first heard first" },
    }),
    example = "book show 00112233",
  },
  {
    name = "book.map",
    doc = "How full each bucket is, and which address groups fill the fullest. An attacker of one "
      .. "network fills few buckets; a book in good health fills many evenly.",
    params = {
      { name = "side", type = "choice", values = { "new", "old" }, default = "new", place = true,
        doc = "which buckets" },
      { name = "limit", type = "integer", min = 0, max = 16, default = 5,
        doc = "how many of the fullest to describe" },
    },
    result = {
      { "side", "text", "new or old" },
      { "bucket_size", "integer", "entries of a bucket at most" },
      { "map", "map", "entries of each bucket in order" },
      { "fullest", bucket_fields, "the fullest, one row each" },
    },
    example = "book map old",
  },
}
