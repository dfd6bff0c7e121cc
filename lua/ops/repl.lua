-- The prompt of `luapex ctl repl`: lines are typed here and run in the node.
--
--   repl.run(place, arguments, host) -> exit status, or nil and why not
local uv = require "luv"
local clean = require "ops.clean"
local handles = require "ops.handles"
local Editor = require "ops.line_editor"
local history = require "ops.history"
local methods = require "ops.methods"
local Session = require "ops.session"
local Terminal = require "ops.terminal"

local OK, FAILED = 0, 1
local PROMPT, MORE = "luapex> ", "     >> "

local repl = {}

local Repl = {}
Repl.__index = Repl

-- ---- completion ----------------------------------------------------------------------------------

local words = [[and assert bit. break do else elseif end error false for function getmetatable help if
  in ipairs local math. nil not or pairs pcall print rawequal rawget repeat return select setmetatable
  string. table. then tonumber tostring true type unpack until while
  bit.band bit.bnot bit.bor bit.bxor bit.lshift bit.rshift bit.tohex math.abs math.ceil math.exp
  math.floor math.huge math.log math.max math.min math.pi math.sqrt string.byte string.char
  string.find string.format string.len string.lower string.rep string.reverse string.sub
  string.upper table.concat table.insert table.remove table.sort]]

function Repl:candidates(before)
  local typed = before:match "[%w_.]*$"
  local found, seen = {}, {}
  local function try(word)
    local is_deeper = word:find(".", #typed + 1, true)
    if word:sub(1, #typed) == typed and word ~= typed and not seen[word] and (not is_deeper or is_deeper == #word
      or typed:find(".", 1, true)) then
      seen[word] = true
      found[#found + 1] = word
    end
  end
  for word in words:gmatch "%S+" do
    try(word)
  end
  for _, method in ipairs(methods.list) do
    try(method.name)
    local group = method.name:match "^[^.]+%."
    if group then
      try(group)
    end
  end
  for _, name in ipairs(self.names) do
    try(name)
  end
  table.sort(found)
  return found, #typed
end

-- Variables that a line sets can be completed.
function Repl:learn(text)
  for name in text:gmatch "([%a_][%w_]*)%s*=%f[^=]" do
    self.names[#self.names + 1] = name
  end
end

-- ---- the line ------------------------------------------------------------------------------------

function Repl:draw()
  local columns = self.terminal:size()
  local text, at = self.editor:shown(self.pending and MORE or PROMPT, columns)
  self.terminal.write(("\r\27[K%s\r\27[%dC"):format(text, at))
end

function Repl:say(text)
  if text ~= "" then
    self.terminal.write(clean.text(text):gsub("\n?$", "\n"))
  end
end

function Repl:finish(code, message)
  if not self.is_over then
    self.is_over, self.code, self.message = true, code, message
    uv.stop()
  end
end

function Repl:answered(text, result, fault)
  self.is_busy = false
  local data = fault and fault.data or {}
  self.pending = data.more and text or nil
  if result then
    self:say(result.text)
  elseif not data.more then
    self:say(type(data.output) == "string" and data.output or "")
    self:say(fault.message)
  end
  self:draw()
  self:work()
end

function Repl:enter()
  local line = self.editor:take()
  local text = self.pending and self.pending .. "\n" .. line or line
  self.terminal.write "\n"
  if not text:find "%S" then
    return self:draw()
  end
  history.add(self.history_path, line)
  self:learn(line)
  self.is_busy = true
  self.session:ask("repl", { eval = text }, function(result, fault)
    if self.session.is_up then
      self:answered(text, result, fault)
    end
  end)
end

function Repl:list(candidates)
  self.terminal.write("\n" .. table.concat(candidates, "  ") .. "\n")
  self:draw()
end

function Repl:act(key)
  if key == "ctrl-l" then
    self.terminal.write "\27[H\27[2J"
  elseif key == "ctrl-z" then
    return self.terminal:suspend()
  end
  local outcome = self.editor:key(key)
  if outcome == "enter" then
    return self:enter()
  elseif outcome == "end" then
    self.terminal.write "\n"
    return self:finish(OK)
  elseif outcome == "drop" then
    self.pending = nil
    self.terminal.write "^C\n"
  elseif outcome then
    return self:list(outcome)
  end
  self:draw()
end

-- Keys that come while the node answers wait.
function Repl:work()
  while not self.is_busy and not self.is_over and #self.keys > 0 do
    self:act(table.remove(self.keys, 1))
  end
end

-- ---- all -----------------------------------------------------------------------------------------

function Repl:take_terminal(host)
  local function draw()
    self:draw()
  end
  return Terminal.open(host, {
    enter = "",
    leave = "\27[0m\r\27[K",
    key = function(key)
      self.keys[#self.keys + 1] = key
      self:work()
    end,
    resized = draw,
    resumed = draw,
    ended = function(signal)
      self:finish(signal and FAILED or OK)
    end,
  })
end

local function start(self, host)
  local cause
  self.terminal, cause = self:take_terminal(host)
  if not self.terminal then
    return self:finish(FAILED, cause .. "; --eval LUA answers without")
  end
  self:say "Lua in the node; help() says what there is, Ctrl-D leaves."
  self.is_busy = false
  self:draw()
  self:work()
end

function repl.run(place, _, host)
  local self = setmetatable({ keys = {}, names = {}, is_busy = true }, Repl)
  self.history_path = history.path()
  self.editor = Editor.new(history.read(self.history_path), function(before)
    return self:candidates(before)
  end)
  self.session = Session.new(place, {
    up = function()
      start(self, host)
    end,
    down = function(cause)
      self:finish(FAILED, cause)
    end,
  })
  self.session:open()
  uv.run()
  if self.terminal then
    self.terminal:close()
  end
  handles.close_all()
  uv.run()
  if self.message then
    return nil, self.message
  end
  return self.code
end

return repl
