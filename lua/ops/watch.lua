-- Watches a policy: its file and the .lua files beside it.
--
--   local watch = Watch.new(path, changed)   changed() is called after QUIET_MS without a change
--   watch:tell()                             calls changed() now
--   watch:close()                            for good
--
-- libuv tells what happens in the file's folder, and in the folder that it really lies in when it is
-- a symbolic link. Whatever is told, `changed` is called only if the files are not what they were, so
-- an editor's backup files and a save in three steps cost nothing. Every LOOK_MS the watch looks for
-- itself: that finds a folder which was replaced or came back, a link that was swapped further up,
-- and changes on file systems that tell nothing.
local uv = require "luv"
local handles = require "ops.handles"

local QUIET_MS = 150
local LOOK_MS = 2000

local Watch = {}
Watch.__index = Watch

local function folder_of(path)
  local folder = path:match "^(.*)/[^/]*$"
  return folder == "" and "/" or folder or "."
end

-- What changes when the file does; "-" when there is none.
local function stamp(path)
  local stat = uv.fs_stat(path)
  if not stat then
    return "-"
  end
  return ("%d:%d:%d:%d.%09d:%d.%09d"):format(stat.dev, stat.ino, stat.size, stat.mtime.sec,
    stat.mtime.nsec, stat.ctime.sec, stat.ctime.nsec)
end

local function lua_files(folder)
  local names = {}
  local scan = uv.fs_scandir(folder)
  while scan do
    local name = uv.fs_scandir_next(scan)
    if not name then
      break
    elseif name:find "%.lua$" then
      names[#names + 1] = name
    end
  end
  table.sort(names)
  return names
end

local function stamp_all(path)
  local folder = folder_of(path)
  local stamps = { stamp(path) }
  for _, name in ipairs(lua_files(folder)) do
    stamps[#stamps + 1] = name .. "=" .. stamp(folder .. "/" .. name)
  end
  return table.concat(stamps, "\n")
end

-- Which folder it is, whatever happens inside.
local function identity(folder)
  local stat = uv.fs_stat(folder)
  return stat and stat.type == "directory" and ("%d:%d"):format(stat.dev, stat.ino)
end

function Watch.new(path, changed)
  local watch = setmetatable({
    path = path,
    changed = changed,
    listeners = {}, -- folder -> { handle, identity }
    quiet = handles.timer(),
    look = handles.timer(),
  }, Watch)
  watch:listen()
  watch.seen, watch.seen_file = stamp_all(path), stamp(path)
  watch.look:start(LOOK_MS, LOOK_MS, function()
    watch:look_again()
  end)
  return watch
end

function Watch:wait_for_quiet()
  self.quiet:start(QUIET_MS, 0, function()
    self:compare()
  end)
end

-- Listens to the folders that matter now, and no more to others. Returns whether anything was new.
function Watch:listen()
  local wanted = {}
  for _, folder in ipairs { folder_of(self.path), folder_of(uv.fs_realpath(self.path) or self.path) } do
    wanted[folder] = identity(folder) or nil
  end
  for folder, listener in pairs(self.listeners) do
    if wanted[folder] ~= listener.identity then
      handles.close(listener.handle)
      self.listeners[folder] = nil
    end
  end
  local is_new = false
  for folder, id in pairs(wanted) do
    if not self.listeners[folder] then
      is_new = self:listen_to(folder, id) or is_new
    end
  end
  return is_new
end

function Watch:listen_to(folder, id)
  local handle = handles.fs_event()
  local started = handle:start(folder, {}, function(_, name)
    if not name or name:find "%.lua$" or not identity(folder) then
      self:wait_for_quiet()
    end
  end)
  if not started then
    handles.close(handle)
    return false
  end
  self.listeners[folder] = { handle = handle, identity = id }
  return true
end

function Watch:look_again()
  local is_new = self:listen()
  if self.quiet:is_active() then
    return -- a look is no change: the quiet time ends when it would
  end
  if is_new or stamp(self.path) ~= self.seen_file then
    self:wait_for_quiet()
  end
end

function Watch:compare()
  self:listen()
  if stamp_all(self.path) ~= self.seen then
    self:tell()
  end
end

function Watch:tell()
  self.quiet:stop()
  self.seen, self.seen_file = stamp_all(self.path), stamp(self.path)
  self.changed()
end

-- Nothing is told from here on.
function Watch:close()
  for _, listener in pairs(self.listeners) do
    handles.close(listener.handle)
  end
  handles.close(self.quiet)
  handles.close(self.look)
end

-- Whether changes are told at once, not only found every LOOK_MS.
function Watch:is_listening()
  return self.listeners[folder_of(self.path)] ~= nil
end

return Watch
