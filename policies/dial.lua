-- How many dials a round makes: one for each free slot (R42). Which of the drawn candidates: in the
-- order they were drawn, but none that must still wait after a failure (R44, F14).
local dial = {}

function dial.dial_count(view)
  return math.max(view.free, 0)
end

function dial.select(view)
  local picks = {}
  for i, row in ipairs(view.candidates) do
    if #picks >= view.wanted then
      break
    elseif row.retry_in_s <= 0 then
      picks[#picks + 1] = i
    end
  end
  return picks
end

dial.examples = {
  { hook = "dial_count", given = { free = 7 }, expect = 7 },
  { hook = "dial_count", given = { free = 0, reason = "wakeup" }, expect = 0 },
  { hook = "dial_count", given = { free = -2 }, expect = 0 },
  { hook = "select", given = {}, expect = {} },
  { hook = "select", given = { candidates = { {}, { retry_in_s = 2.5 }, {} } }, expect = { 1, 3 } },
  { hook = "select", given = { wanted = 2, candidates = { {}, {}, {} } }, expect = { 1, 2 } },
  { hook = "select", given = { wanted = 0, candidates = { {} } }, expect = {} },
}

return dial
