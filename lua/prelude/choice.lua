-- Helpers in `pex` for policies.

local host = ...

local type, error = type, error

local choice = { in_cidr = host.in_cidr }

-- x, but not below low and not above high.
function choice.clamp(x, low, high)
  return x < low and low or x > high and high or x
end

-- What is left of 1 after age_s, if half of it goes every half_life_s.
function choice.decay(age_s, half_life_s)
  return 0.5 ^ (age_s / half_life_s)
end

-- x changed by up to `fraction` of it in either direction.
function choice.jitter(x, fraction)
  return x * (1 + fraction * (2 * host.random() - 1))
end

-- An index of `weights`, drawn with these weights; nil if none is above 0.
function choice.weighted(weights)
  local sum = 0
  for i = 1, #weights do
    local weight = weights[i]
    if type(weight) ~= "number" or not (weight >= 0 and weight < 1e300) then
      error(("pex.weighted: weight %d is not a number from 0"):format(i), 2)
    end
    sum = sum + weight
  end
  local point, last = host.random() * sum, nil
  for i = 1, #weights do
    if weights[i] > 0 then
      last = i
      point = point - weights[i]
      if point < 0 then
        break
      end
    end
  end
  return last
end

return choice
