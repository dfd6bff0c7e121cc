-- Texts that may be a peer's, made safe for a terminal.

local clean = require "ops.clean"
local grammar = require "ops.toml_grammar"

describe("a clean line", function()
  it("is what it was when nothing in it steers a terminal", function()
    for _, text in ipairs { "", "plain ~", "é 中 😀", "a\\b" } do
      assert.equals(text, clean.line(text))
      assert.equals(text, clean.text(text))
    end
  end)

  it("shows what would steer a terminal, hide or turn text", function()
    for text, shown in pairs {
      ["\27[2J"] = "\\x1b[2J", ["\0\7\127"] = "\\x00\\x07\\x7f", ["\194\155"] = "\\u009b",
      ["\155"] = "\\x9b", ["\226\128\174"] = "\\u202e", ["\226\128\139"] = "\\u200b",
      ["\226\128\168"] = "\\u2028", ["\226\129\166"] = "\\u2066", ["\239\187\191"] = "\\ufeff",
      ["\195"] = "\\xc3", ["\255\254"] = "\\xff\\xfe", ["a\nb\tc"] = "a\\x0ab\\x09c",
    } do
      assert.equals(shown, clean.line(text))
    end
  end)

  it("keeps lines and tabs where there may be some", function()
    assert.equals("a\nb\tc\\x0d", clean.text "a\nb\tc\r")
  end)

  it("has one character a column in ASCII", function()
    assert.equals("a?b??", clean.ascii "aéb中😀")
  end)

  it("is cut and padded by characters", function()
    assert.equals(3, clean.width "aé中")
    assert.equals("aé中", clean.cut("aé中", 3))
    assert.equals("a~", clean.cut("aé中", 2))
    assert.equals("~", clean.cut("aé中", 1))
    assert.equals("", clean.cut("aé中", 0))
    assert.equals("é  ", clean.padded("é", 3))
    assert.equals("  é", clean.padded("é", 3, true))
    assert.equals("long", clean.padded("long", 2))
  end)

  it("of any bytes holds no control character and is UTF-8", function()
    math.randomseed(3)
    local pieces = { "\27", "\155", "\194", "\226", "\128", "\174", "\239\187", "\191", "a", "\0", "\r", "é",
      "\244\143", "\240\159", "\237\160\128", "\127", "\194\133" }
    for _ = 1, 5000 do
      local text = ""
      for _ = 1, math.random(8) do
        text = text .. pieces[math.random(#pieces)]
      end
      local line = clean.line(text)
      assert.is_nil(line:find "[%z\1-\31\127]")
      assert.is_nil(line:find "\194[\128-\159]")
      assert.is_nil(line:find "\226\128[\139-\143\168-\174]")
      assert.is_falsy(grammar.invalid_utf8(line))
      assert.is_nil(clean.ascii(text):find "[\128-\255]")
    end
  end)
end)
