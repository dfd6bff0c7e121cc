-- Every method of the control socket, once: what it takes, what it gives, how it is called. From this
-- table come the checks of the server, `luapex ctl help`, the reference (methods/README.md) and the
-- shell completion.
--
-- A method: {
--   name      "policy.load"; on the command line "policy load"
--   doc       sentences; the first says what it does in one line
--   params    in the order of the command line: { name, type, doc, required, default, min, max, ... };
--             those with `place = true` are words, the others are flags. Types: lua/ops/types.lua
--   result    fields: { name, kind, doc }; a kind that is a table describes the rows of a list, or
--             with `is_object` the fields of one object, with `is_record` those of the journal,
--             with `is_fixed` all columns of a table whatever the rows; a field that `is_hidden`
--             is for programs alone
--   kinds     optional, of `events`: { name, doc } of each kind
--   example   a command line without "luapex ctl", which a test runs
-- }
--
-- Kinds of results: text, integer, number, boolean, time (Unix seconds), age and duration (seconds),
-- bytes, map (numbers, drawn), lines (a text as it is), typed (a number, boolean, text or list, which
-- people see as they would type it), value (anything).
local methods = { list = {}, by_name = {} }

local groups = { "node", "peers", "policy", "book", "bans", "settings", "watching", "repl" }

for _, group in ipairs(groups) do
  for _, method in ipairs(require("ops.methods." .. group)) do
    method.params = method.params or {}
    methods.list[#methods.list + 1] = method
    methods.by_name[method.name] = method
  end
end

-- How many letters must change, up to a few.
local function distance(a, b)
  local previous = {}
  for j = 0, #b do
    previous[j] = j
  end
  for i = 1, #a do
    local current = { [0] = i }
    for j = 1, #b do
      local changed = previous[j - 1] + (a:byte(i) == b:byte(j) and 0 or 1)
      current[j] = math.min(changed, previous[j] + 1, current[j - 1] + 1)
    end
    previous = current
  end
  return previous[#b]
end

-- The method whose name is near to a mistyped one; nil: none is.
function methods.nearest(name)
  if #name > 40 then
    return nil
  end
  local best, best_distance = nil, 3
  for _, method in ipairs(methods.list) do
    local d = distance(name, method.name)
    if d < best_distance then
      best, best_distance = method.name, d
    end
  end
  return best
end

function methods.summary(method)
  return method.doc:match "^(.-%.)%s" or method.doc
end

return methods
