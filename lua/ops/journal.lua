-- Records of the journal for people: an event in a line, a decision with what it was made from.
--
--   journal.text(record) -> text without an end of line
--   journal.cause(record) -> why an event came about, or more about it; nil: nothing to say
local clean = require "ops.clean"
local render = require "ops.render"
local schema = require "schema.init"

local journal = {}

local ID_SHOWN = 12
local ROWS_MAX = 3 -- of a list that a decision was made from; --json has all

local event_fields = { "peer", "address", "range", "direction", "count", "connection" }

local function clock(seconds)
  return ("%s.%03d"):format(os.date("%Y-%m-%d %H:%M:%S", math.floor(seconds)),
    math.floor(seconds * 1000) % 1000)
end

-- other_network: peer is on another network (our network is a-1, theirs is b-2)
function journal.cause(record)
  local function shown(name)
    return record[name] ~= nil and render.value(nil, record[name]) or nil
  end
  local text = record.error and ("%s: %s"):format(shown "error", shown "text" or "-") or shown "text"
  return record.detail and ("%s (%s)"):format(text or "-", shown "detail") or text
end

local function event_text(record)
  local texts = {}
  for _, name in ipairs(event_fields) do
    if record[name] ~= nil then
      texts[#texts + 1] = ("%s=%s"):format(name, render.value(nil, record[name]))
    end
  end
  texts[#texts + 1] = journal.cause(record)
  return ("%s  %-18s  %s"):format(clock(record.time), clean.line(record.event), table.concat(texts, " "))
end

-- ---- decisions ----

local function put_defaults(into, prefix, fields)
  for _, field in ipairs(fields) do
    local name = prefix .. field[1]
    if field.row then
      put_defaults(into, name .. ".", schema.rows[field.row])
    else
      into[name] = field.default
    end
  end
end

local made_defaults = {}

-- What a hook's inputs are when there is nothing to say of them: "peer.port" -> 26656.
local function defaults_of(name)
  for _, hook in ipairs(made_defaults[name] and {} or schema.hooks) do
    if hook.name == name then
      made_defaults[name] = {}
      put_defaults(made_defaults[name], "", schema.common)
      put_defaults(made_defaults[name], "", hook.view)
    end
  end
  return made_defaults[name] or {}
end

local is_told_always = { id = true, ip = true, port = true }

-- Nothing, none, never, or as it is by default.
local function says_nothing(value, default)
  return value == 0 or value == -1 or value == false or value == "" or type(value) == "userdata"
    or value == default
end

local function value_text(value)
  return type(value) == "number" and render.rounded(value) or render.value(nil, value)
end

-- peer.id=1122 peer.ip=10.0.0.1: the plain values of an object and those inside it, where `is_told`;
-- its lists into `lists`.
local function pairs_text(value, prefix, is_told, texts, lists)
  for _, name in ipairs(render.sorted_names(value)) do
    local inner = value[name]
    if type(inner) ~= "table" then
      if is_told(prefix .. name, name, inner) then
        texts[#texts + 1] = ("%s%s=%s"):format(prefix, clean.line(name), value_text(inner))
      end
    elseif inner[1] ~= nil then
      lists[#lists + 1] = { name = prefix .. name, rows = inner }
    else
      pairs_text(inner, prefix .. name .. ".", is_told, texts, lists)
    end
  end
  return texts, lists
end

local function list_lines(list, defaults, lines)
  local function is_told(path, name, value)
    return is_told_always[name] or not says_nothing(value, defaults[list.name .. "." .. path])
  end
  for i, row in ipairs(list.rows) do
    if i > ROWS_MAX then
      lines[#lines + 1] = ("%s: %d more; --json has them"):format(list.name, #list.rows - ROWS_MAX)
      break
    end
    local texts = type(row) == "table" and pairs_text(row, "", is_told, {}, {}) or { value_text(row) }
    lines[#lines + 1] = ("%s: %s"):format(list.name, table.concat(texts, " "))
  end
end

-- What a decision was made from, in lines; the time is said already.
local function saw_lines(record)
  local defaults = defaults_of(record.hook)
  local function is_told(path, name, value)
    return path ~= "now" and (is_told_always[name] or not says_nothing(value, defaults[path]))
  end
  local texts, lists = pairs_text(record.view, "", is_told, {}, {})
  local lines = { #texts > 0 and table.concat(texts, " ") or nil }
  for _, list in ipairs(lists) do
    list_lines(list, defaults, lines)
  end
  return lines
end

local function always()
  return true
end

-- Whom the numbers of rows mean: the beginnings of their IDs, by number.
local function ids_of(view)
  local ids = {}
  for _, list in pairs(view) do
    for _, row in ipairs(type(list) == "table" and list or {}) do
      if type(row) == "table" and type(row.id) == "string" and row.row then
        ids[row.row] = clean.line(row.id:sub(1, ID_SHOWN))
      end
    end
  end
  return ids
end

local function row_text(row, ids)
  return ids[row] and ("%s(%s)"):format(value_text(row), ids[row]) or value_text(row)
end

-- Numbers in lists are those of rows: rows=2(aabbccddeeff),(kind=feeler row=3 id=ffeeddccbbaa)
local function items_text(name, list, ids)
  local texts = {}
  for i, item in ipairs(list) do
    if type(item) ~= "table" then
      texts[i] = row_text(item, ids)
    else
      local parts = pairs_text(item, "", always, {}, {})
      parts[#parts + 1] = ids[item.row] and "id=" .. ids[item.row] or nil
      texts[i] = ("(%s)"):format(table.concat(parts, " "))
    end
  end
  return ("%s=%s"):format(name, table.concat(texts, ","))
end

local function put_pointers(into, item)
  if item.over then
    into[item[1]] = { type = item[2], over = item.over }
  end
  for _, inner in ipairs(item) do
    if type(inner) == "table" then
      put_pointers(into, inner)
    end
  end
end

local made_pointers = {}

-- The fields of a hook's answer that name rows, with the list of the view they name them from.
local function pointers_of(name)
  for _, hook in ipairs(made_pointers[name] and {} or schema.hooks) do
    if hook.name == name then
      made_pointers[name] = {}
      put_pointers(made_pointers[name], hook.verdict)
    end
  end
  return made_pointers[name] or {}
end

local function names_one_row(pointers)
  for _, pointer in pairs(pointers) do
    if pointer.type == "index" then
      return true
    end
  end
end

-- rows=1(aabbccddeeff),4 (2 of 9)
local function taken_text(name, list, of, ids)
  if #list == 0 then
    return ("%s=none of %d"):format(name, of)
  end
  local text = items_text(name, list, ids)
  return of >= #list and ("%s (%d of %d)"):format(text, #list, of) or text
end

local function fields_text(verdict, pointers, view)
  local ids, plain = ids_of(view), {}
  for name, value in pairs(verdict) do
    if not pointers[name] then
      plain[name] = value
    end
  end
  local texts, lists = pairs_text(plain, "", always, {}, {})
  for _, list in ipairs(lists) do
    texts[#texts + 1] = items_text(list.name, list.rows, ids)
  end
  for _, name in ipairs(render.sorted_names(pointers)) do
    local value, rows = verdict[name], view[pointers[name].over] or {}
    if type(value) == "table" then
      texts[#texts + 1] = taken_text(name, value, view.of or #rows, ids)
    elseif value ~= nil then
      texts[#texts + 1] = ("%s=%s"):format(name, row_text(value, ids))
    end
  end
  return #texts > 0 and table.concat(texts, " ") or "-"
end

local function answer_text(verdict, hook, view)
  local pointers = pointers_of(hook)
  if type(verdict) == "number" and names_one_row(pointers) then
    return "row=" .. row_text(verdict, ids_of(view))
  elseif type(verdict) ~= "table" then
    return value_text(verdict)
  elseif verdict[1] ~= nil then
    return items_text("rows", verdict, ids_of(view))
  end
  return fields_text(verdict, pointers, view)
end

local function verdict_text(record)
  if record.verdict == nil then
    return "no answer"
  elseif not record.nobody then
    return answer_text(record.verdict, record.hook, record.view or {})
  elseif (record.times or 1) > 1 then
    return ("nobody, %d times since %s"):format(record.times, clock(record.since))
  end
  return "nobody"
end

local function decision_text(record)
  local lines = { ("%s  %-18s  %s"):format(clock(record.time), clean.line(record.hook),
    verdict_text(record)) }
  local function add(name, text)
    lines[#lines + 1] = ("  %-8s %s"):format(name, text)
  end
  if record.reason then
    add("because", clean.line(record.reason))
  end
  add("by", ("%s, policy %s %s"):format(render.value(nil, record.rule),
    render.value(nil, record.policy), render.value(nil, record.hash)))
  if record.failure then
    add("failed", clean.line(record.failure))
  end
  for i, text in ipairs(saw_lines(record)) do
    add(i == 1 and "saw" or "", text)
  end
  return table.concat(lines, "\n")
end

function journal.text(record)
  return (record.hook and decision_text or event_text)(record)
end

return journal
