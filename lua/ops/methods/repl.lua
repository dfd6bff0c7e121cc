-- Lua in the node.
return {
  {
    name = "repl",
    doc = "A Lua prompt in the node: the methods are functions, variables stay while the connection "
      .. "lasts. It runs in a VM of its own without files, system, network or debug library, and "
      .. "every line has the limits of a policy's call. help() in it says more.",
    params = {
      { name = "eval", type = "text", max = 4096, default = "",
        doc = "Lua to run; without it the command opens a prompt" },
    },
    result = { { "text", "lines", "what was printed, then the values" } },
    example = "repl --eval #peers().peers",
  },
}
