-- Finds mistakes in the schema before anything is generated from it.

local view_types = { integer = true, number = true, boolean = true, text = true, enum = true,
  row = true, rows = true }
local verdict_types = { integer = true, number = true, boolean = true, text = true, enum = true,
  index = true, indexes = true, picks = true }
local ranged = { integer = true, number = true }
local default_type = { integer = "number", number = "number", boolean = "boolean",
  text = "string", enum = "string" }

local function index_by_name(list)
  local found = {}
  for _, entry in ipairs(list) do
    assert(not found[entry.name], "schema: two named " .. entry.name)
    found[entry.name] = entry
  end
  return found
end

local function contains(list, value)
  for _, each in ipairs(list) do
    if each == value then
      return true
    end
  end
  return false
end

return function(schema)
  local enums = index_by_name(schema.enums)

  local function check_field(where, field, types)
    local name, type_ = field[1], field[2]
    local function ensure(condition, what)
      assert(condition, ("schema: %s.%s: %s"):format(where, name, what))
    end
    ensure(name:match("^[a-z][a-z0-9_.]*$"), "not a field name")
    ensure(types[type_], "unknown type " .. tostring(type_))
    local default = field.default
    ensure(default == nil or type(default) == default_type[type_], "default of another type")
    if type_ == "enum" then
      ensure(enums[field.enum], "unknown enum")
      ensure(default == nil or contains(enums[field.enum].values, default), "default not in enum")
    elseif type_ == "row" or type_ == "rows" then
      ensure(schema.rows[field.row], "unknown row")
    end
    return ensure
  end

  local function check_names(where, fields)
    local seen = {}
    for _, field in ipairs(fields) do
      assert(not seen[field[1]], ("schema: %s.%s: twice"):format(where, field[1]))
      seen[field[1]] = true
    end
  end

  local function check_view(where, fields)
    check_names(where, fields)
    for _, field in ipairs(fields) do
      local ensure = check_field(where, field, view_types)
      ensure(field.row or field.default ~= nil, "a view's field needs a default")
    end
  end

  local function check_verdict_fields(hook, fields)
    local lists = {}
    for _, field in ipairs(hook.view) do
      lists[field[1]] = field[2] == "rows"
    end
    check_names(hook.name, fields)
    for _, field in ipairs(fields) do
      local ensure = check_field(hook.name, field, verdict_types)
      local type_ = field[2]
      ensure(not ranged[type_] or (field.min and field.max), "needs min and max")
      if type_ == "index" or type_ == "indexes" or type_ == "picks" then
        ensure(lists[field.over], "`over` is not a list of the view")
      end
      if type_ == "indexes" or type_ == "picks" or type_ == "text" then
        ensure(field.max, "needs max")
      end
    end
  end

  check_view("common", schema.common)
  for name, row in pairs(schema.rows) do
    check_view(name, row)
  end
  index_by_name(schema.hooks)
  for _, hook in ipairs(schema.hooks) do
    check_view(hook.name, hook.view)
    assert(hook.answered_by == nil or hook.answered_by == "core", "schema: answered by whom?")
    if hook.verdict.kind == "one_of" then
      index_by_name(hook.verdict)
      local all = {}
      for _, alternative in ipairs(hook.verdict) do
        check_verdict_fields(hook, alternative)
        for _, field in ipairs(alternative) do
          all[#all + 1] = field
        end
      end
      check_names(hook.name, all)
    elseif hook.verdict.kind == "none" then
      assert(#hook.verdict == 0 and not hook.verdict.may_be_false, "schema: none is nothing")
    else
      check_verdict_fields(hook, hook.verdict)
    end
  end
end
