-- One line that is being typed: text, cursor, history, completion. No I/O.
--
--   local editor = Editor.new(history, complete)   history: lines, oldest first, which it adds to;
--                                                  complete(text before the cursor) -> candidates,
--                                                  how many bytes of the text they begin with
--   editor:key(name) -> "enter" | "end" (Ctrl-D on an empty line) | "drop" (Ctrl-C) | candidates |
--                       nil
--   editor:take() -> the line, which is empty then
--   editor:shown(prompt, columns) -> text, place of the cursor
local clean = require "ops.clean"

local Editor = {}
Editor.__index = Editor

local LINE_MAX = 4096 -- characters

function Editor.new(history, complete)
  return setmetatable({ history = history, complete = complete, chars = {}, at = 0,
    place = #history + 1, draft = "" }, Editor)
end

local function chars_of(text)
  local chars = {}
  for char in text:gmatch "[%z\1-\127\194-\244][\128-\191]*" do
    chars[#chars + 1] = char
  end
  return chars
end

function Editor:text()
  return table.concat(self.chars)
end

function Editor:set(text)
  self.chars = chars_of(text)
  self.at = #self.chars
end

function Editor:insert(text)
  for _, char in ipairs(chars_of(text)) do
    if #self.chars < LINE_MAX then
      self.at = self.at + 1
      table.insert(self.chars, self.at, char)
    end
  end
end

-- Takes out the characters from `first` to `last`; the cursor is where they were.
function Editor:cut(first, last)
  for _ = first, last do
    table.remove(self.chars, first)
  end
  self.at = first - 1
end

-- A line that was typed before, or the one that was being typed.
function Editor:recall(step)
  local place = math.max(1, math.min(#self.history + 1, self.place + step))
  if self.place == #self.history + 1 then
    self.draft = self:text()
  end
  self.place = place
  self:set(self.history[place] or self.draft)
end

function Editor:take()
  local text = self:text()
  if text:find "%S" and text ~= self.history[#self.history] then
    self.history[#self.history + 1] = text
  end
  self:set ""
  self.place, self.draft = #self.history + 1, ""
  return text
end

local function common(candidates)
  local shared = candidates[1]
  for _, candidate in ipairs(candidates) do
    while candidate:sub(1, #shared) ~= shared do
      shared = shared:sub(1, -2)
    end
  end
  return shared
end

local acts = {}

acts["left"] = function(self)
  self.at = math.max(0, self.at - 1)
end
acts["ctrl-b"] = acts.left
acts["right"] = function(self)
  self.at = math.min(#self.chars, self.at + 1)
end
acts["ctrl-f"] = acts.right
acts["home"] = function(self)
  self.at = 0
end
acts["ctrl-a"] = acts.home
acts["end"] = function(self)
  self.at = #self.chars
end
acts["ctrl-e"] = acts["end"]
acts["up"] = function(self)
  self:recall(-1)
end
acts["ctrl-p"] = acts.up
acts["down"] = function(self)
  self:recall(1)
end
acts["ctrl-n"] = acts.down
acts["backspace"] = function(self)
  if self.at > 0 then
    self:cut(self.at, self.at)
  end
end
acts["delete"] = function(self)
  if self.at < #self.chars then
    self:cut(self.at + 1, self.at + 1)
  end
end
acts["ctrl-d"] = function(self)
  if #self.chars == 0 then
    return "end"
  end
  acts.delete(self)
end
acts["ctrl-k"] = function(self)
  self:cut(self.at + 1, #self.chars)
end
acts["ctrl-u"] = function(self)
  self:cut(1, self.at)
end
acts["ctrl-w"] = function(self)
  local before = table.concat(self.chars, "", 1, self.at)
  self:cut(#chars_of((before:gsub("%S+%s*$", ""))) + 1, self.at)
end
acts["ctrl-c"] = function(self)
  self:set ""
  self.place = #self.history + 1
  return "drop"
end
acts["enter"] = function()
  return "enter"
end
acts["tab"] = function(self)
  local candidates, typed = self.complete(table.concat(self.chars, "", 1, self.at))
  if #candidates == 0 then
    return
  end
  local more = common(candidates):sub(typed + 1)
  self:insert(more)
  return more == "" and #candidates > 1 and candidates or nil
end

function Editor:key(name)
  if acts[name] then
    return acts[name](self)
  elseif #chars_of(name) == 1 then
    self:insert(name)
  end
end

-- A line longer than the terminal shows what is around the cursor.
function Editor:shown(prompt, columns)
  local room = math.max(1, columns - #prompt - 1)
  local first = math.max(0, self.at - room)
  local last = math.min(#self.chars, first + room)
  return prompt .. clean.line(table.concat(self.chars, "", first + 1, last)), #prompt + self.at - first
end

return Editor
