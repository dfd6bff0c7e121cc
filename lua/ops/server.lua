-- A control socket: where it listens, its clients (server_client.lua), and the methods that are more
-- than one question to the node.
--
--   local server = Server.new(ask, limits)       ask(name, params, done) is the node's side; done is
--                                                called with (text) or (nil, code, message, data);
--                                                limits: how many clients, and strangers
--   local port, cause = server:listen(place)     { path = } or { ip =, port =, admit =, refused = }
--
-- Over TCP admit(token) says whether it is the right one, and refused(address, n) logs who had none
-- (refusals.lua).
local Client = require "ops.server_client"
local Refusals = require "ops.refusals"
local evaluators = require "ops.evaluators"
local gate = require "ops.gate"
local handles = require "ops.handles"
local json = require "ops.json"
local listen = require "ops.listen"
local news = require "ops.news"
local reference = require "ops.reference"
local rpc = require "ops.rpc"

local FOLLOW_MS = 200 -- between two looks for events
local FOLLOW_MAX = 100 -- events of one look; who follows is told how many more there were

local Server = {}
Server.__index = Server

-- ---- methods of its own -------------------------------------------------------------------------

local own = { repl = evaluators.run }

function own.help(_, _, arguments, done)
  local text, fault = reference.json(arguments.method)
  done(text, rpc.INVALID_PARAMS, fault)
end

function own.events(server, client, arguments, done)
  local asked = { filter = arguments.filter, decisions = arguments.decisions,
    limit = arguments.limit, after = arguments.after }
  server:ask_lines(asked, function(text, code, message, data)
    if not text then
      return done(nil, code, message, data)
    end
    local last, _, lines, filter = news.read(text)
    done(('{"events":[%s],"last":%.0f}'):format(table.concat(lines, ","), last))
    if arguments.follow and client.is_open then
      asked.filter = filter ~= "" and filter or nil
      asked.after, asked.limit = last, FOLLOW_MAX
      client.follows = asked
      server:watch()
    end
  end)
end

function Server:run(client, method, arguments, done)
  if own[method.name] then
    own[method.name](self, client, arguments, done)
  else
    self:ask_node(method.name, arguments, done)
  end
end

function Server:ask_node(name, arguments, done)
  local ok, known = pcall(self.ask, name, json.encode(arguments), done)
  if not ok then
    done(nil, rpc.INTERNAL, "arguments that the node cannot read: " .. tostring(known))
  elseif not known then
    done(nil, rpc.NO_METHOD, ("this node does not serve %s"):format(name))
  end
end

function Server:ask_lines(asked, done)
  self:ask_node("event lines", asked, done)
end

-- ---- followers of events -----------------------------------------------------------------------

-- Those who follow with the same filter from the same event are told the same, made once.
function Server:look()
  local told, followers = {}, 0
  for client in pairs(self.clients) do
    local asked = client.follows
    if asked then
      followers = followers + 1
      local key = ("%s|%s|%.0f"):format(asked.filter, tostring(asked.decisions), asked.after)
      if not told[key] then
        self:ask_lines(asked, function(text)
          told[key] = news.notifications(text or ("%.0f 0 \n"):format(asked.after))
        end)
      end
      client:tell(told[key])
    end
  end
  if followers == 0 then
    self.looking:stop()
  end
end

function Server:watch()
  if not self.looking:is_active() then
    self.looking:start(FOLLOW_MS, FOLLOW_MS, function()
      self:look()
    end)
  end
end

-- ---- clients ------------------------------------------------------------------------------------

-- True: there was no room for it, and it was told so.
function Server:turns_away(client)
  local is_full = self.clients_n > self.limits.clients
  if is_full then
    client:dismiss(("%d clients are connected already"):format(self.limits.clients))
  end
  return is_full
end

-- Of too many strangers the one that came first goes, so that silent ones keep nobody out.
function Server:make_way()
  local n, first = 0, nil
  for client in pairs(self.clients) do
    if client.admit and not client.is_leaving then
      n = n + 1
      first = (not first or client.number < first.number) and client or first
    end
  end
  if n > self.limits.strangers then
    first:dismiss(gate.DISPLACED)
  end
end

function Server:accept(stream, admit)
  local client = Client.new(self, stream, admit)
  self.clients[client] = true
  client:count(1)
  if admit then
    self.accepted = self.accepted + 1
    client.number = self.accepted
    client:meet()
    self:make_way()
  elseif self:turns_away(client) then
    return
  end
  client:read()
end

function Server:refused(address)
  self.refusals:note(address)
end

function Server:listen(place)
  local listener, port = listen.at(place, function(stream)
    self:accept(stream, place.admit)
  end)
  if not listener then
    return nil, port
  end
  self.listeners[#self.listeners + 1] = listener
  if place.refused then
    self.refusals = Refusals.new(place.refused, handles.timer())
  end
  return port
end

function Server:close()
  for _, listener in ipairs(self.listeners) do
    handles.close(listener)
  end
  handles.close(self.looking)
  if self.refusals then
    self.refusals:finish()
    handles.close(self.refusals.timer)
  end
  for client in pairs(self.clients) do
    client:close()
  end
end

function Server.new(ask, limits)
  return setmetatable({ ask = ask, limits = limits, listeners = {}, clients = {}, clients_n = 0,
    accepted = 0, looking = handles.timer() }, Server)
end

return Server
