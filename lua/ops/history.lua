-- Lines that were typed at the prompt before: ~/.luapex_history, which only its owner can read.
--
--   history.path()            nil: there is no home
--   history.read(path) -> lines, oldest first; the file is cut to the newest LINES_MAX
--   history.add(path, line)
--
-- What cannot be read or written is left: a prompt works without.
local uv = require "luv"

local LINES_MAX = 1000
local FILE_MAX = 4 * 1024 * 1024
local MODE = 384 -- 0600

local history = {}

function history.path()
  local home = os.getenv "HOME"
  return home and home ~= "" and home .. "/.luapex_history" or nil
end

local function write(path, flags, text)
  local fd = path and uv.fs_open(path, flags, MODE)
  if fd then
    uv.fs_fchmod(fd, MODE)
    uv.fs_write(fd, text, -1)
    uv.fs_close(fd)
  end
end

function history.read(path)
  local lines, fd = {}, path and uv.fs_open(path, "r", 0)
  if not fd then
    return lines
  end
  local stat = uv.fs_fstat(fd)
  local is_fit = stat and stat.type == "file" and stat.size <= FILE_MAX
  local text = is_fit and uv.fs_read(fd, stat.size, 0) or ""
  uv.fs_close(fd)
  for line in text:gmatch "[^\n]+" do
    lines[#lines + 1] = line
  end
  if #lines > LINES_MAX then
    lines = { unpack(lines, #lines - LINES_MAX + 1) }
    write(path, "w", table.concat(lines, "\n") .. "\n")
  end
  return lines
end

function history.add(path, line)
  if line:find "%S" then
    write(path, "a", line .. "\n")
  end
end

return history
