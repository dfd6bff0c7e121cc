-- TOML 1.0 over LPeg.
--
--   toml.parse(text) -> root | nil, line, cause
--   toml.each(root, visit)  calls visit(section, key, line, kind, text) for every key, in file order
--
-- One statement (a key and its value, or a table header) is matched at a time. What the grammar finds
-- wrong it raises as { at, cause } at that place, so nothing is tried a second way after it and no
-- text makes it backtrack far. Nesting is capped; the caller caps size and memory.
--
-- A node is { kind, line, ... }:
--   text integer float boolean time   value: a text (integers and floats without underscores)
--   array                             the items, 1..n
--   table                             keys: name -> node, order: names; inline: closed for good
--   tables                            an array of tables: the tables, 1..n
local lpeg = require "lpeg"

local P, R, S, V = lpeg.P, lpeg.R, lpeg.S, lpeg.V
local C, Cc, Cg, Cmt, Cp, Cs, Ct, Carg = lpeg.C, lpeg.Cc, lpeg.Cg, lpeg.Cmt, lpeg.Cp, lpeg.Cs, lpeg.Ct, lpeg.Carg

local NESTING_MAX = 64
local KEYS_MAX = 64 -- parts of one dotted key

lpeg.setmaxstack(40 * NESTING_MAX)

local function raise(at, cause)
  error({ at = at, cause = cause }, 0)
end

local function fail(cause)
  return P(function(_, at) raise(at, cause) end)
end

local function need(pattern, cause)
  return pattern + fail(cause)
end

-- Characters ------------------------------------------------------------------------------------

local newline = P "\n" -- CR LF became LF before
local blank = S " \t" ^ 0
local digit, hex = R "09", R("09", "af", "AF")
local plain = S "\t" + R(" ~", "\128\255") -- what may stand in a comment or a string
local tail = R "\128\191"

local utf8 = R "\0\127"
  + R "\194\223" * tail
  + P "\224" * R "\160\191" * tail
  + R("\225\236", "\238\239") * tail * tail
  + P "\237" * R "\128\159" * tail
  + P "\240" * R "\144\191" * tail * tail
  + R "\241\243" * tail * tail * tail
  + P "\244" * R "\128\143" * tail * tail
local valid_until = utf8 ^ 0 * Cp()

local comment = P "#" * plain ^ 0
  * need(#newline + -P(1), "control character in a comment")
local line_end = blank * comment ^ -1 * need(newline + -P(1), "expected the end of the line")
local space = (S " \t\n" + comment) ^ 0 -- between the items of an array

-- Strings ---------------------------------------------------------------------------------------

local function utf8_of(at, digits)
  local code = tonumber(digits, 16)
  if code >= 0xd800 and code <= 0xdfff or code > 0x10ffff then
    raise(at, "\\u" .. digits .. " is not a Unicode character")
  end
  local char, floor = string.char, math.floor
  if code < 0x80 then
    return char(code)
  elseif code < 0x800 then
    return char(0xc0 + floor(code / 0x40), 0x80 + code % 0x40)
  elseif code < 0x10000 then
    return char(0xe0 + floor(code / 0x1000), 0x80 + floor(code / 0x40) % 0x40, 0x80 + code % 0x40)
  end
  return char(0xf0 + floor(code / 0x40000), 0x80 + floor(code / 0x1000) % 0x40,
    0x80 + floor(code / 0x40) % 0x40, 0x80 + code % 0x40)
end

local escapes = { b = "\b", t = "\t", n = "\n", f = "\f", r = "\r", ['"'] = '"', ["\\"] = "\\" }
local hex4 = hex * hex * hex * hex
local escape = P "\\" * need(
  S 'btnfr"\\' / escapes
    + P "u" * (Cp() * C(hex4) / utf8_of)
    + P "U" * (Cp() * C(hex4 * hex4) / utf8_of),
  [[unknown escape; known are \b \t \n \f \r \" \\ \uXXXX \UXXXXXXXX]])
escape = Cs(P "\\" / "" * escape_body) -- luacheck: ignore
