-- A dial failed: when may the address be tried again? Each failure doubles the wait (R52); after
-- too many the address is banned (R51); a peer that can never be ours is not tried again.
local backoff = {}

local FAILURES_MAX = 16
local BAN_S = 24 * 3600
local DOUBLINGS_MAX = 32 -- 2^32 s is beyond every cap (F15)

-- Another identity answered there. The pair of ID and endpoint is worthless, but the ID may be an
-- innocent peer's (F3).
local wrong_pair = { wrong_id = true, self = true }

-- The peer proved its ID and is no peer for us (F25).
local foreign = { other_network = true, other_block_version = true, no_common_channel = true }

-- Persistent peers are never given up (P4), but their operator may cap the wait (R53).
local function wait_s(view)
  local wait = 2 ^ math.min(view.failures, DOUBLINGS_MAX) + view.random()
  if view.address.persistent and view.max_wait_s > 0 then
    wait = math.min(wait, view.max_wait_s)
  end
  return wait
end

function backoff.backoff(view)
  if view.address.persistent then
    return { wait_s = wait_s(view) }
  elseif wrong_pair[view.class] then
    return { remove = true, reason = "another peer answered" }
  elseif foreign[view.class] then
    return { ban_s = BAN_S, scope = "id", reason = "not a peer for us" }
  elseif view.failures > FAILURES_MAX then
    return { ban_s = BAN_S, scope = "id", reason = "too many failed dials" }
  end
  return { wait_s = wait_s(view) }
end

local persistent = { persistent = true }

backoff.examples = {
  { hook = "backoff", given = { failures = 1 }, expect = { wait_s = { 2, 3 } } },
  { hook = "backoff", given = { failures = 16 }, expect = { wait_s = { 65536, 65537 } } },
  { hook = "backoff", given = { failures = 17 }, expect = { ban_s = 86400, scope = "id" } },
  { hook = "backoff", given = { failures = 17, address = persistent }, expect = { wait_s = { 131072, 131073 } } },
  { hook = "backoff", given = { failures = 64, address = persistent }, expect = { wait_s = 172800 } },
  { hook = "backoff", given = { failures = 9, address = persistent, max_wait_s = 60 }, expect = { wait_s = 60 } },
  { hook = "backoff", given = { class = "wrong_id" }, expect = { remove = true } },
  { hook = "backoff", given = { class = "other_network" }, expect = { ban_s = 86400, scope = "id" } },
  { hook = "backoff", given = { class = "other_network", address = persistent }, expect = { wait_s = { 2, 3 } } },
}

return backoff
