-- The screen of `luapex ctl top`, made of its state. No I/O.
--
--   view.lines(state, columns, rows) -> { { text, style }, ... }, at most `rows`
--   view.text(state) -> all of it as plain text, as wide as it needs to be
--
-- `state` is told how many peers fit (rows_shown), and scrolled back to where there are some.
local clean = require "ops.clean"
local journal = require "ops.journal"
local render = require "ops.render"
local top_state = require "ops.top_state"

local view = {}

local BAR = 10
local NARROW = 80 -- with fewer columns what matters most comes first, and IDs are short
local ID_SHOWN = 12
local EVENTS_TEXT = 20

local function number(n)
  local text = ("%.0f"):format(n)
  return (text:reverse():gsub("(%d%d%d)", "%1,"):reverse():gsub("^,", ""))
end

local function per_second(n, show)
  if not n then
    return "-"
  end
  return (show and show(n) or ("%.1f"):format(n)) .. "/s"
end

local function bar(n, max)
  local full = max > 0 and math.min(BAR, math.floor(n * BAR / max)) or 0
  return "[" .. ("#"):rep(full) .. ("."):rep(BAR - full) .. "]"
end

-- ---- the parts -----------------------------------------------------------------------------------

local function headline(state, columns)
  local left = ("luapex top  every %s"):format(render.duration(state.interval))
  if state.is_paused then
    left = left .. "  PAUSED (p goes on)"
  end
  local right = "q quit  h help "
  return { left .. (" "):rep(columns - #left - #right) .. right, "title" }
end

local function is_narrow(columns)
  return columns ~= nil and columns < NARROW
end

local function short_id(id)
  return clean.ascii(id):sub(1, ID_SHOWN)
end

local function node_line(status, columns)
  local network, role = clean.line(status.network), clean.line(status.role)
  local up, software = render.duration(status.uptime_s), clean.line(status.software)
  if is_narrow(columns) then
    return { ("%s %s  up %s  %s  %s"):format(role, short_id(status.id), up, network, software), "strong" }
  end
  return { ("%s  %s %s  up %s  %s"):format(network, role, clean.line(status.id), up, software), "strong" }
end

local function policy_line(status, policy, columns)
  local rules = ("%s v%.0f %s"):format(clean.line(policy.name), policy.version, clean.line(policy.hash))
  local calls, errors = number(status.policy.calls), number(status.policy.errors)
  if is_narrow(columns) then
    return { ("policy   errors %s  calls %s  %s"):format(errors, calls, rules) }
  end
  return { ("policy   %s  calls %s  errors %s"):format(rules, calls, errors) }
end

local function node_lines(state, columns)
  local status, policy = state.now.status, state.now.policy
  local shadow, refused = status.policy.shadow, status.policy.refused
  local lines = { node_line(status, columns), policy_line(status, policy, columns) }
  if type(shadow) == "string" then
    lines[#lines + 1] = { "shadow   " .. clean.line(shadow) }
  end
  if type(refused) == "string" then
    lines[#lines + 1] = { "refused  " .. clean.line(refused), "bad" }
  end
  return lines
end

local function count_lines(state, columns)
  local peers, rate = state.now.status.peers, function(name, show)
    return per_second(top_state.rate(state, name), show)
  end
  local of = is_narrow(columns) and "/" or " of "
  return {
    { ("peers    out %d%s%d  in %d%s%d  dialing %d  handshaking %d"):format(peers.outbound, of,
      peers.outbound_max, peers.inbound, of, peers.inbound_max, peers.dialing, peers.handshaking) },
    { ("rates    dials %s (failed %s)  requests in %s out %s"):format(rate "dials",
      rate "dials_failed", rate "requests_received", rate "requests_sent") },
    { ("traffic  lists in %s out %s  bytes in %s out %s"):format(rate "lists_received",
      rate "lists_sent", rate("bytes_in", render.bytes), rate("bytes_out", render.bytes)) },
  }
end

local function book_lines(state)
  local book = state.now.book
  local function side(name)
    local of = book[name]
    local room = of.buckets * of.bucket_size
    return ("%s %s %s of %s"):format(name, bar(of.addresses, room), number(of.addresses),
      number(room))
  end
  local lines = { { ("book     %s  %s  bans %s"):format(side "new", side "old", number(book.bans)) } }
  local not_stored = state.now.status.not_stored
  if type(not_stored) == "table" then
    lines[2] = { ("         not stored since %s: %s"):format(
      render.value("time", not_stored.since), clean.line(not_stored.why)), "bad" }
  end
  return lines
end

-- { title, width, value(peer), is_right, order: what it is sorted by }
local peer_columns = {
  { "DIR", 3, function(peer)
    return peer.direction == "outbound" and "out" or "in"
  end, false, "direction" },
  { "ADDRESS", 21, function(peer)
    return clean.ascii(peer.addr)
  end, false, "addr" },
  { "UPTIME", 7, function(peer)
    return render.duration(peer.uptime_s)
  end, true, "uptime_s" },
  { "RTT ms", 7, function(peer)
    return peer.rtt_ms and ("%.0f"):format(peer.rtt_ms) or "-"
  end, true, "rtt_ms" },
  { "USEFUL", 7, function(peer)
    return number(peer.useful)
  end, true, "useful" },
  { "ID", 12, function(peer)
    return short_id(peer.id)
  end },
  { "VERSION", 20, function(peer)
    return peer.version .. (peer.flags ~= "" and "  " .. clean.ascii(peer.flags) or "")
  end, false, "version" },
}

local ID_COLUMN, ID_NARROW = 6, 3
local narrow_columns = { unpack(peer_columns) }
table.insert(narrow_columns, ID_NARROW, table.remove(narrow_columns, ID_COLUMN))

local function peer_title(state, shown)
  local order, texts = top_state.orders[state.order], {}
  for i, column in ipairs(shown) do
    local text = column[1]
    if column[5] == order then
      text = text .. (state.is_reversed and "-" or "+")
    end
    texts[i] = clean.padded(text, column[2], column[4])
  end
  return { table.concat(texts, "  "), "title" }
end

local function peer_line(peer, shown)
  local texts = {}
  for i, column in ipairs(shown) do
    texts[i] = clean.padded(column[3](peer), column[2], column[4])
  end
  return { (table.concat(texts, "  "):gsub("%s+$", "")) }
end

local function peer_lines(state, rows, columns)
  local peers = top_state.sorted(state)
  local shown_columns = is_narrow(columns) and narrow_columns or peer_columns
  local shown = math.max(0, rows - 1)
  state.rows_shown = shown
  state.scroll = math.min(state.scroll, math.max(0, #peers - shown))
  local lines = { peer_title(state, shown_columns) }
  for i = state.scroll + 1, math.min(#peers, state.scroll + shown) do
    lines[#lines + 1] = peer_line(peers[i], shown_columns)
  end
  return lines
end

local HOOK = "%-14s %10s %9s %8s %9s %9s %9s"

local function hook_lines(state)
  local lines = { { HOOK:format("POLICY", "calls", "a second", "errors", "mean us", "max us",
    "ms/s"), "title" } }
  for _, hook in ipairs(state.now.policy.hooks) do
    if hook.calls > 0 then
      local calls, used = top_state.hook_rates(state, hook)
      lines[#lines + 1] = { HOOK:format(clean.line(hook.hook), number(hook.calls),
        calls and ("%.1f"):format(calls) or "-", number(hook.errors),
        ("%.1f"):format(hook.mean_us), ("%.1f"):format(hook.max_us),
        used and ("%.2f"):format(used) or "-"), hook.fallen_back and "bad" or nil }
    end
  end
  return lines
end

-- The first of them, and how many there are besides.
local function hooks_in(state, rows)
  local lines = hook_lines(state)
  if #lines > rows then
    lines[rows] = { ("and %d more hooks"):format(#lines - rows + 1), "dim" }
  end
  return lines
end

local event_fields = { "address", "direction", "count" }
local is_goodbye = { graceful = true, served = true, stopping = true }

local function kind(event)
  return clean.ascii(tostring(event.event or event.hook))
end

local function is_bad(event)
  return event.error and not is_goodbye[event.error] or kind(event):find "refused$" ~= nil
end

-- Why comes before what a narrow screen cuts.
local function event_line(event, widest)
  local texts = { os.date("%H:%M:%S", math.floor(event.time)), clean.padded(kind(event), widest) }
  if type(event.peer) == "string" then
    texts[3] = short_id(event.peer)
  end
  texts[#texts + 1] = clean.ascii(journal.cause(event) or "")
  for _, name in ipairs(event_fields) do
    if event[name] ~= nil then
      texts[#texts + 1] = ("%s=%s"):format(name, clean.ascii(tostring(event[name])))
    end
  end
  return { table.concat(texts, " "), is_bad(event) and "bad" or nil }
end

local function event_lines(state, rows)
  local lines, events, widest = { { "EVENTS", "title" } }, state.events, 0
  local first = math.max(1, #events - rows + 2)
  for i = first, #events do
    widest = math.max(widest, #kind(events[i]))
  end
  for i = first, #events do
    lines[#lines + 1] = event_line(events[i], widest)
  end
  return lines
end

local help = {
  "", "  q, Ctrl-C              quit", "  up, down, PgUp, PgDn   scroll the peers; Home, End",
  "  s                      sort by the next column: + marks it", "  r                      reverse",
  "  p                      pause, go on", "  h, ?                   this help",
  "  Ctrl-L                 draw all again", "  Ctrl-Z                 suspend", "",
  "  useful: addresses that the peer told and that were new.",
  "  ms/s: milliseconds of each second that the policy's hook ran.",
  "  new, old: entries of the book, of as many as it has room for.", "",
  "  Any other key goes back.",
}

-- ---- all -----------------------------------------------------------------------------------------

local function append(lines, more, max)
  for i = 1, math.min(#more, max or #more) do
    lines[#lines + 1] = more[i]
  end
end

local function summary(state, columns)
  local lines = { headline(state, columns) }
  if state.trouble then
    lines[2] = { clean.line(state.trouble), "bad" }
  end
  if state.now then
    for _, part in ipairs { node_lines, count_lines, book_lines } do
      append(lines, part(state, columns))
    end
  elseif not state.trouble then
    lines[2] = { "asking the node" }
  end
  return lines
end

-- A third of what is left goes to the events and at most a third to the hooks; without room for
-- three lines of each there are none.
local function shares(state, left)
  local third = math.floor(left / 3)
  if third < 3 then
    return left, 0, 0
  end
  local hooks = math.min(third, #hook_lines(state))
  return left - hooks - third, hooks, third
end

local function help_lines(state, columns, rows)
  local lines = { headline(state, columns) }
  for i = 1, math.min(#help, rows - 1) do
    lines[i + 1] = { help[i] }
  end
  return lines
end

-- What a node that is gone said last.
local function dimmed(lines)
  for _, line in ipairs(lines) do
    if line[2] ~= "title" and line[2] ~= "bad" then
      line[2] = "dim"
    end
  end
end

function view.lines(state, columns, rows)
  if state.shows_help then
    return help_lines(state, columns, rows)
  end
  local lines = summary(state, columns)
  if state.now and rows > #lines then
    local peers, hooks, events = shares(state, rows - #lines)
    local top_rows = #lines + peers
    append(lines, peer_lines(state, peers, columns))
    for row = #lines + 1, top_rows do
      lines[row] = { "" }
    end
    append(lines, hooks_in(state, hooks), hooks)
    append(lines, event_lines(state, events), events)
  end
  for row = #lines, rows + 1, -1 do
    lines[row] = nil
  end
  if state.trouble then
    dimmed(lines)
  end
  return lines
end

function view.text(state)
  local texts = {}
  local function add(lines)
    for _, line in ipairs(lines) do
      texts[#texts + 1] = (line[1]:gsub("%s+$", ""))
    end
  end
  add(node_lines(state))
  add(count_lines(state))
  add(book_lines(state))
  add { { "" } }
  add(peer_lines(state, #state.now.peers + 1))
  add { { "" } }
  add(hook_lines(state))
  add { { "" } }
  add(event_lines(state, EVENTS_TEXT + 1))
  return table.concat(texts, "\n") .. "\n"
end

return view
