-- The screen of `luapex ctl top`, without a node.

local top_state = require "ops.top_state"
local view = require "ops.top_view"

local function hook(name)
  return { hook = name, calls = 1, errors = 0, mean_us = 1, max_us = 2, time_ms = 1 }
end

local function a_state(hooks)
  local state = top_state.new(1)
  local side = { addresses = 1, buckets = 256, bucket_size = 64 }
  top_state.take(state, {
    status = {
      network = "n-1", role = "seed", id = ("a"):rep(40), uptime_s = 5, software = "luapex/1",
      peers = { outbound = 1, outbound_max = 10, inbound = 0, inbound_max = 40, dialing = 0,
        handshaking = 0 },
      policy = { calls = 1, errors = 0 }, traffic = {}, book = {},
    },
    peers = { peers = {} },
    book = { new = side, old = side, bans = 0 },
    policy = { name = "default", version = 1, hash = "00", hooks = hooks },
    events = { events = {} },
  }, 1)
  return state
end

local function texts_of(lines)
  local texts = {}
  for i, line in ipairs(lines) do
    texts[i] = line[1]
  end
  return table.concat(texts, "\n")
end

describe("the screen of top", function()
  it("says how many hooks have no room", function()
    local names = {}
    for i = 1, 9 do
      names[i] = hook("hook" .. i)
    end
    local text = texts_of(view.lines(a_state(names), 80, 24))
    assert.matches("hook1 ", text)
    local shown = select(2, text:gsub("hook%d ", ""))
    assert.is_true(shown < 9)
    assert.matches(("and %d more hooks"):format(9 - shown), text, 1, true)
    assert.not_matches("more hooks", texts_of(view.lines(a_state(names), 80, 60)))
  end)

  it("fits its counts into 80 columns", function()
    local lines = view.lines(a_state {}, 80, 24)
    for row = 3, 7 do -- policy, peers, rates, traffic, book
      assert.matches("^%l+ +%S", lines[row][1])
      assert.is_true(#lines[row][1] <= 80, lines[row][1])
    end
  end)

  it("has what matters most in 40 columns", function()
    local state = a_state {}
    state.now.status.network = ("long-"):rep(6)
    state.now.peers = { { addr = "255.255.255.255:65535", id = ("b"):rep(40), direction = "outbound",
      uptime_s = 5, useful = 1, version = "v", flags = "" } }
    local shown = {}
    for row, line in ipairs(view.lines(state, 40, 12)) do
      shown[row] = line[1]:sub(1, 39) -- the last column may say that there is more
    end
    assert.matches("^seed aaaaaaaaaaaa  up 5s  ", shown[2])
    assert.matches("^policy   errors 0  calls 1  default", shown[3])
    assert.matches("^peers    out 1/10  in 0/40  dialing 0", shown[4])
    assert.matches("^out  255%.255%.255%.255:65535  b+$", shown[9])
  end)

  it("fills the bar of a side by whole tenths", function()
    local state = a_state {}
    local side = state.now.book.new
    local function bar_of(addresses)
      side.addresses = addresses
      return texts_of(view.lines(state, 80, 24)):match "new (%[.-%])"
    end
    assert.same("[..........]", bar_of(3))
    assert.same("[#.........]", bar_of(1639))
    assert.same("[#########.]", bar_of(256 * 64 - 1))
    assert.same("[##########]", bar_of(256 * 64))
  end)

  it("says since when the book is not stored, and why", function()
    local state = a_state {}
    assert.not_matches("not stored", view.text(state))
    state.now.status.not_stored = { since = 0, why = "disk is full\27[2J" }
    local line = view.lines(state, 80, 24)[8]
    assert.matches("not stored since %d+%-%d+%-%d+ .*: disk is full", line[1])
    assert.not_matches("\27", line[1])
    assert.equal("bad", line[2])
  end)

  it("tells why before where, and leaves room for the longest kind", function()
    local state = a_state {}
    local function event(kind, more)
      more.time, more.event, more.peer = 0, kind, ("b"):rep(40)
      state.events[#state.events + 1] = more
    end
    event("closed", { address = "10.0.0.1:26656", direction = "inbound", error = "reset", text = "reset by peer" })
    event("policy_rolled_back", { text = "default 00" })
    event("command_refused", { text = "unban: not found" })
    local lines = view.lines(state, 80, 40)
    local closed, back, refused = lines[#lines - 2], lines[#lines - 1], lines[#lines]
    assert.matches(("closed%s %s reset: reset by peer address=10"):format((" "):rep(12), ("b"):rep(12)),
      closed[1], 1, true)
    assert.matches("policy_rolled_back bbbbbbbbbbbb default 00", back[1], 1, true)
    assert.matches("command_refused    bbbbbbbbbbbb unban", refused[1], 1, true)
    assert.same({ "bad", "bad" }, { closed[2], refused[2] })
    assert.is_nil(back[2])
  end)

  it("knows a node that does not answer", function()
    local state = a_state {}
    assert.is_nil(top_state.late(state, 100))
    state.asked_at = 100
    assert.is_nil(top_state.late(state, 102.9))
    assert.equal(3, top_state.late(state, 103))
    state.interval = 0.1 -- a busy machine is no hung node
    assert.is_nil(top_state.late(state, 100.9))
    assert.equal(1, top_state.late(state, 101))
  end)

  it("dims what a node that is gone said last", function()
    local state = a_state { hook "bias" }
    state.trouble = "not running"
    for _, line in ipairs(view.lines(state, 80, 24)) do
      assert.is_true(line[2] == "dim" or line[2] == "title" or line[2] == "bad", line[1])
    end
  end)
end)
