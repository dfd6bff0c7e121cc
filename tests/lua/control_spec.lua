-- The control socket without a socket: lines into calls, the table of methods, texts for people.

local completion = require "ops.completion"
local help = require "ops.help"
local json = require "ops.json"
local methods = require "ops.methods"
local Refusals = require "ops.refusals"
local render = require "ops.render"
local rpc = require "ops.rpc"
local types = require "ops.types"

local function fault_of(line)
  local method, fault = rpc.read(line)
  assert.is_nil(method)
  return fault
end

describe("the table of methods", function()
  it("names every kind of event, in the order of the journal", function()
    local file = assert(io.open "core/trace/happening.h")
    local text = file:read "*a"
    file:close()
    local kinds = methods.by_name.events.kinds
    local n = 0
    for name in text:gmatch 'X%([%u_]+, "([%l_]+)"%)' do
      n = n + 1
      assert.equal(name, kinds[n][1])
      assert.is_string(kinds[n][2])
    end
    assert.is_true(n > 20)
    assert.equal(n, #kinds)
  end)

  it("is complete", function()
    for _, method in ipairs(methods.list) do
      assert.matches("^%l+%.?%l*$", method.name)
      assert.matches("%.$", method.doc)
      assert.is_true(#method.result > 0, method.name)
      assert.matches("^" .. method.name:gsub("%.", " "), method.example)
      for _, param in ipairs(method.params) do
        assert.is_true(types.is_known(param.type), method.name .. " " .. param.type)
        assert.is_string(param.doc)
        assert.is_string(types.expected(param))
        if param.type == "integer" or param.type == "duration" then
          assert.is_truthy(param.min and param.max, method.name .. " " .. param.name)
        end
        if param.default ~= nil then
          assert.is_true((types.check(param, param.default)), method.name .. " " .. param.name)
        end
      end
    end
  end)

  it("is what help and completion tell", function()
    for _, method in ipairs(methods.list) do
      assert.matches("Example:\n  luapex ctl " .. help.spelled(method), help.page(method), 1, true)
    end
    for _, shell in ipairs { "bash", "zsh" } do
      assert.matches('policy) echo "load rollback set shadow promote"', completion.script(shell), 1, true)
    end
  end)

  it("knows what a mistyped name was meant to be", function()
    assert.equals("status", methods.nearest "statsu")
    assert.equals("policy.load", methods.nearest "policy.laod")
    assert.is_nil(methods.nearest "entirely different")
    assert.is_nil(methods.nearest(("x"):rep(1000)))
  end)
end)

describe("a line", function()
  it("becomes a method and its arguments, with defaults and durations in seconds", function()
    local method, arguments, id = rpc.read(
      '{"jsonrpc":"2.0","id":7,"method":"ban","params":{"target":"10.0.0.0/8","duration":"1h30m"}}')
    assert.equals("ban", method.name)
    assert.same(
      { target = "10.0.0.0/8", duration = 5400, reason = "operator", force = false }, arguments)
    assert.equals(7, id)
  end)

  it("takes null for an argument that is not given", function()
    local _, arguments = rpc.read '{"jsonrpc":"2.0","id":1,"method":"peers","params":{"limit":null}}'
    assert.equals(500, arguments.limit)
  end)

  it("without an id wants no answer", function()
    assert.is_true(select(4, rpc.read '{"jsonrpc":"2.0","method":"status"}'))
    assert.is_false(select(4, rpc.read '{"jsonrpc":"2.0","id":null,"method":"status"}'))
  end)

  it("that is wrong tells field, expected and got", function()
    local fault = fault_of '{"jsonrpc":"2.0","id":1,"method":"ban","params":{"target":7}}'
    assert.equals(rpc.INVALID_PARAMS, fault.code)
    assert.equals("target", fault.data.field)
    assert.equals("7", fault.data.got)
    assert.equals(types.expected { type = "target" }, fault.data.expected)
  end)

  it("has no ID that cannot be written in an answer", function()
    for _, id in ipairs { "1e999", "-1e999", "[]", "true" } do
      local method, fault, given = rpc.read('{"jsonrpc":"2.0","id":' .. id .. ',"method":"status"}')
      assert.is_nil(method)
      assert.equals(rpc.INVALID_REQUEST, fault.code)
      assert.matches('"id":null', rpc.error_line(given, fault), 1, true)
    end
  end)

  it("never raises, whatever it holds", function()
    math.randomseed(5)
    local pieces = { "{", "}", "[", "]", ":", ",", '"', "\\", "\\u0000", "\\ud83d", "null", "true",
      "1e999", "-", '"jsonrpc":"2.0"', '"method":"ban"', '"method":"policy.load"', '"id":1',
      '"params":', '"target":', '"source":', "\255\254", "\0", "é", "NaN", (" "):rep(50) }
    local read = 0
    for _ = 1, 20000 do
      local parts = {}
      for i = 1, math.random(12) do
        parts[i] = pieces[math.random(#pieces)]
      end
      local method, fault = rpc.read(table.concat(parts))
      read = read + 1
      if not method then
        assert.is_true(fault.code < 0 and #fault.message > 0)
        assert.matches("^{", rpc.error_line(nil, fault))
      end
    end
    assert.equals(20000, read)
  end)

  it("of an answer is one line, whatever it holds", function()
    local line = rpc.error_line("a\nb", { code = 1, message = "c\nd\0e" })
    assert.equals(1, select(2, line:gsub("\n", "\n")))
    assert.same({ jsonrpc = "2.0", id = "a\nb", error = { code = 1, message = "c\nd\0e" } },
      json.decode(line))
  end)
end)

describe("a duration", function()
  it("is read as the settings write it", function()
    for text, seconds in pairs { ["90s"] = 90, ["1h30m"] = 5400, ["1.5s"] = 1.5, ["2d"] = 172800,
      ["250ms"] = 0.25 } do
      assert.equals(seconds, types.seconds(text))
    end
    for _, text in ipairs { "", "5", "h", "-5m", "5m ", "5 m", "1h-2m", "5y" } do
      assert.is_nil(types.seconds(text), text)
    end
  end)
end)

describe("a map of buckets", function()
  local function lines_of(numbers)
    return render.value("map", numbers)
  end

  it("shows small numbers as they are", function()
    assert.equals("one mark a bucket: . empty, else how many it holds\n.19", lines_of { 0, 1, 9 })
  end)

  it("shows larger ones in tenths of the fullest", function()
    local text = lines_of { 0, 1, 32, 63, 64 }
    assert.matches("# the fullest, of 64\n", text, 1, true)
    assert.matches("\n.159#", text, 1, true)
  end)

  it("has 64 buckets a line", function()
    local numbers = {}
    for i = 1, 130 do
      numbers[i] = 1
    end
    assert.matches("\n" .. ("1"):rep(64) .. "\n" .. ("1"):rep(64) .. "\n11$", lines_of(numbers))
  end)
end)

describe("a table for people", function()
  it("sends a terminal nothing that steers it", function()
    local text = render.result(methods.by_name.peers, { total = 1, peers = {
      { id = "x", addr = "y", direction = "inbound", uptime_s = 65, flags = "",
        version = "\27[31mred\r\n\194\155x" },
    } })
    assert.is_nil(text:find "\27")
    assert.is_nil(text:find "\r")
    assert.is_nil(text:find "\194\155")
    assert.matches("1m5s", text)
    assert.equals(2, select(2, text:gsub("\n", "\n")))
  end)

  it("rounds what was measured, but keeps what is small", function()
    assert.equals("11.771", render.value("number", 11.77066666667))
    assert.equals("0.000123", render.value("number", 0.000123))
    assert.equals("1000000", render.value("number", 1e6))
    assert.equals("0", render.value("number", 0))
  end)

  it("shows what can be typed as it is typed", function()
    assert.equals("true", render.value("typed", true))
    assert.equals("0.5", render.value("typed", 0.5))
    assert.equals("a,b", render.value("typed", { "a", "b" }))
    assert.equals("\\x1b[31m", render.value("typed", { "\27[31m" }))
    assert.equals("-", render.value("typed", {}))
    assert.equals("-", render.value("typed", ""))
  end)

  it("has the same columns whatever is in them, so that programs can cut them", function()
    local function columns_of(peer)
      local text = render.result(methods.by_name.peers, { total = 1, peers = { peer } })
      local title, row = text:match "^(.-)\n(.-)\n$"
      return title:gsub("RTT MS", "RTT"), select(2, row:gsub("%S+", ""))
    end
    local title, empty_cells = columns_of { id = "x" }
    local same_title, full_cells = columns_of { id = "x", addr = "1.2.3.4:5", direction = "inbound",
      uptime_s = 1, rtt_ms = 2, useful = 3, version = "v/1", flags = "seed" }
    assert.matches("^ID +ADDR +DIRECTION +UPTIME +RTT +USEFUL +VERSION +FLAGS *$", title)
    assert.matches("^ID +ADDR +DIRECTION", same_title)
    assert.equals(8, empty_cells)
    assert.equals(8, full_cells)
  end)
end)

describe("refused strangers", function()
  local told, timer, refusals

  before_each(function()
    told = {}
    timer = { start = function(self, _, _, callback)
      self.pass_a_minute = callback
    end, stop = function(self)
      self.pass_a_minute = nil
    end }
    refusals = Refusals.new(function(address, n)
      told[#told + 1] = address .. " " .. n
    end, timer)
  end)

  it("are told at once, then as a number each minute", function()
    for port = 1, 5 do
      refusals:note("127.0.0.1:" .. port)
    end
    refusals:note "[::1]:9"
    assert.same({ "127.0.0.1:1 0", "[::1]:9 0" }, told)
    timer.pass_a_minute()
    assert.same("127.0.0.1 4", told[3])
    refusals:note "127.0.0.1:6"
    timer.pass_a_minute()
    assert.same("127.0.0.1 1", told[4])
    assert.equal(4, #told)
  end)

  it("are told at once again after a quiet minute", function()
    refusals:note "127.0.0.1:1"
    timer.pass_a_minute()
    assert.is_nil(timer.pass_a_minute)
    refusals:note "127.0.0.1:2"
    assert.same({ "127.0.0.1:1 0", "127.0.0.1:2 0" }, told)
  end)

  it("of too many addresses count together", function()
    for i = 1, 100 do
      refusals:note(("127.0.%d.1:5"):format(i))
    end
    assert.equal(65, #told)
    assert.same("others 0", told[65])
    refusals:finish()
    assert.same("others 35", told[66])
    refusals:finish()
    assert.equal(66, #told)
  end)
end)
