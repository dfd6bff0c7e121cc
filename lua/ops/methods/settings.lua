-- Settings of the running node.
local setting_fields = {
  { "name", "text", "as in config.toml, with its section" },
  { "value", "text", "now; of seeds and persistent peers those that the node has" },
  { "next_start", "text", "at the next start, absent: the same; where `set` made them differ" },
  { "default", "text", "without a config.toml" },
  { "changes", "text", "when another value holds: at once, or after a restart" },
}

local save = { name = "save", type = "boolean", default = false,
  doc = "write it to config.toml too, whose comments stay" }

local set_fields = {
  { "set", "text", "the setting" },
  { "was", "text", "its value before" },
  { "is", "text", "its value now" },
  { "next_start", "text", "its value at the next start, absent: the same" },
  { "holds", "text", "from when on" },
  { "saved", "boolean", "config.toml says so too" },
  { "outranked_by", "text",
    "of what is saved: the flag or variable of this start that counts for more, absent: none" },
}

return {
  {
    name = "settings",
    doc = "Lists the settings, their values, and which can change while the node runs.",
    params = {
      { name = "match", type = "text", place = true, max = 64,
        doc = "only those with this in their name" },
    },
    result = { { "settings", setting_fields, "one row each" } },
    example = "settings dial",
  },
  {
    name = "set",
    doc = "Changes a setting of the running node. One that cannot change while it runs is refused, or "
      .. "with --save written to config.toml for the next start.",
    params = {
      { name = "key", type = "text", place = true, required = true, max = 64,
        doc = "its name, such as p2p.max_num_outbound_peers" },
      { name = "value", type = "value", place = true, required = true, doc = "as in config.toml" },
      save,
    },
    result = set_fields,
    example = "set p2p.max_num_outbound_peers 20",
  },
  {
    name = "log",
    doc = "Changes which lines are logged: `set log_level` by a shorter name.",
    params = {
      { name = "level", type = "choice", values = { "debug", "info", "error", "none" }, place = true,
        required = true, doc = "the least important lines to log" },
      save,
    },
    result = set_fields,
    example = "log debug",
  },
}
