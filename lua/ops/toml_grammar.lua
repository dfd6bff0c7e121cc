-- The grammar of TOML 1.0 over LPeg, one statement at a time.
--
--   grammar.invalid_utf8(text)     position of the first byte that is not UTF-8, or nil
--   grammar.statement(text, at)    -> next position, statement
--
-- A statement is { kind, keys, value } of kind "empty", "pair", "header" or "array_header"; keys are
-- { at, name } each, a value is a node as toml.lua describes it, with `at` in place of `line`, and
-- inline tables still as their list of pairs.
--
-- Whatever is wrong is raised as { at, cause } where it is found, so nothing is tried a second way
-- after it and no text makes the grammar backtrack far.
local lpeg = require "lpeg"

local P, R, S, V = lpeg.P, lpeg.R, lpeg.S, lpeg.V
local C, Cc, Cg, Cmt, Cp, Cs = lpeg.C, lpeg.Cc, lpeg.Cg, lpeg.Cmt, lpeg.Cp, lpeg.Cs
local Ct, Carg = lpeg.Ct, lpeg.Carg

local NESTING_MAX = 64 -- arrays and inline tables inside each other
local STACK_PER_NESTING = 16

lpeg.setmaxstack(NESTING_MAX * STACK_PER_NESTING)

local function raise(at, cause)
  error({ at = at, cause = cause }, 0)
end

local function fail(cause)
  return P(function(_, at)
    raise(at, cause)
  end)
end

local function need(pattern, cause)
  return pattern + fail(cause)
end

-- Characters and blanks -------------------------------------------------------------------------

local newline = P "\n" -- CR LF was made LF before
local blank = S " \t" ^ 0
local digit, hex = R "09", R("09", "af", "AF")
local high = R "\128\255" -- the text as a whole was found to be UTF-8
local plain = S "\t" + R " ~" + high -- what comments and literal strings may hold
local tail = R "\128\191"

local utf8 = R "\0\127"
  + R "\194\223" * tail
  + P "\224" * R "\160\191" * tail
  + R("\225\236", "\238\239") * tail * tail
  + P "\237" * R "\128\159" * tail
  + P "\240" * R "\144\191" * tail * tail
  + R "\241\243" * tail * tail * tail
  + P "\244" * R "\128\143" * tail * tail

