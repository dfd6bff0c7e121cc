-- Connected peers, and those who are to be.
local peer_fields = {
  is_fixed = true,
  { "id", "text", "node ID" },
  { "addr", "text", "the other end of the connection" },
  { "direction", "text", "outbound (we dialed) or inbound" },
  { "uptime_s", "duration", "since it was connected" },
  { "rtt_ms", "integer", "round trip in milliseconds, absent: unknown" },
  { "useful", "integer", "addresses that it told us and that were new" },
  { "version", "text", "of its software, as it says" },
  { "flags", "text", "persistent, unconditional, seed; with commas between them" },
}

local configured_fields = {
  is_fixed = true,
  { "id", "text", "node ID" },
  { "host", "text", "host and port" },
  { "state", "text", "connected, dialing, waiting, resolving or ourselves" },
  { "failures", "integer", "failed tries in a row" },
  { "retry_in_s", "duration", "until the next try; of a seed that failed, until the round that "
    .. "tries it unless something else can be dialed; absent: none is planned" },
  { "error", "text", "why the last try or connection failed or ended: a name that stays the same; "
    .. "absent: there was none, or it is well", is_hidden = true },
  { "last_failure", "text", "the sentence of that, as in the log" },
}

local address = { name = "address", type = "address", place = true, required = true,
  doc = "ID@host:port" }
local peer = { name = "peer", type = "peer", place = true, required = true,
  doc = "its ID, the first digits of it, or IP:port" }

local id = { name = "id", type = "id", place = true, required = true,
  doc = "its node ID, or the first digits of it" }

local save = { name = "save", type = "boolean", default = false,
  doc = "change it in config.toml too, where all else stays as it is" }
local saved = { "saved", "boolean", "config.toml says so too" }

return {
  {
    name = "peers",
    doc = "Lists connected peers. The longest connected come first.",
    params = {
      { name = "direction", type = "choice", values = { "all", "outbound", "inbound" },
        default = "all", doc = "only those" },
      { name = "limit", type = "integer", min = 1, max = 10000, default = 500,
        doc = "rows at most" },
    },
    result = { { "peers", peer_fields, "one row each" }, { "total", "integer", "how many there are" } },
    example = "peers --direction inbound",
  },
  {
    name = "dial",
    doc = "Connects to an address now. With --persistent it is kept connected, as by `persistent "
      .. "add`. The result of the dial shows in `peers` and `events`.",
    params = {
      address,
      { name = "persistent", type = "boolean", default = false, doc = "stay connected to it" },
      { name = "save", type = "boolean", default = false,
        doc = "with --persistent: add it in config.toml too" },
    },
    result = { { "dialing", "text", "the address" },
      { "saved", "boolean", "config.toml says so too; absent without --persistent" } },
    example = "dial 00112233445566778899aabbccddeeff00112233@127.0.0.1:26656",
  },
  {
    name = "disconnect",
    doc = "Closes the connection to a peer. Without a ban it may come back at once; a persistent peer "
      .. "is dialed again after some minutes.",
    params = {
      peer,
      { name = "ban", type = "duration", min = "1m", max = "3650d", doc = "and keep it out so long" },
      { name = "reason", type = "text", default = "operator", max = 80, doc = "of the ban" },
    },
    result = { { "disconnected", "text", "the peer's ID" } },
    example = "disconnect 00112233 --ban 1h",
  },
  {
    name = "persistent",
    doc = "Lists the peers that are kept connected.",
    result = { { "persistent", configured_fields, "one row each" } },
    example = "persistent",
  },
  {
    name = "persistent.add",
    doc = "Keeps a peer connected from now on, until the node ends; with --save also after that. Its "
      .. "host may be a name.",
    params = { address, save },
    result = { { "added", "text", "the address" }, saved },
    example = "persistent add 00112233445566778899aabbccddeeff00112233@127.0.0.1:26656",
  },
  {
    name = "persistent.remove",
    doc = "Keeps a peer connected no longer. The connection stays, as one like any other.",
    params = { id, save },
    result = { { "removed", "text", "the node ID" }, saved },
    example = "persistent remove 00112233445566778899aabbccddeeff00112233",
  },
  {
    name = "seeds",
    doc = "Lists the seeds, which are asked when too few addresses are known.",
    result = { { "seeds", configured_fields, "one row each" } },
    example = "seeds",
  },
  {
    name = "seeds.add",
    doc = "Adds a seed until the node ends, with --save for good. A node without peers asks it at "
      .. "once.",
    params = { address, save },
    result = { { "added", "text", "the address" }, saved },
    example = "seeds add 00112233445566778899aabbccddeeff00112233@127.0.0.1:26656",
  },
  {
    name = "seeds.remove",
    doc = "Asks a seed no longer, until the node ends, with --save for good. Its address stays in the "
      .. "book, and a connection stays, as one like any other.",
    params = { id, save },
    result = { { "removed", "text", "the node ID" }, saved },
    example = "seeds remove 00112233445566778899aabbccddeeff00112233",
  },
}
