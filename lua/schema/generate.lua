-- luajit lua/schema/generate.lua c OUTDIR
-- Writes OUTDIR/policy_schema.h and OUTDIR/policy_schema.c from the schema beside this file.

local here = arg[0]:match("^(.*/)") or "./"
package.path = here .. "?.lua"

local schema = dofile(here .. "init.lua")
local check = require "check"
local emitters = { c = require "c" }

local function write(path, text)
  local file = assert(io.open(path, "w"))
  assert(file:write(text))
  assert(file:close())
end

local form, out_dir = arg[1], arg[2]
if not (emitters[form] and out_dir) then
  io.stderr:write("usage: luajit generate.lua c OUTDIR\n")
  os.exit(2)
end
check(schema)
for name, text in pairs(emitters[form](schema)) do
  write(out_dir .. "/" .. name, text)
end