local comment = P "#" * plain ^ 0 * need(#newline + -P(1), "control character in a comment")
local line_end = blank * comment ^ -1 * need(newline + -P(1), "expected the end of the line")
local space = (S " \t\n" + comment) ^ 0 -- between the items of an array

-- Strings ---------------------------------------------------------------------------------------

local function utf8_of(at, digits)
  local code = tonumber(digits, 16)
  if code >= 0xd800 and code <= 0xdfff or code > 0x10ffff then
    raise(at, "U+" .. digits .. " is not a character")
  end
  local last = {}
  local limit, lead = 0x80, 0
  while code >= limit do
    table.insert(last, 1, string.char(0x80 + code % 64))
    code = math.floor(code / 64)
    lead = #last == 1 and 0xc0 or #last == 2 and 0xe0 or 0xf0
    limit = #last == 1 and 0x20 or #last == 2 and 0x10 or 0x08
  end
  return string.char(lead + code) .. table.concat(last)
end

local escapes = { b = "\b", t = "\t", n = "\n", f = "\f", r = "\r", ['"'] = '"', ["\\"] = "\\" }
local hex4 = hex * hex * hex * hex
local escape = P "\\" * C(S 'btnfr"\\') / escapes
  + P "\\u" * Cp() * C(hex4) / utf8_of
  + P "\\U" * Cp() * C(hex4 * hex4) / utf8_of
  + P "\\" * fail [[unknown escape; known are \b \t \n \f \r \" \\ \uXXXX \UXXXXXXXX]]

local not_closed = (#newline + -P(1)) * fail "string without its closing quote"
local control = fail "control character in a string; write it as \\uXXXX"

local function string_end(quotes)
  return P(quotes) + not_closed + control
end

local basic = P '"' * Cs((plain - S '"\\' + escape) ^ 0) * string_end '"'
local literal = P "'" * C((plain - P "'") ^ 0) * string_end "'"

-- One or two quotes may stand anywhere in a multi-line string, also right before the closing three.
local function multi_line(quote, body)
  local three = P(quote:rep(3))
  local quotes = P(quote) * P(quote) ^ -1 * -P(quote)
  local last = P(quote:rep(2)) * #three + P(quote) * #three + P(true)
  local inside = (plain - S(quote .. "\\")) + newline + body + quotes
  return three * newline ^ -1 * Cs(inside ^ 0 * last) * string_end(quote:rep(3))
end

local continued = P "\\" * blank * newline * S " \t\n" ^ 0 / ""
local text = multi_line('"', continued + escape) + multi_line("'", P "\\") + basic + literal

-- Numbers, booleans, times ----------------------------------------------------------------------

local function grouped(one)
  return one * (P "_" ^ -1 * one) ^ 0
end

local sign = S "+-" ^ -1
local decimal = R "19" * (P "_" ^ -1 * digit) ^ 0 + P "0"
local exponent = S "eE" * sign * grouped(digit)
local fraction = P "." * grouped(digit)
local integer = P "0x" * grouped(hex) + P "0o" * grouped(R "07") + P "0b" * grouped(S "01")
  + sign * decimal
local float = sign * (decimal * (fraction * exponent ^ -1 + exponent) + P "inf" + P "nan")

local function within(pattern, low, high_)
  return Cmt(pattern, function(_, at, match)
    local number = tonumber(match)
    return number >= low and number <= high_ and at
  end)
end

local two = digit * digit
local date = digit * digit * digit * digit * "-" * within(two, 1, 12) * "-" * within(two, 1, 31)
local clock = within(two, 0, 23) * ":" * within(two, 0, 59) * ":" * within(two, 0, 59)
  * (P "." * digit ^ 1) ^ -1
local offset = S "Zz" + S "+-" * within(two, 0, 23) * ":" * within(two, 0, 59)
local time = date * (S "Tt " * clock * offset ^ -1) ^ -1 + clock

local day_of_month = { 31, 29, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31 }

local function is_real_date(word)
  local year, month, day = word:match "^(%d%d%d%d)%-(%d%d)%-(%d%d)"
  if not year then
    return true
  end
  year, month, day = tonumber(year), tonumber(month), tonumber(day)
  local leap = year % 4 == 0 and (year % 100 ~= 0 or year % 400 == 0)
  return year > 0 and day <= (month == 2 and not leap and 28 or day_of_month[month])
end

-- Whether the digits of an integer fit 64 bits with sign.
local function fits(word)
  local base, digits = word:match "^0([xob])0*(.*)$"
  if base == "x" then
    return #digits < 16 or #digits == 16 and digits:sub(1, 1) < "8"
  elseif base then
    return #digits <= (base == "o" and 21 or 63)
  end
  digits = word:gsub("^[+-]", "")
  local max = word:sub(1, 1) == "-" and "9223372036854775808" or "9223372036854775807"
  return #digits < #max or #digits == #max and digits <= max
end

local whole = {
  boolean = (P "true" + P "false") * -1,
  integer = integer * -1,
  float = float * -1,
  time = time * -1,
}

local function scalar_of(at, word)
  if whole.boolean:match(word) then
    return { kind = "boolean", at = at, value = word }
  elseif whole.integer:match(word) then
    local value = word:gsub("_", "")
    if not fits(value) then
      raise(at, "integer does not fit 64 bits")
    end
    return { kind = "integer", at = at, value = value }
  elseif whole.float:match(word) then
    return { kind = "float", at = at, value = (word:gsub("_", "")) }
  elseif whole.time:match(word) and is_real_date(word) then
    return { kind = "time", at = at, value = word }
  end
  raise(at, ("'%s' is no value; texts need quotes"):format(word:sub(1, 40)))
end

local word_char = R("09", "az", "AZ") + S "+-._:"
local day_and_clock = date * " " * #(two * ":") -- the one blank a scalar may hold
local scalar = Cp() * C(day_and_clock ^ -1 * word_char ^ 1) / scalar_of

-- Keys, values, statements ----------------------------------------------------------------------

local bare_key = C((R("09", "az", "AZ") + S "_-") ^ 1)
local key = Ct(Cg(Cp(), "at") * Cg(bare_key + basic + literal, "name"))
local keys = Ct(key * (blank * "." * blank * need(key, "expected a key after the dot")) ^ 0)

local deeper = Cmt(Carg(1), function(_, at, state)
  state.depth = state.depth + 1
  if state.depth > NESTING_MAX then
    raise(at, "nested too deeply")
  end
  return true
end)
local higher = Cmt(Carg(1), function(_, _, state)
  state.depth = state.depth - 1
  return true
end)

local function list(open, item, separator, close, kind, cause)
  return Ct(Cg(Cc(kind), "kind") * Cg(Cp(), "at") * open * deeper * separator
    * (item * separator) ^ -1 * need(P(close), cause) * higher)
end

local array_items = V "value" * space * (P "," * space * V "value" * space) ^ 0 * P "," ^ -1
local pairs_inline = V "pair" * blank
  * (P "," * blank * need(V "pair", "expected a key after the comma") * blank) ^ 0

local value_rules = {
  "pair",
  pair = Ct(Cg(keys, "keys") * blank * need(P "=", "expected '=' after the key")
    * blank * Cg(need(V "value", "expected a value"), "value")),
  value = V "text" + V "array" + V "inline" + scalar,
  text = Ct(Cg(Cp(), "at") * Cg(Cc "text", "kind") * Cg(text, "value")),
  array = list(P "[", array_items, space, "]", "array", "expected ',' or ']' in the array"),
  inline = list(P "{", pairs_inline, blank, "}", "inline", "expected ',' or '}' in the table"),
}

local statement = {
  "statement",
  statement = blank * Ct(V "array_header" + V "header" + V "named_pair" + V "empty")
    * line_end * Cp(),
  array_header = P "[[" * Cg(Cc "array_header", "kind") * V "header_keys"
    * need(P "]]", "expected ']]'"),
  header = P "[" * Cg(Cc "header", "kind") * V "header_keys" * need(P "]", "expected ']'"),
  header_keys = blank * Cg(need(keys, "expected the name of a table"), "keys") * blank,
  named_pair = Cg(Cc "pair", "kind") * Cg(V "pair", "pair"),
  empty = #(S "#\n" + -P(1)) * Cg(Cc "empty", "kind") + fail "expected a key",
}
for name, rule in pairs(value_rules) do
  if type(name) == "string" then
    statement[name] = rule
  end
end

local pattern = P(statement)
local valid = utf8 ^ 0 * Cp()

local grammar = { raise = raise }

function grammar.invalid_utf8(source)
  local at = valid:match(source)
  return at <= #source and at or nil
end

function grammar.statement(source, at)
  local found, next_at = pattern:match(source, at, { depth = 0 })
  return next_at, found
end

return grammar
