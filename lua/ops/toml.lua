-- TOML 1.0: the statements of the grammar become a tree.
--
--   toml.parse(text) -> root | nil, line, cause
--   toml.each(root, visit)   visit(section, key, line, kind, text) for every key of the root and of
--                            its tables. A list of texts has kind "list" and comes joined by commas;
--                            what lies deeper or holds anything else has kind "other" and no text
--
-- A node is { kind, line, ... }:
--   text integer float boolean time   value: a text; numbers without underscores
--   array                             its items, 1..n
--   table                             keys: name -> node; order: names
--   tables                            array of tables: its tables, 1..n
--
-- A table is closed once a header has named it or when it was written inline. One that dotted keys
-- made is closed by the end of its block, which is the lines up to the next header: `closed` is then
-- that block, else true.
local grammar = require "ops.toml_grammar"

local raise = grammar.raise

local toml = {}

local function new_table(line, closed)
  return { kind = "table", line = line, closed = closed, keys = {}, order = {} }
end

local function put(parent, name, node)
  parent.keys[name] = node
  parent.order[#parent.order + 1] = name
  return node
end

-- The table that `key` names inside `node`; made when there is none.
local function child_of(node, key, line)
  local child = node.keys[key.name]
  if not child then
    return put(node, key.name, new_table(line))
  elseif child.kind == "tables" then
    return child[#child]
  elseif child.kind ~= "table" then
    raise(key.at, ("'%s' has a value already and cannot be a table"):format(key.name))
  end
  return child
end

local function must_be_open(node, key, block)
  if node.closed and node.closed ~= block then
    raise(key.at, ("table '%s' is complete: nothing can be added here"):format(key.name))
  end
end

local value_of

local function put_pair(node, pair, block, line_of)
  local keys = pair.keys
  local line, last = line_of(keys[1].at), keys[#keys]
  for i = 1, #keys - 1 do
    node = child_of(node, keys[i], line)
    must_be_open(node, keys[i], block)
    node.closed = block
  end
  if node.keys[last.name] then
    raise(last.at, ("'%s' is set twice"):format(last.name))
  end
  put(node, last.name, value_of(pair.value, line_of)).line = line
end

-- Bounded recursion: the grammar caps how deep values nest.
function value_of(value, line_of)
  value.line = line_of(value.at)
  if value.kind == "array" then
    for i = 1, #value do
      value[i] = value_of(value[i], line_of)
    end
  elseif value.kind == "inline" then
    local node, block = new_table(value.line), {}
    for i = 1, #value do
      put_pair(node, value[i], block, line_of)
    end
    node.closed, node.inline = true, true
    return node
  end
  return value
end

-- Goes from the root down the keys of a header but for the last.
local function above_header(root, keys, line)
  local node = root
  for i = 1, #keys - 1 do
    node = child_of(node, keys[i], line)
    if node.inline then
      must_be_open(node, keys[i])
    end
  end
  return node, keys[#keys]
end

local function open_table(root, keys, line)
  local node, key = above_header(root, keys, line)
  local found = node.keys[key.name]
  if found and (found.kind ~= "table" or found.closed) then
    raise(key.at, ("'%s' is there already"):format(key.name))
  end
  local opened = found or put(node, key.name, new_table(line))
  opened.closed = true
  return opened
end

local function open_array_table(root, keys, line)
  local node, key = above_header(root, keys, line)
  local found = node.keys[key.name] or put(node, key.name, { kind = "tables", line = line })
  if found.kind ~= "tables" then
    raise(key.at, ("'%s' is there already and is no array of tables"):format(key.name))
  end
  found[#found + 1] = new_table(line, true)
  return found[#found]
end

-- Lines of rising positions.
local function line_counter(text)
  local line = 1
  local newline = text:find("\n", 1, true)
  return function(at)
    while newline and newline < at do
      line, newline = line + 1, text:find("\n", newline + 1, true)
    end
    return line
  end
end

local function build(text)
  local line_of = line_counter(text)
  local root, block = new_table(1, true), {}
  local current, at = root, 1
  while at <= #text do
    local next_at, found = grammar.statement(text, at)
    if found.kind == "pair" then
      put_pair(current, found.pair, block, line_of)
    elseif found.kind ~= "empty" then
      local open = found.kind == "header" and open_table or open_array_table
      current, block = open(root, found.keys, line_of(found.keys[1].at)), {}
    end
    at = next_at
  end
  return root
end

function toml.parse(text)
  text = text:gsub("\r\n", "\n")
  local invalid = grammar.invalid_utf8(text)
  if invalid then
    return nil, line_counter(text)(invalid), "not UTF-8 text"
  end
  local ok, result = pcall(build, text)
  if ok then
    return result
  elseif type(result) == "table" then
    return nil, line_counter(text)(result.at), result.cause
  end
  error(result, 0)
end

local function list_text(array)
  local texts = {}
  for i, item in ipairs(array) do
    if item.kind ~= "text" then
      return nil
    end
    texts[i] = item.value
  end
  return table.concat(texts, ",")
end

local function visit_key(section, name, node, visit)
  local kind, text = node.kind, node.value
  if kind == "array" then
    text = list_text(node)
    kind = text and "list"
  end
  visit(section, name, node.line, text and kind or "other", text or "")
end

function toml.each(root, visit)
  for _, name in ipairs(root.order) do
    local node = root.keys[name]
    if node.kind == "table" then
      for _, key in ipairs(node.order) do
        visit_key(name, key, node.keys[key], visit)
      end
    else
      visit_key("", name, node, visit)
    end
  end
end

return toml
