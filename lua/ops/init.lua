-- What core/ops/ops.c calls in the operations VM.
local handles = require "ops.handles"
local Watch = require "ops.watch"

local ops = {}
local watches = {}

-- Calls changed() when the policy at path changed. Returns whether changes are told at once.
function ops.watch(path, changed)
  local watch = Watch.new(path, changed)
  watches[#watches + 1] = watch
  return watch:is_listening()
end

function ops.reload()
  for _, watch in ipairs(watches) do
    watch:tell()
  end
end

function ops.close()
  watches = {}
  handles.close_all()
end

function ops.is_closed()
  return handles.count() == 0
end

return ops
