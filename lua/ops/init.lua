-- What core/ops/ops.c calls in the operations VM.
local handles = require "ops.handles"
local Server = require "ops.server"
local Watch = require "ops.watch"

local ops = {}
local watches = {} -- key of the node's side -> watch
local servers = {} -- key of the node's side -> server

-- Calls changed() when the policy at path changed. Returns whether changes are told at once.
function ops.watch(key, path, changed)
  local watch = Watch.new(path, changed)
  watches[key] = watch
  return watch:is_listening()
end

function ops.unwatch(key)
  if watches[key] then
    watches[key]:close()
    watches[key] = nil
  end
end

-- Serves the methods at a place, as server.lua has it. Its port (0: it has none), or nil and why not.
function ops.control(key, ask, limits, place)
  servers[key] = servers[key] or Server.new(ask, limits)
  return servers[key]:listen(place)
end

function ops.control_close(key)
  if servers[key] then
    servers[key]:close()
    servers[key] = nil
  end
end

function ops.close()
  servers = {}
  watches = {}
  handles.close_all()
end

function ops.is_closed()
  return handles.count() == 0
end

return ops
