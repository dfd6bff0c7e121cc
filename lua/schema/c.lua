-- The C side of the seam: policy_schema.h (views, verdicts, enums) and policy_schema.c (the tables
-- of core/policy/schema.h).

local scalar_types = { integer = "int64_t ", number = "double ", boolean = "bool ",
  index = "int64_t " }
local schema_names = { text = "SCHEMA_TEXT", integer = "SCHEMA_INTEGER",
  number = "SCHEMA_NUMBER", boolean = "SCHEMA_BOOLEAN", enum = "SCHEMA_ENUM", row = "SCHEMA_ROW",
  rows = "SCHEMA_ROWS", index = "SCHEMA_INDEX", indexes = "SCHEMA_INDEXES",
  picks = "SCHEMA_PICKS" }
local is_list = { rows = true, indexes = true, picks = true }

local banner = "/* Generated from lua/schema by lua/schema/generate.lua: edit those. */\n"

local function sorted_keys(t)
  local keys = {}
  for key in pairs(t) do
    keys[#keys + 1] = key
  end
  table.sort(keys)
  return keys
end

local function c_name(field)
  return (field[1]:gsub("%.", "_"))
end

-- A list of lines with printf-style appending.
local function page()
  local lines = {}
  local function put(form, ...)
    lines[#lines + 1] = select("#", ...) > 0 and form:format(...) or form
  end
  local function text()
    return table.concat(lines, "\n") .. "\n"
  end
  return put, text
end

-- { name, bare, fields } of each form that a hook's verdict may take.
local function alternatives_of(hook)
  local verdict = hook.verdict
  if verdict.kind == "none" then
    return { { name = "only", fields = {} } }
  elseif verdict.kind ~= "one_of" then
    return { { name = "only", bare = verdict.kind == "value" or verdict.bare, fields = verdict } }
  end
  local list = {}
  for i, alternative in ipairs(verdict) do
    list[i] = { name = alternative.name, bare = alternative.bare, fields = alternative }
  end
  return list
end

local function put_enums(put, schema)
  put("enum hook {")
  for _, hook in ipairs(schema.hooks) do
    put("    HOOK_%s,", hook.name)
  end
  put("    HOOK_COUNT\n};\n")
  for _, enum in ipairs(schema.enums) do
    local values = {}
    for i, value in ipairs(enum.values) do
      values[i] = ("POLICY_%s_%s"):format(enum.name:upper(), value)
    end
    put("enum policy_%s { %s };", enum.name, table.concat(values, ", "))
  end
  put("")
end

local function comment(field)
  local unit = field.unit and field.unit .. (field.doc and ": " or "") or ""
  local text = unit .. (field.doc or "")
  return text == "" and "" or " /* " .. text .. " */"
end

local function put_view_member(put, field)
  local name, type_ = c_name(field), field[2]
  local declaration
  if type_ == "text" then
    declaration = "const char *" .. name
  elseif type_ == "enum" then
    declaration = ("enum policy_%s %s"):format(field.enum, name)
  elseif type_ == "row" then
    declaration = ("struct %s_row %s"):format(field.row, name)
  elseif type_ == "rows" then
    declaration = ("const struct %s_row *%s"):format(field.row, name)
  else
    declaration = scalar_types[type_] .. name
  end
  put("    %s;%s", declaration, comment(field))
  if type_ == "rows" then
    put("    size_t %s_n;", name)
  end
end

local function put_verdict_member(put, field)
  local name, type_ = c_name(field), field[2]
  local declaration
  if type_ == "text" then
    declaration = ("char %s[%d + 1]"):format(name, field.max)
  elseif type_ == "enum" then
    declaration = ("enum policy_%s %s"):format(field.enum, name)
  elseif type_ == "indexes" then
    declaration = ("int64_t %s[%d]"):format(name, field.max)
  elseif type_ == "picks" then
    declaration = ("struct policy_pick %s[%d]"):format(name, field.max)
  else
    declaration = scalar_types[type_] .. name
  end
  put("    %s;%s", declaration, comment(field))
  if is_list[type_] then
    put("    size_t %s_n;", name)
  end
end

local function put_struct(put, name, fields)
  put("struct %s {", name)
  for _, field in ipairs(fields) do
    put_view_member(put, field)
  end
  put("};\n")
end

local function put_verdict(put, hook)
  local alternatives = alternatives_of(hook)
  if #alternatives > 1 then
    local acts = {}
    for i, alternative in ipairs(alternatives) do
      acts[i] = ("%s_%s"):format(hook.name:upper(), alternative.name)
    end
    put("enum %s_act { %s };\n", hook.name, table.concat(acts, ", "))
  end
  put("struct %s_verdict {", hook.name)
  if hook.verdict.may_be_false then
    put("    bool is_false; /* `false` was answered: the other members are defaults */")
  end
  if #alternatives > 1 then
    put("    enum %s_act act; /* which of the following was answered */", hook.name)
  end
  for _, alternative in ipairs(alternatives) do
    for _, field in ipairs(alternative.fields) do
      put_verdict_member(put, field)
    end
  end
  put("    char reason[POLICY_REASON_MAX + 1];\n};\n")
end

local function header(schema)
  local put, text = page()
  put(banner .. [[
#ifndef SCHEMA_POLICY_SCHEMA_H
#define SCHEMA_POLICY_SCHEMA_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define POLICY_REASON_MAX %d
]], schema.reason_max)
  put_enums(put, schema)
  put [[
/* One row picked from a view's list, by its index from 0 or (row -1) by the ID of a book entry. */
struct policy_pick {
    int64_t row;
    char id[40 + 1];
    bool feeler; /* connect, authenticate, stamp, close */
};
]]
  for _, name in ipairs(sorted_keys(schema.rows)) do
    put("/* %s */", schema.rows[name].doc)
    put_struct(put, name .. "_row", schema.rows[name])
  end
  put("/* Every view begins with this. */")
  put_struct(put, "policy_common", schema.common)
  for _, hook in ipairs(schema.hooks) do
    put("/* %s%s */", hook.point and hook.point .. ": " or "", hook.doc)
    put("struct %s_view {", hook.name)
    put("    struct policy_common common;")
    for _, field in ipairs(hook.view) do
      put_view_member(put, field)
    end
    put("};\n")
    put_verdict(put, hook)
  end
  put("#endif")
  return text()
end

local function number(value)
  return ("%.17g"):format(value)
end

-- Where a value of an enum stands, from 0.
local function enum_position(schema, field)
  for _, enum in ipairs(schema.enums) do
    for i, value in ipairs(enum.values) do
      if enum.name == field.enum and value == field.default then
        return i - 1
      end
    end
  end
end

local function default_of(schema, field)
  local default = field.default
  if default == nil then
    return ".required = true"
  elseif field[2] == "text" then
    return ('.text = "%s"'):format(default)
  elseif field[2] == "enum" then
    return (".number = %d"):format(enum_position(schema, field))
  elseif type(default) == "boolean" then
    return (".number = %d"):format(default and 1 or 0)
  end
  return ".number = " .. number(default)
end

-- One initialiser of struct schema_field. place: the `struct` it is in, a `prefix` of members, and
-- for verdicts `lists`, the C expression for each list of the view.
local function field_initialiser(schema, field, place)
  local name, type_, member = field[1], field[2], (place.prefix or "") .. c_name(field)
  local parts = {}
  local function add(form, ...)
    parts[#parts + 1] = select("#", ...) > 0 and form:format(...) or form
  end
  local parent, leaf = name:match("^(.*)%.(.*)$")
  if parent then
    add('.parent = "%s"', parent)
  end
  add('.name = "%s"', leaf or name)
  add(".type = %s", schema_names[type_])
  add(".offset = offsetof(struct %s, %s)", place.struct, member)
  if is_list[type_] then
    add(".offset_n = offsetof(struct %s, %s_n)", place.struct, member)
  end
  if field.min then
    add(".min = %s", number(field.min))
  end
  if field.max then
    add(".max = %s", number(field.max))
  end
  if field.zero then
    add(".zero = true")
  end
  add(default_of(schema, field))
  if type_ == "enum" then
    add(".values = &%s_enum", field.enum)
  end
  if field.row then
    add(".row = &schema_rows[ROW_%s]", field.row)
  end
  if field.over then
    add(".over = %s", place.lists[field.over])
  end
  return "    {" .. table.concat(parts, ", ") .. "},"
end

local function put_fields(put, schema, fields, place)
  for _, field in ipairs(fields) do
    put(field_initialiser(schema, field, place))
  end
end

local function put_hook_fields(put, schema, hook)
  local view = hook.name .. "_view"
  put("static const struct schema_field %s_fields[] = {", view)
  put_fields(put, schema, schema.common, { struct = view, prefix = "common." })
  put_fields(put, schema, hook.view, { struct = view })
  put("};\n")
  local place = { struct = hook.name .. "_verdict", lists = {} }
  for i, field in ipairs(hook.view) do
    place.lists[field[1]] = ("&%s_fields[%d]"):format(view, #schema.common + i - 1)
  end
  local rows = {}
  for _, alternative in ipairs(alternatives_of(hook)) do
    local array = ("%s_%s_fields"):format(hook.name, alternative.name)
    local n = #alternative.fields
    if n > 0 then
      put("static const struct schema_field %s[] = {", array)
      put_fields(put, schema, alternative.fields, place)
      put("};\n")
    end
    rows[#rows + 1] = ('    {"%s", %s, %s, %d},'):format(alternative.name,
      alternative.bare and "true" or "false", n > 0 and array or "NULL", n)
  end
  put("static const struct schema_alternative %s_alternatives[] = {", hook.name)
  put(table.concat(rows, "\n"))
  put("};\n")
end

local function put_hook_entry(put, schema, hook)
  local verdict, alternatives = hook.name .. "_verdict", alternatives_of(hook)
  local function offset(condition, member)
    return condition and ("offsetof(struct %s, %s)"):format(verdict, member) or "SCHEMA_NOWHERE"
  end
  put("    [HOOK_%s] = {", hook.name)
  put('        .name = "%s",', hook.name)
  put("        .answered_by_core = %s,", tostring(hook.answered_by == "core"))
  put("        .is_told = %s,", tostring(hook.verdict.kind == "none"))
  put("        .view_size = sizeof(struct %s_view),", hook.name)
  put("        .view = %s_view_fields,", hook.name)
  put("        .view_n = %d,", #schema.common + #hook.view)
  put("        .verdict = {")
  put("            .size = sizeof(struct %s),", verdict)
  put("            .alternatives = %s_alternatives,", hook.name)
  put("            .alternatives_n = %d,", #alternatives)
  put("            .offset_act = %s,", offset(#alternatives > 1, "act"))
  put("            .offset_false = %s,", offset(hook.verdict.may_be_false, "is_false"))
  put("            .offset_reason = %s,", offset(true, "reason"))
  put("        },\n    },")
end

local function put_rows(put, schema)
  local names, entries = sorted_keys(schema.rows), {}
  put("enum { ROW_%s };\n", table.concat(names, ", ROW_"))
  for i, name in ipairs(names) do
    put("static const struct schema_field %s_row_fields[] = {", name)
    put_fields(put, schema, schema.rows[name], { struct = name .. "_row" })
    put("};\n")
    entries[i] = ('    {"%s", sizeof(struct %s_row), %s_row_fields, %d},'):format(name, name, name,
      #schema.rows[name])
  end
  put("const struct schema_row schema_rows[] = {")
  put(table.concat(entries, "\n"))
  put("};")
  put("const unsigned schema_rows_n = %d;\n", #names)
end

local function source(schema)
  local put, text = page()
  put(banner .. '#include "policy/schema.h"\n')
  for _, enum in ipairs(schema.enums) do
    put('static const char *const %s_values[] = {"%s"};', enum.name,
      table.concat(enum.values, '", "'))
    put('static const struct schema_enum %s_enum = {"%s", %s_values, %d};\n', enum.name, enum.name,
      enum.name, #enum.values)
  end
  put_rows(put, schema)
  for _, hook in ipairs(schema.hooks) do
    put_hook_fields(put, schema, hook)
  end
  put("const struct schema_hook schema_hooks[HOOK_COUNT] = {")
  for _, hook in ipairs(schema.hooks) do
    put_hook_entry(put, schema, hook)
  end
  put("};")
  return text()
end

return function(schema)
  return { ["policy_schema.h"] = header(schema), ["policy_schema.c"] = source(schema) }
end
