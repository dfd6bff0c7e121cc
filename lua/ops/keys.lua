-- The bytes of a terminal into keys. No I/O.
--
--   local keys = Keys.new()
--   keys:take(bytes) -> { "a", "up", "enter", "ctrl-c", "é", ... }
--
-- A sequence may come in pieces: how it is cut changes no key. One that is not known is passed over,
-- as is what is no UTF-8.
local Keys = {}
Keys.__index = Keys

local SEQUENCE_MAX = 32 -- bytes; of a longer one so many are passed over

local finals = {
  A = "up", B = "down", C = "right", D = "left", H = "home", F = "end", Z = "back tab",
}

local numbers = {
  ["1"] = "home", ["3"] = "delete", ["4"] = "end", ["5"] = "page up", ["6"] = "page down",
  ["7"] = "home", ["8"] = "end",
}

local singles = { ["\r"] = "enter", ["\n"] = "enter", ["\t"] = "tab", ["\127"] = "backspace",
  ["\8"] = "backspace" }

local function named(byte)
  return singles[byte] or byte < "\27" and "ctrl-" .. string.char(byte:byte() + 96) or ""
end

-- Each of the three gives the key at a place of `text` and the place after it; nil: more must come;
-- "": no key.
local function escape(text, at)
  local head = text:sub(at, at + SEQUENCE_MAX - 1)
  local parameters, final = head:match "^\27%[([0-9;:<-?]*[ -/]*)([@-~])"
  if final then
    return finals[final] or final == "~" and numbers[parameters] or "", at + #parameters + 3
  end
  final = head:match "^\27O([ -~])"
  if final then
    return finals[final] or "", at + 3
  elseif head == "\27" or head == "\27O" then
    return nil
  elseif head:find "^\27%[[0-9;:<-?]*[ -/]*$" then
    return #head == SEQUENCE_MAX and "" or nil, at + SEQUENCE_MAX
  end
  return "", at + 1
end

-- The second byte of a character has narrower limits where a shorter form, a surrogate or a number
-- beyond U+10FFFF would begin.
local second_low, second_high = { [224] = 160, [240] = 144 }, { [237] = 159, [244] = 143 }

local function size_of(lead)
  return (lead < 194 or lead > 244) and 1 or lead < 224 and 2 or lead < 240 and 3 or 4
end

local function character(text, at)
  local lead = text:byte(at)
  local size = size_of(lead)
  for i = 1, size - 1 do
    local byte = text:byte(at + i)
    if not byte then
      return nil
    elseif byte < (i == 1 and second_low[lead] or 128)
      or byte > (i == 1 and second_high[lead] or 191) then
      return "", at + 1
    end
  end
  local is_control = size == 1 or lead == 194 and text:byte(at + 1) < 160
  return is_control and "" or text:sub(at, at + size - 1), at + size
end

local function first(text, at)
  local byte = text:sub(at, at)
  if byte == "\27" then
    return escape(text, at)
  elseif byte == "\0" then
    return "", at + 1
  elseif byte:find "[\1-\31\127]" then
    return named(byte), at + 1
  elseif byte < "\128" then
    return byte, at + 1
  end
  return character(text, at)
end

function Keys.new()
  return setmetatable({ pending = "" }, Keys)
end

function Keys:take(bytes)
  local found, text, at = {}, self.pending .. bytes, 1
  while at <= #text do
    local key, after = first(text, at)
    if not key then
      break
    elseif key ~= "" then
      found[#found + 1] = key
    end
    at = after
  end
  self.pending = text:sub(at)
  return found
end

return Keys
