-- A full screen of lines, of which only those that changed are written.
--
--   local screen = Screen.new(write)
--   screen:draw(lines, columns)   a line: { text, style }; style: one of Screen.styles or nil
--   screen:forget()               all is written next time
--
-- Texts must be clean (ops.clean): one character a column.
local clean = require "ops.clean"

local Screen = {}
Screen.__index = Screen

Screen.ENTER = "\27[?1049h\27[?25l\27[H\27[2J" -- the other buffer, no cursor, empty
Screen.LEAVE = "\27[0m\27[?25h\27[?1049l"

Screen.styles = { title = "\27[7m", strong = "\27[1m", dim = "\27[2m", bad = "\27[31m" }
local PLAIN = "\27[0m"

function Screen.new(write)
  return setmetatable({ write = write, shown = {} }, Screen)
end

function Screen:forget()
  self.shown = {}
end

local function painted(line, columns)
  local text = clean.cut(line[1], columns)
  if line[2] == "title" then
    text = clean.padded(text, columns)
  end
  local style = line[2] and Screen.styles[line[2]]
  return style and style .. text .. PLAIN or text
end

function Screen:draw(lines, columns)
  local parts, is_new = {}, next(self.shown) == nil
  if is_new then
    parts[1] = "\27[2J"
  end
  for row = 1, math.max(#lines, #self.shown) do
    local text = lines[row] and painted(lines[row], columns) or ""
    if text ~= (self.shown[row] or is_new and "" or nil) then
      parts[#parts + 1] = ("\27[%d;1H\27[K%s"):format(row, text)
    end
    self.shown[row] = text
  end
  if #parts > 0 then
    self.write(table.concat(parts))
  end
end

return Screen
