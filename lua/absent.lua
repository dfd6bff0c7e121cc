-- What policies left behind that do not run now: their state and the parameters that were set, as
-- text, by policy. The oldest go when there are too many.

local host = ...

local remove, ipairs = table.remove, ipairs

local POLICIES_MAX = 16

local absent = {}

-- max: bytes of all texts.
function absent.new(max)
  local parts, size = {}, 0 -- { name =, text = }, the oldest first
  local self = { parts = parts }

  -- The text of a policy, which is absent no longer; or nil.
  function self.take(name)
    for i, part in ipairs(parts) do
      if part.name == name then
        remove(parts, i)
        size = size - #part.text
        return part.text
      end
    end
  end

  function self.put(name, text)
    self.take(name)
    parts[#parts + 1] = { name = name, text = text }
    size = size + #text
    while size > max or #parts > POLICIES_MAX do
      local oldest = remove(parts, 1)
      size = size - #oldest.text
      host.log(("state and parameters of the policy %s are forgotten: too much is kept of policies "
        .. "that do not run"):format(oldest.name))
    end
  end

  return self
end

return absent
