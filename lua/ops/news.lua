-- The node's lines of events, as the function "event lines" gives them: a line with the number of the
-- newest event, how many were left out and the filter with whole IDs, then a line for each event. No
-- I/O.
--
--   news.read(text) -> last, left_out, lines, filter
--   news.notifications(text) -> { last, lines }   what followers are sent, in one piece
local rpc = require "ops.rpc"

local news = {}

function news.read(text)
  local last, left_out, filter, rest = text:match "^(%d+) (%d+) ([^\n]*)\n(.*)$"
  local lines = {}
  for line in rest:gmatch "[^\n]+" do
    lines[#lines + 1] = line
  end
  return tonumber(last), tonumber(left_out), lines, filter
end

function news.notifications(text)
  local last, left_out, lines = news.read(text)
  for i, line in ipairs(lines) do
    lines[i] = rpc.notification_line("event", line)
  end
  if left_out > 0 then
    table.insert(lines, 1, rpc.notification_line("lost", ('{"events":%d}'):format(left_out)))
  end
  return { last = last, lines = table.concat(lines) }
end

return news
