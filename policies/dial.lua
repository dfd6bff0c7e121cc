-- Which of the drawn candidates to dial: in the order they were drawn, as many as are wanted, but
-- none that must still wait after a failure (R44, F14).
local dial = {}

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
  { hook = "select", given = {}, expect = {} },
  { hook = "select", given = { candidates = { {}, { retry_in_s = 2.5 }, {} } }, expect = { 1, 3 } },
  { hook = "select", given = { wanted = 2, candidates = { {}, {}, {} } }, expect = { 1, 2 } },
  { hook = "select", given = { wanted = 0, candidates = { {} } }, expect = {} },
}

return dial
