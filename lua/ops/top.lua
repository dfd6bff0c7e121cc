-- `luapex ctl top`: what a node does, on a full screen, again and again; or one frame as text.
--
--   top.run(place, arguments, host) -> exit status, or nil and why not
--
-- Asks over one connection that lasts. A node that is gone is waited for; one that refuses the token
-- is not.
local uv = require "luv"
local handles = require "ops.handles"
local output = require "ops.output"
local render = require "ops.render"
local Screen = require "ops.screen"
local Session = require "ops.session"
local Terminal = require "ops.terminal"
local top_state = require "ops.top_state"
local view = require "ops.top_view"

local OK, FAILED = 0, 1
local RETRY_MS = 500 -- until the node is looked for again
local ANSWER_MS = 30000
local EVENTS_FIRST, EVENTS_MORE = 100, 300

local top = {}

local Top = {}
Top.__index = Top

local function now()
  return uv.hrtime() / 1e9
end

-- What is asked in one round, all at once.
local function questions(state)
  return {
    { "status", {} },
    { "peers", { limit = 10000 } },
    { "book", {} },
    { "policy", {} },
    { "events", { after = state.last_event, limit = state.last_event > 0 and EVENTS_MORE
      or EVENTS_FIRST } },
  }
end

function Top:finish(code, message)
  if not self.is_over then
    self.is_over, self.code, self.message = true, code, message
    uv.stop()
  end
end

function Top:ask_all()
  local answers, open = {}, 0
  for _, question in ipairs(questions(self.state)) do
    local name = question[1]
    open = open + 1
    self.session:ask(name, question[2], function(result, fault)
      open = open - 1
      answers[name] = result
      answers.fault = answers.fault or fault and fault.message
      if open == 0 then
        self:answered(answers)
      end
    end)
  end
  self.is_asking = true
  self.state.asked_at = now()
end

function Top:asks_no_more()
  self.is_asking, self.state.asked_at = false, nil
end

function Top:answered(answers)
  self:asks_no_more()
  if answers.fault then
    return self.session.is_up and self:finish(FAILED, answers.fault)
  end
  top_state.take(self.state, answers, now())
  self.on_frame()
end

function Top:tick()
  if self.session.is_up and not self.is_asking and not self.state.is_paused then
    self:ask_all()
  end
end

function Top:connect()
  self.session = Session.new(self.place, {
    up = function()
      self:tick()
    end,
    down = function(cause, refused)
      self:asks_no_more()
      self.on_down(cause, refused)
    end,
  })
  self.session:open()
end

local function new_top(place, arguments)
  return setmetatable({ place = place, interval_ms = math.floor(arguments.interval * 1000),
    state = top_state.new(arguments.interval) }, Top)
end

local function run_loop(self)
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

-- ---- one frame ---------------------------------------------------------------------------------

-- Rates need two looks, an interval apart.
local function once(self)
  local looks = 0
  function self.on_frame()
    looks = looks + 1
    if looks == 2 then
      output.say(view.text(self.state))
      self:finish(OK)
    end
  end
  function self.on_down(cause)
    self:finish(FAILED, cause)
  end
  self:connect()
  handles.timer():start(self.interval_ms, self.interval_ms, function()
    self:tick()
  end)
  handles.timer():start(ANSWER_MS + 2 * self.interval_ms, 0, function()
    self:finish(FAILED, ("no answer within %d s"):format(ANSWER_MS / 1000))
  end)
  return run_loop(self)
end

-- ---- the screen --------------------------------------------------------------------------------

function Top:draw()
  local columns, rows = self.terminal:size()
  self.screen:draw(view.lines(self.state, columns, rows), columns)
end

-- A process that hangs keeps its socket.
function Top:tell_late()
  local waited = top_state.late(self.state, now())
  if waited then
    self.state.trouble = ("no answer for %s; the process hangs, or is busy"):format(
      render.duration(math.floor(waited)))
    self:draw()
  end
end

function Top:redraw()
  self.screen:forget()
  self:draw()
end

local acts = {}

function acts.q(self)
  self:finish(OK)
end
acts["ctrl-c"] = acts.q

function acts.h(self)
  self.state.shows_help = not self.state.shows_help
end
acts["?"] = acts.h

function acts.p(self)
  self.state.is_paused = not self.state.is_paused
  self:tick()
end

function acts.s(self)
  top_state.sort_by_next(self.state)
end

function acts.r(self)
  self.state.is_reversed = not self.state.is_reversed
end

acts["ctrl-l"] = function(self)
  self.screen:forget()
end

acts["ctrl-z"] = function(self)
  self.terminal:suspend()
end

local steps = { up = -1, down = 1, ["page up"] = "up", ["page down"] = "down", home = -1e9,
  ["end"] = 1e9 }

function Top:on_key(key)
  local step = steps[key]
  if step then
    local page = math.max(1, (self.state.rows_shown or 1) - 1)
    step = step == "up" and -page or step == "down" and page or step
    self.state.scroll = math.max(0, self.state.scroll + step)
  elseif acts[key] then
    acts[key](self)
  elseif self.state.shows_help then
    self.state.shows_help = false
  else
    return
  end
  if not self.is_over then
    self:draw()
  end
end

function Top:take_terminal(host)
  local terminal, cause = Terminal.open(host, {
    enter = Screen.ENTER,
    leave = Screen.LEAVE,
    key = function(key)
      self:on_key(key)
    end,
    resized = function()
      self:redraw()
    end,
    resumed = function()
      self:redraw()
    end,
    ended = function(signal)
      self:finish(signal and FAILED or OK)
    end,
  })
  if not terminal then
    return nil, cause .. "; --once prints one frame without"
  end
  self.terminal = terminal
  self.screen = Screen.new(terminal.write)
  return true
end

local function live(self, host)
  local taken, cause = self:take_terminal(host)
  if not taken then
    return nil, cause
  end
  local retry = handles.timer()
  function self.on_frame()
    self.state.trouble = nil
    self:draw()
  end
  function self.on_down(trouble, refused)
    if refused then
      return self:finish(FAILED, trouble)
    end
    self.state.trouble = "not running, waiting: " .. trouble
    self:draw()
    retry:start(RETRY_MS, 0, function()
      self.session:open()
    end)
  end
  self:draw()
  self:connect()
  handles.timer():start(self.interval_ms, self.interval_ms, function()
    self:tick()
    self:tell_late()
  end)
  return run_loop(self)
end

function top.run(place, arguments, host)
  local self = new_top(place, arguments)
  if arguments.once then
    return once(self)
  end
  return live(self, host)
end

return top
