-- When to dial a persistent peer again: every few seconds at first, then ever more slowly (S20),
-- but never given up and at least every five minutes unless a setting says otherwise (F16).
local reconnect = {}

local LONGEST_SET_S = 24 * 3600

function reconnect.reconnect(view)
  local longest = view.max_wait_s > 0 and math.min(view.max_wait_s, LONGEST_SET_S) or view.longest_s
  local wait = view.interval_s
  if view.failures > view.tries then
    wait = view.factor ^ (view.failures - view.tries) -- may be infinite: there is a longest
  end
  return { wait_s = math.min(wait + view.jitter_s * view.random(), longest) }
end

reconnect.examples = {
  { hook = "reconnect", given = { failures = 1 }, expect = { wait_s = { 5, 8 } } },
  { hook = "reconnect", given = { failures = 20 }, expect = { wait_s = { 5, 8 } } },
  { hook = "reconnect", given = { failures = 21 }, expect = { wait_s = { 3, 6 } } },
  { hook = "reconnect", given = { failures = 25 }, expect = { wait_s = { 243, 246 } } },
  { hook = "reconnect", given = { failures = 26 }, expect = { wait_s = 300 } },
  { hook = "reconnect", given = { failures = 4000 }, expect = { wait_s = 300 } },
  { hook = "reconnect", given = { failures = 4000, max_wait_s = 7200 }, expect = { wait_s = 7200 } },
  { hook = "reconnect", given = { failures = 4000, max_wait_s = 1e6 }, expect = { wait_s = 86400 } },
  { hook = "reconnect", given = { failures = 2, max_wait_s = 2 }, expect = { wait_s = 2 } },
}

return reconnect
