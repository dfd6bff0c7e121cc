-- JSON of the operations VM: one text for one value, and objects as they were written.

local json = require "ops.json"

describe("JSON", function()
  it("is written with sorted keys and without needless escapes", function()
    local text = json.encode { z = 1, a = { "x/y", "\\/", "é\n" }, m = { k = true } }
    assert.equal([[{"a":["x/y","\\/","é\n"],"m":{"k":true},"z":1}]], text)
  end)

  it("comes back as it was", function()
    local value = { list = { 1, 2.5, { deep = "\"}{\\" } }, empty = "", no = false }
    assert.same(value, json.decode(json.encode(value)))
  end)

  it("that is too deep is refused in both directions", function()
    local value = {}
    for _ = 1, 8 do
      value = { inner = value }
    end
    assert.has_error(function()
      json.encode(value)
    end)
    assert.has_error(function()
      json.decode(('{"a":'):rep(9) .. "1" .. ("}"):rep(9))
    end)
  end)

  it("gives the objects of an array as they are written", function()
    local written = { [[{"a": "}{\"\\", "b":{"c":[{}]}}]], "{}", [[{"é":"\\\""}]] }
    local found = {}
    for object in json.objects("[" .. table.concat(written, " ,\n") .. "]") do
      found[#found + 1] = object
    end
    assert.same(written, found)
    assert.is_nil(json.objects "[]"())
  end)

  it("that ends early gives no half object", function()
    for _, cut in ipairs { [[{"a":{}]], [[{"a":"]], [[{"a":"\]], "{" } do
      assert.is_nil(json.objects(cut)(), cut)
    end
  end)
end)
