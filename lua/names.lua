-- The hooks by name, and what a mistyped name was probably meant to be.

local host = ...

local type, ipairs = type, ipairs

local names = { is_hook = {}, answered_by_core = {} }

for _, name in ipairs(host.hooks) do
  names.is_hook[name] = true
end

-- Hooks whose rule is in the core: no policy needs to have one.
for _, name in ipairs(host.answered_by_core) do
  names.answered_by_core[name] = true
end

-- "; did you mean NAME?" for the nearest of the list `known`, or nothing.
function names.meant(name, known)
  local nearest = type(name) == "string" and host.nearest(name, known)
  return nearest and ("; did you mean %s?"):format(nearest) or ""
end

return names
