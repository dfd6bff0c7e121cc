-- What people read of the journal (lua/ops/journal.lua).
local journal = require "ops.journal"

local function lines_of(record)
  local lines = {}
  for line in (journal.text(record) .. "\n"):gmatch "(.-)\n" do
    lines[#lines + 1] = line
  end
  return lines
end

local function decided(fields)
  local record = { time = 0, hook = "rotate", verdict = {}, rule = "live", policy = "p", hash = "h",
    view = {} }
  for name, value in pairs(fields) do
    record[name] = value
  end
  return record
end

describe("an event", function()
  it("says its class, its sentence and the fact behind it", function()
    local text = journal.text { time = 0.5, event = "closed", address = "10.0.0.1:1",
      error = "other_network", text = "peer is on another network", detail = "ours is a, theirs b" }
    assert.matches("%.500  closed +address=10%.0%.0%.1:1 ", text)
    assert.matches(" other_network: peer is on another network %(ours is a, theirs b%)$", text)
  end)

  it("of another version of the node still has a cause", function()
    assert.same("a: -", journal.cause { error = "a" })
    assert.same("- (b)", journal.cause { detail = "b" })
    assert.is_nil(journal.cause {})
  end)

  it("says what it says without an error, and cannot steer a terminal", function()
    assert.matches("  v\\x1b%[2J$", (journal.text { time = 0, event = "connected", text = "v\27[2J" }))
  end)
end)

describe("a decision", function()
  it("that took nobody says so, and how often", function()
    assert.matches("  nobody$", lines_of(decided { nobody = true })[1])
    assert.matches("  nobody$", lines_of(decided { nobody = true, times = 1 })[1])
    assert.matches("  nobody, 3 times since %d", lines_of(decided { nobody = true, times = 3, since = 0 })[1])
    assert.matches("  no answer$", lines_of { time = 0, hook = "ban", view = {} }[1])
  end)

  it("shows of its inputs what is not as by default, and who it is", function()
    local shown = lines_of(decided {
      view = { now = 1.7e9, role = "node", inbound = 0, outbound = 3, inbound_max = 40, outbound_max = 12,
        book = { new = 0, old = 7 },
        peers = { { row = 2, id = "ab", ip = "10.0.0.1", port = 26656, uptime_s = 3.69461, persistent = false,
          rtt_ms = -1 } } },
    })
    assert.same("  saw      book.old=7 outbound=3 outbound_max=12", shown[3])
    assert.same("           peers: id=ab ip=10.0.0.1 port=26656 row=2 uptime_s=3.695", shown[4])
  end)

  it("shows the first of many rows and says how many more there are", function()
    local rows = {}
    for i = 1, 9 do
      rows[i] = { row = i, id = "a" .. i }
    end
    local shown = lines_of(decided { view = { peers = rows } })
    assert.same("  saw      peers: id=a1 row=1", shown[3])
    assert.same("           peers: 6 more; --json has them", shown[#shown])
  end)

  it("answers with rows, values or a yes", function()
    local function answer(verdict)
      return lines_of(decided { verdict = verdict })[1]:match "rotate +(.*)"
    end
    assert.same("rows=2,5", answer { 2, 5 })
    assert.same("rows=3,(kind=feeler row=1)", answer { 3, { row = 1, kind = "feeler" } })
    assert.same("count=1 new_percent=30", answer { count = 1, new_percent = 30 })
    assert.same("rows=1,2", answer { rows = { 1, 2 } })
    local view = { candidates = { { row = 2, id = ("ab"):rep(20) }, { row = 3, id = ("cd"):rep(20) } } }
    local function named(verdict)
      return lines_of(decided { verdict = verdict, view = view })[1]:match "rotate +(.*)"
    end
    assert.same("rows=2(abababababab),5", named { 2, 5 })
    assert.same("rows=(kind=feeler row=3 id=cdcdcdcdcdcd)", named { { row = 3, kind = "feeler" } })
    assert.same("no", answer(false))
    assert.same("0.25", answer(0.25))
  end)

  it("that names one row says whom", function()
    local function answer(hook, verdict, view)
      return lines_of(decided { hook = hook, verdict = verdict, view = view })[1]:match(hook .. " +(.*)")
    end
    local rows = { { row = 1, id = ("ab"):rep(20) }, { row = 2, id = ("cd"):rep(20) } }
    assert.same("row=2(cdcdcdcdcdcd)", answer("ask", 2, { peers = rows }))
    assert.same("replace=1(abababababab)", answer("admit", { replace = 1 }, { peers = rows }))
    assert.same("7", answer("dial_count", 7, {}))
    assert.same("accept=no", answer("admit", { accept = false }, { peers = rows }))
  end)

  it("that takes of a list says how many of how many", function()
    local function answer(verdict, view)
      return lines_of(decided { hook = "accept", verdict = verdict, view = view })[1]:match "accept +(.*)"
    end
    local offers = { { row = 1, id = ("ab"):rep(20) }, { row = 2, id = ("cd"):rep(20) } }
    assert.same("blame=3 rows=none of 2", answer({ rows = {}, blame = 3 }, { offers = offers }))
    assert.same("blame=0 rows=2(cdcdcdcdcdcd) (1 of 2)", answer({ rows = { 2 }, blame = 0 }, { offers = offers }))
    assert.same("blame=0 rows=1(abababababab),9 (2 of 30)",
      answer({ rows = { 1, 9 }, blame = 0 }, { offers = { offers[1] }, of = 30 }))
  end)
end)
