-- The manual pages, from what the program says of itself: luapex(1), luapex-ctl(1), luapex-config(5).
--
--   luajit manual.lua PROGRAM FOLDER
local program, folder = arg[1], arg[2]

local function quoted(text)
  return "'" .. text:gsub("'", "'\\''") .. "'"
end

local function output(words)
  local pipe = assert(io.popen(quoted(program) .. " " .. words))
  local text = pipe:read "*a"
  assert(text ~= "", "luapex " .. words .. " says nothing")
  pipe:close()
  return text
end

local signs = { ["\\"] = "\\e", ["-"] = "\\-", ['"'] = "\\(dq", ["'"] = "\\(aq", ["`"] = "\\(ga",
  ["~"] = "\\(ti", ["^"] = "\\(ha" }

local function escaped(text)
  return (text:gsub(".", signs):gsub("^%.", "\\&."))
end

local Page = {}
Page.__index = Page

local function page(name, section, summary)
  local made = setmetatable({ name = name, section = section, lines = {} }, Page)
  made:put('.TH "%s" %d "" "luapex" "luapex"\n.nh\n.ad l', name:upper(), section)
  made:put(".SH NAME\n%s \\- %s", escaped(name), escaped(summary))
  return made
end

function Page:put(format, ...)
  self.lines[#self.lines + 1] = format:format(...)
end

function Page:write()
  local file = assert(io.open(("%s/%s.%d"):format(folder, self.name, self.section), "w"))
  file:write(table.concat(self.lines, "\n"), "\n")
  assert(file:close())
end

-- ---- a help page ----------------------------------------------------------------------------------

local TEXT_COLUMN = 15 -- where texts of a list begin at the earliest

-- Of a line "  --home DIR   What it is." of a list: its depth, name and text, or the text alone.
local function split_entry(line)
  local indent, rest = line:match "^( +)(.*)$"
  if not indent or #indent >= TEXT_COLUMN then
    return nil, nil, rest
  end
  local name, text = rest:match "^(%S.-)  +(%S.*)$"
  return #indent / 2, name or rest, text
end

function Page:indent(from, to)
  self:put("%s", ((from < to and ".RS\n" or ".RE\n"):rep(math.abs(to - from)):gsub("\n$", "")))
end

-- Lists within lists are indented; what is no list is filled.
function Page:block(block)
  local depth = 1
  self:put ".PP"
  for line in block:gmatch "[^\n]+" do
    local at, name, text = split_entry(line)
    if at and at ~= depth then
      self:indent(depth, at)
      depth = at
    end
    if at then
      self:put(".TP\n.B %s", escaped(name))
    end
    if text or not line:match "^ " then
      self:put("%s", escaped(text or line))
    end
  end
  if depth > 1 then
    self:indent(depth, 1)
  end
end

function Page:example(block)
  self:put ".PP\nExample:"
  for line in block:gmatch "\n *([^\n]+)" do
    self:put(".PP\n.B %s", escaped(line))
  end
end

-- What has a place of its own in a manual: the name, the usage, signals, the exit status.
local left_out = { "^luapex[%l -]*: ", "^Usage: ", "^Signals: ", "^Exit status: " }

local function is_left_out(block)
  for _, pattern in ipairs(left_out) do
    if block:match(pattern) then
      return true
    end
  end
end

function Page:help(text)
  for block in (text .. "\n"):gmatch "(.-)\n\n+" do
    if block:match "^Settings, " then
      self:put(".PP\nSettings are flags too and come before those of config.toml, as in\n"
        .. ".BR \\-\\-p2p.max_num_inbound_peers=80 ;\nsee\n.BR luapex\\-config (5).")
      return
    elseif block:match "^Examples?:" then
      self:example(block)
    elseif not is_left_out(block) then
      self:block(block)
    end
  end
end

local function usage(help_text)
  return (help_text:match "^Usage: (.-)\n\n" or help_text:match "\nUsage: (.-)\n\n"
    or help_text:match "^(luapex ctl .-)\n\n"):gsub("%s+", " ")
end

function Page:synopsis(help_text)
  self:put(".SH SYNOPSIS\n.B %s", escaped(usage(help_text)))
end

-- A command or a method under its usage.
function Page:part(help_text)
  self:put(".SS %s", escaped(usage(help_text)))
  self:help((help_text:gsub("^luapex ctl [^\n]*\n\n", "")))
end

-- "Exit status: 0 done, 1 refused.", over as many lines as it takes.
function Page:exit_status(help_text)
  local entries, told = {}, help_text:match "Exit status: (.*)":gsub("%s+", " ")
  for status, meaning in told:gsub("[,;] (%d )", "\n%1"):gmatch "(%d) ([^\n]+)" do
    entries[#entries + 1] = { status, meaning:gsub("^%l", string.upper):gsub("[. ]+$", "") .. "." }
  end
  self:section_of("EXIT STATUS", entries)
end

-- The first words of a list's entries, of which `pattern` takes what is wanted.
local function names(text, pattern)
  local found = {}
  for line in text:gmatch "[^\n]+" do
    local name = line:match("^  (" .. pattern .. ")%s%s?")
    if name then
      found[#found + 1] = (name:gsub("%s+$", ""))
    end
  end
  return found
end

function Page:section_of(title, entries)
  self:put(".SH %s", title)
  for _, entry in ipairs(entries) do
    self:put(".TP\n.B %s\n%s", escaped(entry[1]), escaped(entry[2]))
  end
end

local files = {
  { "HOME/config/config.toml", "The settings, each explained: luapex-config(5)." },
  { "HOME/config/node_key.json", "The private key, hence the node ID." },
  { "HOME/config/genesis.json", "If there: its chain ID is the network." },
  { "HOME/config/addrbook.json", "The address book for others; one put in its place is merged." },
  { "HOME/data/luapex.db", "What the node knows, written once a second." },
  { "HOME/data/policy/", "Policies that were loaded over the control socket and kept." },
  { "HOME/luapex.sock", "The control socket, for the owner of the home and root." },
}

local control_files = { files[#files] }

local variables = {
  { "LUAPEX_HOME", "The home, if no flag names one." },
  { "LUAPEX_P2P_SEEDS", "A setting by its name in capitals, here [p2p] seeds; flags come first. "
    .. "CMT_ and TM_ in place of LUAPEX_ do as well, as they do for CometBFT." },
}

local control_variables = { variables[1], { "NO_COLOR", "If set: no colours." } }

local signals = {
  { "INT, TERM", "Save and stop." },
  { "HUP", "Load the policy again." },
  { "USR1", "Write HOME/data/metrics.prom." },
}

local function commands()
  local made = page("luapex", 1, "peer-exchange node for Tendermint and CometBFT, steered by Lua")
  local text = output "help"
  made:synopsis(text)
  made:put ".SH DESCRIPTION"
  made:help(text)
  made:put ".SH COMMANDS"
  for _, name in ipairs(names(text, "%l[%l-]+ ?%l*")) do
    if name ~= "help" then
      made:part(output("help " .. name))
    end
  end
  made:section_of("FILES", files)
  made:section_of("ENVIRONMENT", variables)
  made:section_of("SIGNALS", signals)
  made:exit_status(text)
  made:put ".SH SEE ALSO\n.BR luapex\\-ctl (1),\n.BR luapex\\-config (5)"
  made:write()
end

local function methods()
  local made = page("luapex-ctl", 1, "ask and steer a running luapex node")
  local text = output "ctl help"
  made:synopsis(text)
  made:put ".SH DESCRIPTION"
  made:help(text)
  made:put ".SH METHODS"
  for _, name in ipairs(names(text, "%l[%l_]+ ?%l*")) do
    if name ~= "top" then
      made:part(output("ctl help " .. name))
    end
  end
  made:section_of("FILES", control_files)
  made:section_of("ENVIRONMENT", control_variables)
  made:exit_status(text)
  made:put ".SH SEE ALSO\n.BR luapex (1),\n.BR luapex\\-config (5)"
  made:write()
end

-- The comments of a new config.toml, each in front of its key.
local function settings()
  local home = folder .. "/home"
  output(("init --home %s --network example --moniker node"):format(quoted(home)))
  local made, comment = page("luapex-config", 5, "settings of a luapex node"), {}
  made:put ".SH DESCRIPTION\n.I HOME/config/config.toml\nas \\fBluapex init\\fR writes it:"
  for line in io.lines(home .. "/config/config.toml") do
    local section = line:match "^%[([%w_]+)%]$"
    local text = line:match "^# (.*)$"
    if section then
      made:put(".SH [%s]\n%s", section, table.concat(comment, "\n"))
      comment = {}
    elseif line == "" then
      comment = {}
    elseif line:match "^#? ?[%w_]+ = " then
      made:put(".TP\n.B %s\n%s", escaped(line), table.concat(comment, "\n"))
      comment = {}
    elseif text then
      comment[#comment + 1] = escaped(text)
    end
  end
  made:put ".SH SEE ALSO\n.BR luapex (1)"
  made:write()
end

commands()
methods()
settings()
