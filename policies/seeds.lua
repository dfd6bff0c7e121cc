-- Which seeds to try when nothing else can be dialed: all that may be dialed now, in random order
-- (R58), so that no seed serves everybody.
local seeds = {}

function seeds.seeds(view)
  local order = {}
  for i = 1, #view.seeds do
    local place = math.random(i)
    order[i] = order[place]
    order[place] = i
  end
  return order
end

seeds.examples = {
  { hook = "seeds", given = {}, expect = {} },
  { hook = "seeds", given = { seeds = { {} } }, expect = { 1 } },
}

return seeds
