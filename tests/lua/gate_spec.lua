-- What comes first on a connection by TCP.

local gate = require "ops.gate"
local json = require "ops.json"

local function line(params, method)
  return json.encode { jsonrpc = "2.0", id = 7, method = method or "auth", params = params }
end

describe("the first line", function()
  it("shows a token", function()
    assert.same({ "secret", 7 }, { gate.read(line { token = "secret" }) })
    assert.same({ "" }, { (gate.read(line { token = "" })) })
  end)

  it("that calls anything else shows none, but its answer has its ID", function()
    for _, other in ipairs { line({ token = "x" }, "status"), line { token = 5 }, line { "x" },
      line { token = { "x" } }, line "x", '{"id":7,"method":"auth"}',
      '{"id":7,"method":["auth"],"params":{"token":"x"}}' } do
      local token, id = gate.read(other)
      assert.is_nil(token)
      assert.equals(7, id)
    end
  end)

  it("that is no object shows none", function()
    for _, other in ipairs { "", "5", "null", '"auth"', "[", "{", "\255\254", "nonsense",
      "GET / HTTP/1.1", ("["):rep(1000) } do
      assert.same({}, { gate.read(other) })
    end
    assert.is_nil((gate.read '["auth"]'))
  end)

  it("is not read beyond its limit", function()
    assert.is_not_nil((gate.read(line { token = ("x"):rep(gate.LINE_MAX - 100) })))
    assert.is_nil((gate.read(line { token = ("x"):rep(gate.LINE_MAX) })))
  end)
end)
