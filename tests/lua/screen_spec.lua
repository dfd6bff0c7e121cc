-- A full screen of lines, of which only those that changed are written.

local Screen = require "ops.screen"

describe("a screen", function()
  local written, screen

  before_each(function()
    written = {}
    screen = Screen.new(function(text)
      written[#written + 1] = text
    end)
  end)

  local function draw(...)
    written = {}
    local lines = {}
    for i, text in ipairs { ... } do
      lines[i] = type(text) == "table" and text or { text }
    end
    screen:draw(lines, 10)
    return table.concat(written)
  end

  it("is cleared and written whole at first", function()
    assert.equals("\27[2J\27[1;1H\27[Ka\27[2;1H\27[Kb", draw("a", "b"))
  end)

  it("writes what changed afterwards", function()
    draw("a", "b", "c")
    assert.equals("", draw("a", "b", "c"))
    assert.equals("\27[2;1H\27[KB", draw("a", "B", "c"))
  end)

  it("clears lines that are no more", function()
    draw("a", "b", "c")
    assert.equals("\27[2;1H\27[K\27[3;1H\27[K", draw "a")
    assert.equals("", draw "a")
    assert.equals("\27[2;1H\27[Kb", draw("a", "b"))
  end)

  it("writes all again when it forgot", function()
    draw("a", "b")
    screen:forget()
    assert.equals("\27[2J\27[1;1H\27[Ka\27[2;1H\27[Kb", draw("a", "b"))
  end)

  it("cuts what is too long and styles what has a style", function()
    assert.equals("\27[2J\27[1;1H\27[K012345678~", draw "0123456789a")
    assert.equals("\27[1;1H\27[K\27[7mtitle     \27[0m", draw { "title", "title" })
    assert.equals("\27[1;1H\27[K\27[31mtitle\27[0m", draw { "title", "bad" })
  end)
end)
