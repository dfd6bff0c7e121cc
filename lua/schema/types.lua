-- Annotations for the Lua language server (LuaLS), so that an editor knows hooks, views, rows and
-- verdicts: lua/types/pex.lua.

local head = [[
---@meta
-- luacheck: ignore
-- Generated from lua/schema by lua/schema/generate.lua: edit those. It is for editors; nothing runs
-- it. For LuaLS, name this folder in `workspace.library`.

---Rows of the view's list: by number, the row itself, an ID of the book, or a feeler, which
---connects, authenticates and closes.
---@alias pex.pick integer|table|{ id: string }|{ row: integer, kind: "feeler" }

---@class pex.param
---@field default number|boolean|string|string[]
---@field min? number
---@field max? number
---@field unit? string
---@field doc? string

---@class pex.spec
---@field name string letters, digits, _ and -
---@field version? integer
---@field extends? string|false the policy that answers what this one does not; "default"
---@field params? table<string, pex.param>
---@field doc? string

---@class pex.example
---@field hook string
---@field given? table fields of the view; those missing take the schema's defaults
---@field expect any what the verdict must say; a number may be { low, high }
---@field doc? string
]]

local tail = [[
pex = {}

---Begins a policy; the file ends with `return` of what this gives.
---@param spec pex.spec
---@return pex.policy
function pex.policy(spec) end

---The rules that this policy extends, by hook: pex.base.select(view). nil as an answer: the core's
---own rule decides.
---@type table<string, fun(view: table): any>
pex.base = {}

---Writes to the node's log; rate limited.
---@param text string
function pex.log(text) end

---x, but not below low and not above high.
---@param x number
---@param low number
---@param high number
---@return number
function pex.clamp(x, low, high) end

---What is left of 1 after age_s, if half of it goes every half_life_s.
---@param age_s number
---@param half_life_s number
---@return number
function pex.decay(age_s, half_life_s) end

---x changed by up to `fraction` of it in either direction.
---@param x number
---@param fraction number
---@return number
function pex.jitter(x, fraction) end

---An index of `weights`, drawn with these weights; nil if none is above 0.
---@param weights number[]
---@return integer?
function pex.weighted(weights) end

---Whether the IP lies in the range, such as "10.0.0.0/8".
---@param ip string
---@param range string
---@return boolean
function pex.in_cidr(ip, range) end
]]

local plain = { integer = "integer", number = "number", boolean = "boolean", text = "string",
  index = "integer|table", indexes = "(integer|table)[]", picks = "pex.pick[]" }

local function enum_type(schema, name)
  for _, enum in ipairs(schema.enums) do
    if enum.name == name then
      return '"' .. table.concat(enum.values, '"|"') .. '"'
    end
  end
end

local function type_of(schema, field)
  if field[2] == "enum" then
    return enum_type(schema, field.enum)
  elseif field[2] == "row" then
    return "pex.row." .. field.row
  elseif field[2] == "rows" then
    return "pex.row." .. field.row .. "[]"
  end
  return plain[field[2]]
end

local function comment_of(field)
  local parts = {}
  parts[#parts + 1] = field.doc
  parts[#parts + 1] = field.unit and ("(%s)"):format(field.unit)
  return #parts > 0 and " " .. table.concat(parts, " ") or ""
end

local function put_field(put, schema, field, name, is_optional)
  put(("---@field %s%s %s%s"):format(name, is_optional and "?" or "", type_of(schema, field),
    comment_of(field)))
end

-- Fields "book.new" and "book.old" become a class `pex.book` and one field of that type.
local function put_class(put, schema, name, fields, is_verdict)
  local nested, order = {}, {}
  for _, field in ipairs(fields) do
    local parent = field[1]:match("^(.*)%.")
    if parent and not nested[parent] then
      nested[parent] = {}
      order[#order + 1] = parent
    end
    if parent then
      table.insert(nested[parent], field)
    end
  end
  for _, parent in ipairs(order) do
    put("---@class pex." .. parent)
    for _, field in ipairs(nested[parent]) do
      put_field(put, schema, field, field[1]:match("[^.]*$"))
    end
    put("")
  end
  put("---@class " .. name)
  for _, field in ipairs(fields) do
    if not field[1]:find(".", 1, true) then
      put_field(put, schema, field, field[1], is_verdict and field.default ~= nil)
    end
  end
  for _, parent in ipairs(order) do
    put(("---@field %s pex.%s"):format(parent, parent))
  end
end

local function put_verdict(put, schema, hook)
  local verdict, types = hook.verdict, {}
  local function put_table(name, fields)
    put_class(put, schema, name, fields, true)
    put(("---@field reason? string at most %d bytes\n"):format(schema.reason_max))
    types[#types + 1] = name
  end
  local function put_form(name, fields, bare)
    if bare then
      types[#types + 1] = type_of(schema, fields[1])
    end
    put_table(name, fields)
  end
  local name = "pex.verdict." .. hook.name
  if verdict.kind == "one_of" then
    for _, alternative in ipairs(verdict) do
      put_form(name .. "." .. alternative.name, alternative, alternative.bare)
    end
  elseif verdict.kind ~= "none" then
    put_form(name, verdict, verdict.kind == "value" or verdict.bare)
  end
  if verdict.may_be_false then
    types[#types + 1] = "false"
  end
  types[#types + 1] = "nil"
  return table.concat(types, "|")
end

local function put_hook(put, schema, hook)
  put("---" .. hook.doc)
  put_class(put, schema, ("pex.view.%s : pex.view"):format(hook.name), hook.view)
  put("")
  return ("---@field %s? fun(view: pex.view.%s): %s"):format(hook.name, hook.name,
    put_verdict(put, schema, hook))
end

local function sorted_keys(t)
  local keys = {}
  for key in pairs(t) do
    keys[#keys + 1] = key
  end
  table.sort(keys)
  return keys
end

local function annotations(schema)
  local lines = { head }
  local function put(line)
    lines[#lines + 1] = line
  end
  for _, name in ipairs(sorted_keys(schema.rows)) do
    put("---" .. schema.rows[name].doc)
    put_class(put, schema, "pex.row." .. name, schema.rows[name])
    put("")
  end
  put_class(put, schema, "pex.view", schema.common)
  put("---@field random fun(): number the run's seeded generator, from 0 to 1\n")
  local hooks = {}
  for i, hook in ipairs(schema.hooks) do
    hooks[i] = put_hook(put, schema, hook)
  end
  put([[
---@class pex.policy
---@field name string
---@field version integer
---@field params table<string, any>
---@field state table plain data that survives reloads and restarts
---@field examples pex.example[]
---@field migrate? fun(old: table, version: integer): table
---@field use fun(part: table) takes hooks and examples of a part, such as require "backoff"]])
  put(table.concat(hooks, "\n") .. "\n")
  put(tail)
  return (table.concat(lines, "\n"):gsub("\n+$", "\n"))
end

return function(schema)
  return { ["pex.lua"] = annotations(schema) }
end
