-- How much to prefer addresses nobody has vetted yet: little while we have no peers, because
-- vetted addresses get us connected; much once we do, because then we can afford to explore (R43).
local bias = {}

local DRAWS_PER_PEER = 3 -- draws for each wanted peer (R44)
local DRAW_MAX = 1024

function bias.bias(view)
  return {
    new_percent = math.min(view.outbound, 8) * 10 + 10,
    draw = pex.clamp(DRAWS_PER_PEER * view.wanted, 1, DRAW_MAX),
  }
end

bias.examples = {
  { hook = "bias", given = { outbound = 0, wanted = 10 }, expect = { new_percent = 10, draw = 30 } },
  { hook = "bias", given = { outbound = 3, wanted = 7 }, expect = { new_percent = 40, draw = 21 } },
  { hook = "bias", given = { outbound = 8 }, expect = { new_percent = 90 } },
  { hook = "bias", given = { outbound = 40 }, expect = { new_percent = 90 } },
  { hook = "bias", given = { wanted = 0 }, expect = { draw = 1 } },
  { hook = "bias", given = { wanted = 900 }, expect = { draw = 1024 } },
}

return bias
