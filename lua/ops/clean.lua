-- Texts for a terminal. Peers say some of them: what could steer a terminal is shown, not sent.
--
--   clean.line(text)      control characters and what hides or turns text as \x1b, \u202e
--   clean.text(text)      the same, lines and tabs kept
--   clean.ascii(text)     also every character beyond ASCII as "?": one character a column
--   clean.width(text)     characters
--   clean.cut(text, n)    the first n of them; the last one is "~" if there were more
--   clean.padded(text, n, is_right)
local clean = {}

local function hex(byte)
  return ("\\x%02x"):format(byte:byte())
end

-- U+0080 to U+009F, and those that are not seen or turn what follows: U+200B to U+200F, U+2028 to
-- U+202E, U+2060 to U+206F, U+FEFF.
local function hide(text)
  text = text:gsub("\194([\128-\159])", function(last)
    return ("\\u00%02x"):format(last:byte())
  end)
  text = text:gsub("\226\128([\139-\143\168-\174])", function(last)
    return ("\\u20%02x"):format(last:byte() - 128)
  end)
  text = text:gsub("\226\129([\160-\175])", function(last)
    return ("\\u20%02x"):format(last:byte() - 64)
  end)
  return (text:gsub("\239\187\191", "\\ufeff"))
end

local tail = "[\128-\191]"
local characters = { -- by their first bytes, as UTF-8 has them: no longer forms, no surrogates
  "^[%z\1-\127]+", "^[\194-\223]" .. tail,
  "^\224[\160-\191]" .. tail, "^[\225-\236\238\239]" .. tail .. tail, "^\237[\128-\159]" .. tail,
  "^\240[\144-\191]" .. tail .. tail, "^[\241-\243]" .. tail .. tail .. tail,
  "^\244[\128-\143]" .. tail .. tail,
}

local function character(text, at)
  for _, pattern in ipairs(characters) do
    local found = text:match(pattern, at)
    if found then
      return found
    end
  end
end

-- Bytes that belong to no character are shown too: \x9b alone begins a sequence on some terminals.
local function lone(text)
  if not text:find "[\128-\255]" then
    return text
  end
  local parts, at = {}, 1
  while at <= #text do
    local whole = character(text, at)
    parts[#parts + 1] = whole or hex(text:sub(at, at))
    at = at + #(whole or "x")
  end
  return table.concat(parts)
end

function clean.line(text)
  return hide(lone((text:gsub("[%z\1-\31\127]", hex))))
end

function clean.text(text)
  return hide(lone((text:gsub("[%z\1-\8\11-\31\127]", hex))))
end

function clean.ascii(text)
  return (clean.line(text):gsub("[\194-\244][\128-\191]+", "?"))
end

function clean.width(text)
  local _, continued = text:gsub("[\128-\191]", "")
  return #text - continued
end

function clean.cut(text, n)
  if #text <= n or clean.width(text) <= n then
    return text
  elseif n < 1 then
    return ""
  end
  local parts = {}
  for char in text:gmatch "[%z\1-\127\194-\244][\128-\191]*" do
    if #parts == n - 1 then
      break
    end
    parts[#parts + 1] = char
  end
  return table.concat(parts) .. "~"
end

function clean.padded(text, n, is_right)
  local gap = (" "):rep(n - clean.width(text))
  return is_right and gap .. text or text .. gap
end

return clean
