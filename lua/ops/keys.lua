-- The bytes of a terminal into keys. No I/O.
--
--   local keys = Keys.new()
--   keys:take(bytes) -> { "a", "up", "enter", "ctrl-c", "é", ... }
--
-- A sequence may come in pieces. One that is not known is passed over.
local Keys = {}
Keys.__index = Keys

local PENDING_MAX = 32 -- bytes of a sequence without end

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

-- Each of the three gives the key at the beginning of `text` and what comes after it; nil: more must
-- come; "": no key.
local function escape(text)
  local parameters, final, rest = text:match "^\27%[([0-9;:<-?]*[ -/]*)([@-~])(.*)$"
  if final then
    return finals[final] or final == "~" and numbers[parameters] or "", rest
  end
  final, rest = text:match "^\27O(.)(.*)$"
  if final then
    return finals[final] or "", rest
  elseif #text == 1 or text:find "^\27O$" or text:find "^\27%[[0-9;:<-?]*[ -/]*$" then
    return nil
  end
  return "", text:sub(2)
end

local function character(text)
  local byte = text:sub(1, 1)
  local size = byte >= "\240" and 4 or byte >= "\224" and 3 or byte >= "\194" and 2 or 1
  if #text < size then
    return nil
  end
  local whole = text:sub(1, size)
  local is_good = size > 1 and whole:find "^.[\128-\191]+$" and not whole:find "^\194[\128-\159]"
  return is_good and whole or "", text:sub(is_good and size + 1 or 2)
end

local function first(text)
  local byte = text:sub(1, 1)
  if byte == "\27" then
    return escape(text)
  elseif byte == "\0" then
    return "", text:sub(2)
  elseif byte:find "[\1-\31\127]" then
    return named(byte), text:sub(2)
  elseif byte < "\128" then
    return byte, text:sub(2)
  end
  return character(text)
end

function Keys.new()
  return setmetatable({ pending = "" }, Keys)
end

function Keys:take(bytes)
  local found, text = {}, self.pending .. bytes
  while text ~= "" do
    local key, rest = first(text)
    if not key then
      break
    elseif key ~= "" then
      found[#found + 1] = key
    end
    text = rest
  end
  self.pending = #text <= PENDING_MAX and text or ""
  return found
end

return Keys
