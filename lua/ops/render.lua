-- Results for people: a list as an aligned table, everything else as names and values.
--
--   render.result(method, result, is_coloured) -> text
--   render.value(kind, value), render.record(record) -> text
--   render.bytes(n), render.duration(seconds), render.rounded(n) -> text
--   render.sorted_names(object) -> list
--
-- Texts come from peers too: what could steer a terminal is shown, not sent.
local clean = require "ops.clean"

local render = {}

local BOLD, DIM, PLAIN = "\27[1m", "\27[2m", "\27[0m"

local units = { { "d", 86400 }, { "h", 3600 }, { "m", 60 }, { "s", 1 } }

-- The two largest units: 3d4h, 5m20s, 0.2s.
local function duration(seconds)
  if seconds < 10 then
    return (("%.1f"):format(seconds):gsub("%.0$", "")) .. "s"
  end
  local rest, texts = math.floor(seconds), {}
  for i, unit in ipairs(units) do
    local n = math.floor(rest / unit[2])
    if n > 0 and #texts < 2 then
      texts[#texts + 1] = n .. unit[1]
      rest = rest - n * unit[2]
    elseif #texts > 0 then
      break
    end
    if i == #units then
      break
    end
  end
  return table.concat(texts)
end

local function bytes(n)
  for _, unit in ipairs { "B", "KiB", "MiB", "GiB" } do
    if n < 1024 then
      return (unit == "B" and "%d %s" or "%.1f %s"):format(n, unit)
    end
    n = n / 1024
  end
  return ("%.1f TiB"):format(n)
end

-- What was measured or averaged: digits beyond the third after the point say nothing.
local function rounded(n)
  local text = (math.abs(n) < 1 and "%.3g" or "%.3f"):format(n)
  return ("%.14g"):format(tonumber(text))
end

local function plain(value)
  if type(value) == "boolean" then
    return value and "yes" or "no"
  elseif type(value) == "number" then
    return ("%.14g"):format(value)
  elseif type(value) == "string" then
    return clean.line(value)
  end
  return "-"
end

local function sorted_names(object)
  local names = {}
  for name in pairs(object) do
    names[#names + 1] = name
  end
  table.sort(names)
  return names
end

local function object(value)
  local texts = {}
  for _, name in ipairs(sorted_names(value)) do
    texts[#texts + 1] = ("%s %s"):format(clean.line(name):gsub("_", " "), render.value(nil, value[name]))
  end
  return table.concat(texts, ", ")
end

-- The fields in the order of the table of methods; a limit stands behind what it limits.
local function described(fields, value)
  local texts = {}
  for _, field in ipairs(fields) do
    local limited = field[1]:match "^(.+)_max$"
    if value[field[1]] ~= nil and limited and value[limited] ~= nil then
      texts[#texts] = texts[#texts] .. " of " .. render.value(field[2], value[field[1]])
    elseif value[field[1]] ~= nil then
      texts[#texts + 1] = ("%s %s"):format(field[1]:gsub("_", " "),
        render.value(field[2], value[field[1]]))
    end
  end
  return table.concat(texts, ", ")
end

local MAP_COLUMNS = 64

local function fullest(numbers)
  local most = 0
  for _, n in ipairs(numbers) do
    most = math.max(most, n)
  end
  return most
end

-- A character for each number: '.' for none, else itself; if one has two digits, tenths of the
-- largest, and '#' for that.
local function map(numbers)
  local most, lines = fullest(numbers), {}
  for i, n in ipairs(numbers) do
    local mark = n == 0 and "." or most < 10 and tostring(n) or n == most and "#"
      or tostring(math.max(1, math.floor(n * 10 / most)))
    local line = math.ceil(i / MAP_COLUMNS)
    lines[line] = (lines[line] or "") .. mark
  end
  local legend = most < 10 and "how many it holds"
    or ("1 to 9 tenths of the fullest, # the fullest, of %d"):format(most)
  return ("one mark a bucket: . empty, else %s\n%s"):format(legend, table.concat(lines, "\n"))
end

local function items(value)
  local texts = {}
  for i, item in ipairs(value) do
    texts[i] = render.value(nil, item)
  end
  return table.concat(texts, ", ")
end

render.bytes, render.duration, render.rounded, render.sorted_names =
  bytes, duration, rounded, sorted_names

-- How a number of each kind reads.
local of_number = { duration = duration, number = rounded, bytes = bytes }

function of_number.age(value)
  return duration(value) .. " ago"
end

function of_number.time(value)
  return os.date("%Y-%m-%d %H:%M:%S", math.floor(value))
end

-- As it would be typed: true, not yes; a list with commas alone.
local function typed(value)
  if type(value) ~= "table" then
    return type(value) == "boolean" and tostring(value) or plain(value)
  end
  local texts = {}
  for i, item in ipairs(value) do
    texts[i] = plain(item)
  end
  return #texts > 0 and table.concat(texts, ",") or "-"
end

local function of_table(kind, value)
  if kind == "map" then
    return map(value)
  elseif type(kind) == "table" then
    return described(kind, value)
  end
  return value[1] ~= nil and items(value) or object(value)
end

function render.value(kind, value)
  if value == nil or type(value) == "userdata" or value == "" then
    return "-"
  elseif kind == "typed" then
    return typed(value)
  elseif type(value) == "number" and of_number[kind] then
    return of_number[kind](value)
  elseif type(value) == "table" then
    return of_table(kind, value)
  end
  return plain(value)
end

local function is_number(kind)
  return kind == "integer" or kind == "number" or kind == "duration" or kind == "bytes"
end

local function title(name)
  return (name:gsub("_s$", ""):gsub("_", " "):upper())
end

local function grid(columns, rows)
  local lines, widths = { {} }, {}
  for c, column in ipairs(columns) do
    lines[1][c] = title(column[1])
    widths[c] = clean.width(lines[1][c])
  end
  for r, row in ipairs(rows) do
    lines[r + 1] = {}
    for c, column in ipairs(columns) do
      local text = render.value(column[2], row[column[1]])
      lines[r + 1][c] = text
      widths[c] = math.max(widths[c], clean.width(text))
    end
  end
  return lines, widths
end

local function is_filled(column, rows)
  for _, row in ipairs(rows) do
    local value = row[column[1]]
    if value ~= nil and value ~= "" then
      return true
    end
  end
  return false
end

-- Columns that no row fills are left out, unless programs count on them.
local function shown(columns, rows)
  local kept = {}
  for _, column in ipairs(columns) do
    if not column.is_hidden and (columns.is_fixed or is_filled(column, rows)) then
      kept[#kept + 1] = column
    end
  end
  return kept
end

local function table_text(columns, rows, is_coloured)
  columns = shown(columns, rows)
  local lines, widths = grid(columns, rows)
  local texts = {}
  for r, line in ipairs(lines) do
    for c, text in ipairs(line) do
      line[c] = clean.padded(text, widths[c], is_number(columns[c][2]))
    end
    local text = table.concat(line, "  "):gsub("%s+$", "")
    texts[r] = r == 1 and is_coloured and BOLD .. text .. PLAIN or text
  end
  return table.concat(texts, "\n") .. "\n"
end

local function fields_text(fields, result, is_coloured)
  local lines, widest = {}, 0
  for _, field in ipairs(fields) do
    widest = result[field[1]] ~= nil and math.max(widest, clean.width(title(field[1]))) or widest
  end
  for _, field in ipairs(fields) do
    local value = result[field[1]]
    if value ~= nil then
      local name = clean.padded(title(field[1]):lower(), widest)
      lines[#lines + 1] = ("%s  %s"):format(is_coloured and DIM .. name .. PLAIN or name,
        render.value(field[2], value))
    end
  end
  return table.concat(lines, "\n") .. "\n"
end

function render.record(record)
  return require("ops.journal").text(record) .. "\n" -- which needs this one
end

local function records_text(records)
  local texts = {}
  for i, record in ipairs(records) do
    texts[i] = render.record(record)
  end
  return table.concat(texts)
end

-- ---- results ----

local function list_text(field, result, is_coloured)
  local rows = result[field[1]] or {}
  if #rows == 0 then
    return ("no %s\n"):format(field[1])
  elseif field[2].is_record then
    return records_text(rows)
  end
  local text = table_text(field[2], rows, is_coloured)
  local total = result.total
  if total and total > #rows then
    text = text .. ("%d of %d; --limit shows more\n"):format(#rows, total)
  end
  return text
end

function render.result(method, result, is_coloured)
  local first = method.result[1]
  if first[2] == "lines" then
    return clean.text(result[first[1]])
  end
  local fields, lists = {}, {}
  for _, field in ipairs(method.result) do
    if type(field[2]) == "table" and not field[2].is_object then
      lists[#lists + 1] = field
    elseif field[1] ~= "total" and field[1] ~= "last" then
      fields[#fields + 1] = field
    end
  end
  local texts = {}
  if #fields > 0 then
    texts[1] = fields_text(fields, result, is_coloured)
  end
  for _, field in ipairs(lists) do
    if #fields == 0 or #(result[field[1]] or {}) > 0 then
      texts[#texts + 1] = list_text(field, result, is_coloured)
    end
  end
  return table.concat(texts, "\n")
end

return render
