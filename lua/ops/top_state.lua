-- What `luapex ctl top` knows: the last answers of the node, what changed between two, and how the
-- reader wants it. No I/O.
--
--   state = top_state.new(interval)
--   top_state.take(state, answers, at)   answers = { status, peers, book, policy, events }; at: seconds
--   top_state.late(state, at)            seconds since the node was asked, if it should have answered
--   top_state.rate(state, name)          of a counter of status.traffic, a second; nil: not known yet
--   top_state.sorted(state) -> peers, as the reader wants them
local clean = require "ops.clean"

local EVENTS_KEPT = 200
local LATE_INTERVALS, LATE_S = 3, 1 -- without an answer: so many looks, and no less than this

local top_state = {}

-- What peers can be sorted by: the greatest first, texts from a to z.
top_state.orders = { "uptime_s", "rtt_ms", "direction", "addr", "useful", "version" }

function top_state.new(interval)
  return { interval = interval, events = {}, last_event = 0, scroll = 0, order = 1,
    is_reversed = false, is_paused = false }
end

-- A node that was started again counts from the beginning, its events too.
local function is_same_run(before, now)
  return before and before.status.pid == now.status.pid and before.status.id == now.status.id
    and before.status.uptime_s <= now.status.uptime_s
end

local function keep_events(state, events)
  local kept = state.events
  for _, event in ipairs(events.events) do
    kept[#kept + 1] = event
  end
  if #kept > EVENTS_KEPT then
    state.events = { unpack(kept, #kept - EVENTS_KEPT + 1) }
  end
  state.last_event = events.last
end

local function by_hook(policy)
  local hooks = {}
  for _, hook in ipairs(policy.hooks) do
    hooks[hook.hook] = hook
  end
  return hooks
end

function top_state.take(state, answers, at)
  local now = { status = answers.status, peers = answers.peers.peers, total = answers.peers.total,
    book = answers.book, policy = answers.policy, hooks = by_hook(answers.policy), at = at }
  for _, peer in ipairs(now.peers) do
    peer.version = clean.ascii(peer.version)
  end
  local same = is_same_run(state.now, now)
  state.before, state.now = same and state.now or nil, now
  if state.ran and not same then
    state.events, state.last_event = {}, 0 -- those of its new run come with the next look
  else
    keep_events(state, answers.events)
  end
  state.ran = true
end

-- state.asked_at: when what is not answered yet was asked; nil: nothing is.
function top_state.late(state, at)
  local waited = state.asked_at and at - state.asked_at or 0
  return waited >= math.max(LATE_S, LATE_INTERVALS * state.interval) and waited or nil
end

local function difference(state, before, now)
  local seconds = state.now.at - state.before.at
  return seconds > 0 and math.max(0, now - before) / seconds or nil
end

function top_state.rate(state, name)
  if not state.before then
    return nil
  end
  return difference(state, state.before.status.traffic[name], state.now.status.traffic[name])
end

-- Calls a second of a hook, and milliseconds of each second that it took.
function top_state.hook_rates(state, hook)
  local before = state.before and state.before.hooks[hook.hook]
  if not before then
    return nil
  end
  local calls = difference(state, before.calls, hook.calls)
  local used_us = difference(state, before.calls * before.mean_us, hook.calls * hook.mean_us)
  return calls, used_us and used_us / 1000
end

function top_state.sort_by_next(state)
  state.order = state.order % #top_state.orders + 1
  state.is_reversed = false
end

function top_state.sorted(state)
  local name, peers = top_state.orders[state.order], {}
  for i, peer in ipairs(state.now.peers) do
    peers[i] = peer
  end
  local function before(a, b)
    local one, other = a[name], b[name]
    if one == other then
      return a.id < b.id
    elseif one == nil or other == nil then
      return one ~= nil -- what is not known comes last
    elseif (type(one) == "number") ~= state.is_reversed then
      return one > other
    end
    return one < other
  end
  table.sort(peers, before)
  return peers
end

return top_state
