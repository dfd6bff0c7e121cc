-- One line that is being typed.

local Editor = require "ops.line_editor"

local history, candidates, typed, editor

local function complete(before)
  typed = before
  return candidates, #before:match "%w*$"
end

local function press(...)
  local outcome
  for _, key in ipairs { ... } do
    outcome = editor:key(key)
  end
  return outcome
end

local function type_text(text)
  for char in text:gmatch "[%z\1-\127\194-\244][\128-\191]*" do
    editor:key(char)
  end
end

describe("a line editor", function()
  before_each(function()
    history, candidates, typed = { "first", "second" }, {}, nil
    editor = Editor.new(history, complete)
  end)

  it("inserts where the cursor is", function()
    type_text "acé"
    press("left", "left", "b")
    assert.equals("abcé", editor:text())
    press("home", "x", "end", "y")
    assert.equals("xabcéy", editor:text())
    press("ctrl-a", "1", "ctrl-e", "2", "ctrl-b", "3", "ctrl-f", "4")
    assert.equals("1xabcéy324", editor:text())
  end)

  it("stays within the line", function()
    press("left", "right", "backspace", "delete", "ctrl-w", "ctrl-u", "ctrl-k")
    assert.equals("", editor:text())
    type_text "ab"
    press("right", "right", "delete")
    assert.equals("ab", editor:text())
  end)

  it("deletes characters, words and the rest", function()
    type_text "one two  thrée"
    press "backspace"
    assert.equals("one two  thré", editor:text())
    press "ctrl-w"
    assert.equals("one two  ", editor:text())
    press "ctrl-w"
    assert.equals("one ", editor:text())
    press("home", "delete")
    assert.equals("ne ", editor:text())
    press("right", "ctrl-k")
    assert.equals("n", editor:text())
    press("x", "left", "ctrl-u")
    assert.equals("x", editor:text())
  end)

  it("ends on Ctrl-D when it is empty, else deletes", function()
    type_text "a"
    press "left"
    assert.is_nil(press "ctrl-d")
    assert.equals("", editor:text())
    assert.equals("end", press "ctrl-d")
  end)

  it("drops the line on Ctrl-C", function()
    type_text "abc"
    press "up"
    assert.equals("drop", press "ctrl-c")
    assert.equals("", editor:text())
    press "up"
    assert.equals("second", editor:text())
  end)

  it("recalls lines, and what was being typed", function()
    type_text "draft"
    press "up"
    assert.equals("second", editor:text())
    press("ctrl-p", "up", "up")
    assert.equals("first", editor:text())
    press("down", "ctrl-n")
    assert.equals("draft", editor:text())
    press "down"
    assert.equals("draft", editor:text())
  end)

  it("gives the line and remembers it once", function()
    type_text "third"
    assert.equals("enter", press "enter")
    assert.equals("third", editor:take())
    assert.equals("", editor:text())
    type_text "third"
    editor:take()
    type_text "  "
    assert.equals("  ", editor:take())
    assert.same({ "first", "second", "third" }, history)
  end)

  it("completes as far as the candidates agree, then lists them", function()
    type_text "x po"
    candidates = { "policy.load", "policy.set" }
    assert.is_nil(press "tab")
    assert.equals("x po", typed)
    assert.equals("x policy.", editor:text())
    candidates = { "load", "set" }
    assert.same(candidates, press "tab")
    type_text "l"
    candidates = { "load" }
    assert.is_nil(press "tab")
    assert.equals("x policy.load", editor:text())
    candidates = {}
    assert.is_nil(press "tab")
    assert.equals("x policy.load", editor:text())
  end)

  it("knows no other key", function()
    for _, key in ipairs { "page up", "ctrl-y", "back tab", "" } do
      assert.is_nil(press(key))
    end
    assert.equals("", editor:text())
  end)

  it("takes a line of so many characters and no more", function()
    editor:insert(("é"):rep(5000))
    assert.equals(4096, #editor.chars)
    press("home", "x")
    assert.equals(2 * 4096, #editor:text())
  end)

  it("shows what is around the cursor", function()
    assert.same({ "> ", 2 }, { editor:shown("> ", 10) })
    type_text "0123456789"
    assert.same({ "> 3456789", 9 }, { editor:shown("> ", 10) })
    press "home"
    assert.same({ "> 0123456", 2 }, { editor:shown("> ", 10) })
    for columns = 0, 3 do
      local text, at = editor:shown("> ", columns)
      assert.is_true(#text >= 2 and at >= 2)
    end
  end)
end)
