-- Commands of `luapex ctl` that are no method of the socket: they ask others in its place. Of the
-- shape of a method (methods.lua), without a result.
local commands = { list = {}, by_name = {} }

local function add(command)
  command.is_local, command.result = true, {}
  commands.list[#commands.list + 1] = command
  commands.by_name[command.name] = command
end

add {
  name = "top",
  doc = "Shows what the node does on a full screen, again and again: peers, rates, the address "
    .. "book, the policy and the last events. A node that is not running is waited for. Keys: h "
    .. "lists them, q quits.",
  params = {
    { name = "interval", type = "duration", min = "100ms", max = "1h", default = "1s",
      doc = "between two looks" },
    { name = "once", type = "boolean", default = false,
      doc = "print one frame as text, after two looks" },
  },
  example = "top --interval 2s",
}

return commands
