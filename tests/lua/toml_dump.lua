-- Reads documents from standard input, each as its size in bytes, a newline and its text. Prints one
-- line for each: its tree as JSON, a scalar as { "=KIND": TEXT }, or "error LINE CAUSE".
-- tests/e2e/test_toml.py compares them with what Python's tomllib reads.
local here = arg[0]:match "^(.*)/tests/lua/[^/]*$" or "."
package.path = here .. "/lua/?.lua;" .. package.path
local toml = require "ops.toml"

local function quoted(text)
  return '"' .. text:gsub('[%c"\\\127]', function(char)
    return ("\\u%04x"):format(char:byte())
  end) .. '"'
end

local json

local function items(node)
  local out = {}
  for i, item in ipairs(node) do
    out[i] = json(item)
  end
  return "[" .. table.concat(out, ",") .. "]"
end

local function members(node)
  local out = {}
  for i, name in ipairs(node.order) do
    out[i] = quoted(name) .. ":" .. json(node.keys[name])
  end
  return "{" .. table.concat(out, ",") .. "}"
end

function json(node)
  if node.kind == "table" then
    return members(node)
  elseif node.kind == "array" or node.kind == "tables" then
    return items(node)
  end
  return ('{"%s":%s}'):format("=" .. node.kind, quoted(node.value))
end

for size in io.lines() do
  local root, line, cause = toml.parse(size == "0" and "" or io.read(tonumber(size)))
  print(root and json(root) or ("error %d %s"):format(line, cause))
end
