-- The node's side of `luapex ctl repl`: a VM for each connection that asks for one.
--
--   evaluators.run(server, client, arguments, done)   the method "repl", see server.lua
--   evaluators.close(client)
local clean = require "ops.clean"
local evaluator = require "ops.evaluator"
local help = require "ops.help"
local json = require "ops.json"
local methods = require "ops.methods"
local reference = require "ops.reference"
local rpc = require "ops.rpc"

local EVALUATORS_MAX = 8

local evaluators = {}
local open, open_n = {}, 0 -- client -> VM

-- What the VM needs to know of the methods.
local function described()
  local list = {}
  for _, method in ipairs(methods.list) do
    local places = {}
    for _, param in ipairs(method.params) do
      if param.place then
        places[#places + 1] = param.name
      end
    end
    if method.name ~= "repl" and method.name ~= "help" then
      list[#list + 1] = { name = method.name, places = places }
    end
  end
  return list
end

local intro = [[
Lua, in the node. Methods are functions; they take words in their order and the rest by name:
  peers()  status().peers  book.find("10.0.0.0/8", { limit = 5 })  ban("10.0.0.1", { duration = "1h" })
An expression is printed; so is print(...). Variables that are not local stay until you leave. There are
assert error ipairs pairs pcall print select tonumber tostring type unpack, and of math, string, table and
bit what policies have. A line may take 20 ms of CPU time and 8 MiB, and print 64 KiB.
help("ban") describes a method. Methods:
]]

local function help_text(name)
  if name == nil then
    local names = {}
    for _, method in ipairs(described()) do
      names[#names + 1] = method.name
    end
    return { text = intro .. "  " .. table.concat(names, " "):gsub("(" .. ("."):rep(90) .. "%S*) ",
      "%1\n  ") .. "\n" }
  end
  local method, cause = reference.find(tostring(name))
  return method and { text = help.page(method) }, cause
end

-- A method from the VM: its result, or nil and why not.
local function call(ask, name, given)
  if name == "help" then
    return help_text(given.method)
  end
  local method = methods.by_name[name]
  local arguments, wrong = rpc.arguments(method, given)
  if not arguments then
    return nil, wrong.message
  elseif arguments.follow then
    return nil, "follow is for luapex ctl events"
  end
  local result, why = nil, name .. " has begun and takes longer than a line may; events tell how it ends"
  ask(method, arguments, function(text, _, message)
    result, why = text and json.decode(text), message
  end)
  return result, why
end

-- ask(method, arguments, done): a method of the socket.
local function evaluator_of(client, ask)
  if open[client] then
    return open[client]
  elseif open_n == EVALUATORS_MAX then
    return nil, ("%d connections have a prompt already"):format(EVALUATORS_MAX)
  end
  local made, why = evaluator.new(described(), function(name, given)
    return call(ask, name, given)
  end)
  if made then
    open[client], open_n = made, open_n + 1
  end
  return made, why
end

function evaluators.run(server, client, arguments, done)
  local vm, cause = evaluator_of(client, function(method, given, told)
    server:run(client, method, given, told)
  end)
  if not vm then
    return done(nil, rpc.REFUSED, cause)
  end
  local outcome, output, why = vm:run(arguments.eval)
  output, why = clean.text(output), why and clean.text(why)
  if outcome == "done" then
    done(json.encode { text = output })
  elseif outcome == "more" then
    done(nil, rpc.REFUSED, output, json.encode { more = true })
  else
    done(nil, rpc.REFUSED, why, json.encode { output = output })
  end
end

function evaluators.close(client)
  if open[client] then
    open[client]:close()
    open[client], open_n = nil, open_n - 1
  end
end

return evaluators
