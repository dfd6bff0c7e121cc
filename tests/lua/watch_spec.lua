-- The watch over a file system and timers that the spec plays.
describe("a watch", function()
  local timers, listeners, stat, changes

  local function timer()
    local made = { starts = 0 }
    function made:start(_, _, callback)
      self.starts, self.active, self.callback = self.starts + 1, true, callback
    end
    function made:stop()
      self.active = false
    end
    function made:is_active()
      return self.active
    end
    -- The time is over; one that does not repeat is not active then.
    function made:fire(repeats)
      self.active = repeats or false
      self.callback()
    end
    timers[#timers + 1] = made
    return made
  end

  local function fs_event()
    local made = {}
    function made:start(_, _, callback)
      self.tell = callback
      return true
    end
    listeners[#listeners + 1] = made
    return made
  end

  local function save()
    stat.size = stat.size + 1
  end

  local quiet, look

  before_each(function()
    timers, listeners, changes = {}, {}, 0
    stat = { dev = 1, ino = 1, size = 1, type = "directory", mtime = { sec = 1, nsec = 0 },
      ctime = { sec = 1, nsec = 0 } }
    package.loaded.luv = {
      fs_stat = function() return stat end,
      fs_scandir = function() end,
      fs_realpath = function(path) return path end,
    }
    package.loaded["ops.handles"] = { timer = timer, fs_event = fs_event, close = function() end }
    package.loaded["ops.watch"] = nil
    require("ops.watch").new("/etc/luapex/mine.lua", function() changes = changes + 1 end)
    quiet, look = timers[1], timers[2]
  end)

  after_each(function()
    for _, name in ipairs { "luv", "ops.handles", "ops.watch" } do
      package.loaded[name] = nil
    end
  end)

  it("tells a save once, after the quiet time", function()
    save()
    listeners[1].tell(nil, "mine.lua")
    assert.equal(0, changes)
    quiet:fire()
    assert.equal(1, changes)
    look:fire(true)
    assert.equal(1, quiet.starts)
  end)

  it("waits on while there are more writes", function()
    listeners[1].tell(nil, "mine.lua")
    listeners[1].tell(nil, "mine.lua")
    assert.equal(2, quiet.starts)
  end)

  it("does not wait longer because it looks meanwhile", function()
    save()
    listeners[1].tell(nil, "mine.lua")
    look:fire(true)
    assert.equal(1, quiet.starts)
    quiet:fire()
    assert.equal(1, changes)
  end)

  it("finds by looking what nobody told", function()
    save()
    look:fire(true)
    quiet:fire()
    assert.equal(1, changes)
  end)
end)
