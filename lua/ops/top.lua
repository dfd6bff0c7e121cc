-- `luapex ctl top`: how a node does, on one screen. No I/O.
--
--   top.questions              what is asked for a screen: { method, arguments }
--   top.screen(now, before, size) -> lines
--
-- now and before (nil: the first time): { results of the questions in their order, at = seconds };
-- size: { rows, columns }, and is_coloured.
local methods = require "ops.methods"
local render = require "ops.render"

local top = {}

local EVENTS = 8

top.questions = {
  { "status", {} },
  { "peers", { limit = 100 } },
  { "events", { limit = EVENTS } },
}

-- What grew, a second.
local function rate(now, before, field)
  if not before or now.at <= before.at then
    return 0
  end
  return (now[1].traffic[field] - before[1].traffic[field]) / (now.at - before.at)
end

local function head(now, before)
  local status = now[1]
  local peers, book, policy = status.peers, status.book, status.policy
  local function shown(kind, value)
    return render.value(kind, value)
  end
  return {
    ("%s  %s on %s, %s, up %s"):format(shown("text", status.moniker), status.id:sub(1, 12),
      shown("text", status.network), status.role, shown("duration", status.uptime_s)),
    ("peers   %d of %d outbound, %d of %d inbound, %d dialing, %d in handshake"):format(
      peers.outbound, peers.outbound_max, peers.inbound, peers.inbound_max, peers.dialing,
      peers.handshaking),
    ("book    %d addresses: %d new, %d old; %d bans"):format(book.addresses, book.new, book.old,
      book.bans),
    ("traffic %s/s in, %s/s out; %.1f requests/s, %.1f dials/s, %.1f of them fail"):format(
      shown("bytes", rate(now, before, "bytes_in")), shown("bytes", rate(now, before, "bytes_out")),
      rate(now, before, "requests_received"), rate(now, before, "dials"),
      rate(now, before, "dials_failed")),
    ("policy  %s version %d, %s; %d calls, %d errors"):format(shown("text", policy.name),
      policy.version, policy.hash, policy.calls, policy.errors),
  }
end

local function lines_of(text)
  local lines = {}
  for line in text:gmatch "[^\n]+" do
    lines[#lines + 1] = line
  end
  return lines
end

local function append(lines, more, room)
  for i = 1, math.min(#more, room) do
    lines[#lines + 1] = more[i]
  end
end

-- Cut at so many characters, not within one.
local function cut(text, columns)
  local seen, at = 0, 1
  while at <= #text do
    seen = seen + 1
    if seen > columns then
      return text:sub(1, at - 1)
    end
    at = text:find("[^\128-\191]", at + 1) or #text + 1
  end
  return text
end

function top.screen(now, before, size)
  local lines = head(now, before)
  local columns = methods.by_name.peers.result[1][2]
  local events = {}
  for i, record in ipairs(now[3].events) do
    events[i] = lines_of(render.record(record))[1]
  end
  local room = size.rows - #lines - #events - 4
  lines[#lines + 1] = ""
  append(lines, lines_of(render.list(columns, now[2].peers, "no peers")), room)
  lines[#lines + 1] = ""
  append(lines, events, size.rows - #lines - 1)
  for i, line in ipairs(lines) do
    lines[i] = cut(line, size.columns)
  end
  return lines
end

return top
