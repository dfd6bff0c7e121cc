-- The reference of the hooks, made from the schema: a page for a terminal, or Markdown. It ships in
-- the binary for `luapex policy doc`; generate.lua writes the Markdown to policies/HOOKS.md.

local reference = {}

local COLUMNS = 98

-- ---- what a field is, in words ----

local function number(value)
  return ("%.14g"):format(value)
end

local function enum_named(schema, name)
  for _, enum in ipairs(schema.enums) do
    if enum.name == name then
      return enum
    end
  end
end

local function quoted_values(enum)
  local values = {}
  for i, value in ipairs(enum.values) do
    values[i] = '"' .. value .. '"'
  end
  return table.concat(values, ", ")
end

local function type_of(field)
  local type_ = field[2]
  if type_ == "row" then
    return field.row .. " row"
  elseif type_ == "rows" then
    return "list of " .. field.row .. " rows"
  elseif type_ == "index" then
    return "row of " .. field.over
  elseif type_ == "indexes" then
    return "rows of " .. field.over
  elseif type_ == "picks" then
    return "picks of " .. field.over
  elseif type_ == "enum" then
    return "text"
  end
  return type_
end

local function range_of(field)
  local unit = field.unit and " " .. field.unit or ""
  if field[2] == "text" then
    return field.max and ("at most %d bytes"):format(field.max)
  elseif field[2] == "picks" or field[2] == "indexes" then
    return ("at most %d"):format(field.max)
  elseif field.min and field.max then
    return ("%s%s to %s%s"):format(field.zero and "0 or " or "", number(field.min),
      number(field.max), unit)
  elseif field.unit then
    return "in " .. field.unit
  end
end

local function default_of(field, is_verdict)
  local default = field.default
  if default == nil then
    return is_verdict and not field.over and "required" or nil
  elseif type(default) == "string" then
    return default ~= "" and ('default "%s"'):format(default) or nil
  elseif type(default) == "number" then
    return "default " .. number(default)
  end
  return "default " .. tostring(default)
end

