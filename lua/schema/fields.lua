-- Fields that rows and views share: what names an address and what it is counted under.

return {
  id = { "id", "text", max = 40, default = "", doc = "peer ID, 40 hex characters" },
  ip = { "ip", "text", max = 45, default = "8.8.8.8", doc = "IP literal" },
  port = { "port", "integer", default = 26656 },
  group = {
    "group", "text", max = 45, default = "8.8.0.0",
    doc = 'address group: the /16 (IPv6: /32); with addr_book_strict "local" for loopback, "unroutable" '
      .. "for private networks and the like",
  },
  tag = {
    "tag", "text", max = 63, default = "", doc = 'tag of the most specific CIDR in [policy] tags, "": none',
  },
}
