-- What each kind of Lua file may use.
std = "luajit"
max_line_length = 120
max_cyclomatic_complexity = 20

-- A policy runs in the sandbox: no io, os, ffi, debug, jit, coroutine or load. `pex` is its door.
stds.policy = {
  read_globals = {
    "assert", "error", "ipairs", "pairs", "pcall", "pex", "require", "select", "tonumber",
    "tostring", "type", "xpcall",
    math = { other_fields = true },
    string = { other_fields = true },
    table = { other_fields = true },
  },
}

files["policies"] = {
  std = "policy",
  unused_args = false, -- a hook keeps the arguments of its signature
}
files["tests/lua"] = { std = "+busted" }
files["tests/policies"] = { std = "+busted" }