-- All that is to say about a field but its name and type.
local function notes_of(schema, field, is_verdict)
  local notes = {}
  local function add(note)
    notes[#notes + 1] = note or nil
  end
  add(field.doc)
  add(field[2] == "enum" and quoted_values(enum_named(schema, field.enum)))
  add(range_of(field))
  add(default_of(field, is_verdict))
  return table.concat(notes, "; ")
end

-- ---- what a hook is: a list of { title, fields } that both forms print ----

local function verdict_sections(hook, put)
  local verdict = hook.verdict
  local function form(fields, bare)
    return bare and ("a table, or its %s alone"):format(fields[1][1]) or "a table"
  end
  if verdict.kind == "one_of" then
    for i, alternative in ipairs(verdict) do
      put(("%s %s: %s"):format(i == 1 and "verdict, either" or "or", alternative.name,
        form(alternative, alternative.bare)), alternative, true)
    end
  elseif verdict.kind == "value" and #verdict == 1 then
    put("verdict, a value", verdict, true)
  elseif verdict.kind ~= "none" then
    put("verdict, " .. form(verdict, verdict.bare), verdict, true)
  end
end

-- The kinds of row that a list of fields holds, each once, in order.
local function rows_in(fields)
  local names, seen = {}, {}
  for _, field in ipairs(fields) do
    if field.row and not seen[field.row] then
      seen[field.row] = true
      names[#names + 1] = field.row
    end
  end
  return names
end

local function hook_sections(hook)
  local sections = {}
  local function put(title, fields, is_verdict)
    if #fields == 0 then
      return
    end
    sections[#sections + 1] = { title = title, fields = fields, is_verdict = is_verdict }
  end
  put("view", hook.view)
  verdict_sections(hook, put)
  return sections
end

local function has_picks(hook)
  for _, section in ipairs(hook_sections(hook)) do
    for _, field in ipairs(section.fields) do
      if section.is_verdict and field[2] == "picks" then
        return true
      end
    end
  end
  return false
end

local function verdict_note(schema, hook)
  if hook.verdict.kind == "none" then
    return "No verdict: the hook is told, not asked; so is the policy it extends."
  end
  local may_be_false = hook.verdict.may_be_false and "false: no. " or ""
  local pick = has_picks(hook) and "A pick is a row's number, the row itself, { id = ... } of the "
    .. 'book, or { row = n, kind = "feeler" }. ' or ""
  local rule = hook.answered_by == "core" and "nil: as the core's own rule would"
    or "nil: as the rule it extends would"
  return ("%s%s%s. A table may carry reason (at most %d bytes).")
    :format(pick, may_be_false, rule, schema.reason_max)
end

function reference.hook(schema, name)
  for _, hook in ipairs(schema.hooks) do
    if hook.name == name then
      return hook
    end
  end
end

-- ---- for a terminal ----

local function wrapped(put, first, indent, text)
  local line, is_fresh = first, true
  for word in text:gmatch("%S+") do
    if not is_fresh and #line + 1 + #word > COLUMNS then
      put(line)
      line, is_fresh = indent, true
    end
    line = line .. (is_fresh and "" or " ") .. word
    is_fresh = false
  end
  put((line:gsub("%s+$", "")))
end

-- rows: lists of the same number of texts; the last is wrapped in its column.
local function put_columns(put, rows)
  local widths = {}
  for _, row in ipairs(rows) do
    for c = 1, #row - 1 do
      widths[c] = math.max(widths[c] or 0, #row[c])
    end
  end
  for _, row in ipairs(rows) do
    local first = "  "
    for c = 1, #row - 1 do
      first = first .. ("%-" .. widths[c] .. "s  "):format(row[c])
    end
    wrapped(put, first, (" "):rep(#first), row[#row])
  end
end

local function put_fields(put, schema, title, fields, is_verdict)
  local rows = {}
  for i, field in ipairs(fields) do
    rows[i] = { field[1], type_of(field), notes_of(schema, field, is_verdict) }
  end
  put("\n" .. title)
  put_columns(put, rows)
end

local function page()
  local lines = {}
  local function put(line)
    lines[#lines + 1] = line
  end
  return put, function()
    return table.concat(lines, "\n") .. "\n"
  end
end

-- All hooks, a line or two each.
function reference.list(schema)
  local put, text = page()
  local rows = {}
  for i, hook in ipairs(schema.hooks) do
    rows[i] = { hook.name, hook.doc }
  end
  put("What a policy can decide:\n")
  put_columns(put, rows)
  put("\nluapex policy doc HOOK: its view, its verdict and its rows. --markdown: all of it.")
  return text()
end

function reference.page(schema, name)
  local hook = reference.hook(schema, name)
  local put, text = page()
  wrapped(put, hook.name .. ": ", "", hook.doc)
  for _, section in ipairs(hook_sections(hook)) do
    put_fields(put, schema, section.title, section.fields, section.is_verdict)
  end
  put("")
  wrapped(put, "  ", "  ", verdict_note(schema, hook))
  for _, row in ipairs(rows_in(hook.view)) do
    put_fields(put, schema, ("%s row: %s"):format(row, schema.rows[row].doc), schema.rows[row])
  end
  put_fields(put, schema, "every view", schema.common)
  return text()
end

-- ---- Markdown ----

local function cell(text)
  return (text:gsub("|", "\\|"))
end

local function put_table(put, schema, fields, is_verdict)
  put("| field | type | |")
  put("|---|---|---|")
  for _, field in ipairs(fields) do
    put(("| `%s` | %s | %s |"):format(field[1], type_of(field),
      cell(notes_of(schema, field, is_verdict))))
  end
end

local function put_hook(put, schema, hook)
  put(("\n### %s\n\n%s\n"):format(hook.name, hook.doc))
  for _, section in ipairs(hook_sections(hook)) do
    put(("*%s*\n"):format(section.title))
    put_table(put, schema, section.fields, section.is_verdict)
    put("")
  end
  put(verdict_note(schema, hook))
end

local function sorted_rows(schema)
  local names = {}
  for name in pairs(schema.rows) do
    names[#names + 1] = name
  end
  table.sort(names)
  return names
end

-- name nil: the whole reference; otherwise one hook.
function reference.markdown(schema, name)
  local put, text = page()
  if name then
    put_hook(put, schema, reference.hook(schema, name))
    return (text():gsub("^\n", ""))
  end
  put("# Reference of the hooks\n")
  put("Every view has these fields; a field missing from an example's `given` takes its default.\n")
  put_table(put, schema, schema.common)
  for _, hook in ipairs(schema.hooks) do
    put_hook(put, schema, hook)
  end
  for _, row in ipairs(sorted_rows(schema)) do
    put(("\n### Rows: %s\n\nWhat is known of %s.\n"):format(row, schema.rows[row].doc))
    put_table(put, schema, schema.rows[row])
  end
  return text()
end

return reference
