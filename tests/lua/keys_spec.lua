-- The bytes of a terminal into keys.

local Keys = require "ops.keys"

local function keys_of(...)
  local keys, found = Keys.new(), {}
  for _, bytes in ipairs { ... } do
    for _, key in ipairs(keys:take(bytes)) do
      found[#found + 1] = key
    end
  end
  return found
end

describe("keys", function()
  it("are characters as they were typed", function()
    assert.same({ "a", " ", "~", "é", "中", "😀" }, keys_of "a ~é中😀")
  end)

  it("have names where they are no characters", function()
    for bytes, name in pairs {
      ["\r"] = "enter", ["\n"] = "enter", ["\t"] = "tab", ["\127"] = "backspace", ["\8"] = "backspace",
      ["\1"] = "ctrl-a", ["\3"] = "ctrl-c", ["\26"] = "ctrl-z",
      ["\27[A"] = "up", ["\27[B"] = "down", ["\27[C"] = "right", ["\27[D"] = "left",
      ["\27OA"] = "up", ["\27OH"] = "home", ["\27[H"] = "home", ["\27[F"] = "end",
      ["\27[1~"] = "home", ["\27[7~"] = "home", ["\27[4~"] = "end", ["\27[8~"] = "end",
      ["\27[3~"] = "delete", ["\27[5~"] = "page up", ["\27[6~"] = "page down",
      ["\27[Z"] = "back tab", ["\27[1;5C"] = "right",
    } do
      assert.same({ name }, keys_of(bytes))
    end
  end)

  it("that nobody knows are passed over", function()
    for _, bytes in ipairs { "\0", "\28", "\31", "\27[99~", "\27[200~", "\27[?1;2c", "\27[I", "\27Ox",
      "\27[<0;10;20M", "\27[ q" } do
      assert.same({ "x" }, keys_of(bytes .. "x"))
    end
  end)

  it("after an escape that begins nothing are themselves", function()
    assert.same({ "q" }, keys_of("\27", "q"))
    assert.same({ "a" }, keys_of "\27a")
    assert.same({ "up" }, keys_of "\27\27[A")
    assert.same({ "O", "up" }, keys_of "\27O\27[A")
    assert.same({ "O", "é" }, keys_of "\27Oé")
  end)

  it("are found in pieces", function()
    assert.same({ "up" }, keys_of("\27", "[", "A"))
    assert.same({ "page up", "x" }, keys_of("\27[5", "~x"))
    assert.same({ "é", "中" }, keys_of("\195", "\169\228", "\184", "\173"))
    assert.same({}, keys_of "\27[5")
  end)

  it("are no bytes that are no UTF-8", function()
    for _, bytes in ipairs { "\128", "\191", "\192\128", "\193\191", "\224\128\128", "\237\160\128",
      "\240\128\128\128", "\244\144\128\128", "\245\128\128\128", "\255", "\254", "\194\155" } do
      assert.same({ "x" }, keys_of(bytes .. "x"), bytes)
    end
  end)

  it("of Latin-1 do not keep what comes next waiting", function()
    assert.same({ "a" }, keys_of "\233a")
    assert.same({ "a", "b" }, keys_of("\228", "\184a", "b"))
  end)

  it("are not waited for without end", function()
    local keys = Keys.new()
    for _ = 1, 1000 do
      keys:take "\27[1;1;1;1;1;1"
      assert.is_true(#keys.pending < 32)
    end
    assert.same({ "x" }, keys_of(("\27[" .. ("1"):rep(30)) .. "x"))
  end)

  it("are the same however their bytes are cut", function()
    math.randomseed(7)
    local pieces = { "\27", "[", "O", "1", ";", "A", "~", "a", "é", "中", "\195", "\228\184", "\255", "\r",
      "\0", ("9"):rep(40), "\194\155", "😀", "\240\159" }
    for _ = 1, 3000 do
      local text = ""
      for _ = 1, math.random(12) do
        text = text .. pieces[math.random(#pieces)]
      end
      local cut = math.random(0, #text)
      assert.same(keys_of(text), keys_of(text:sub(1, cut), text:sub(cut + 1)))
      local single = {}
      for i = 1, #text do
        single[i] = text:sub(i, i)
      end
      assert.same(keys_of(text), keys_of(unpack(single)))
    end
  end)
end)
