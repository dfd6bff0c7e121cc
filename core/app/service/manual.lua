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

local function escaped(text)
  return (text:gsub("\\", "\\e"):gsub("%-", "\\-"):gsub('"', "\\(dq"):gsub("^[.']", "\\&%0"))
end

local Page = {}
Page.__index = Page

local function page(name, section, summary)
  local made = setmetatable({ name = name, section = section, lines = {} }, Page)
  made:put('.TH "%s" %d "" "luapex" "luapex"', name:upper(), section)
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

-- An entry "  --home DIR   What it is." of a list.
local function split_entry(line)
  local left, text = line:match "^  +(%S.-)  +(%S.*)$"
  return left or line:match "^  (%S.*)$", text
end

-- A help page: lists become entries, everything else stays as it is laid out.
function Page:help(text)
  local in_list, is_laid_out = false, false
  for line in (text .. "\n"):gmatch "([^\n]*)\n" do
    local left, right = split_entry(line)
    local goes_on = in_list and line:match "^        +(.*)$"
    local is_entry = in_list and left and not goes_on
    if is_laid_out and (is_entry or line:match ":$") then
      self:put ".fi"
      is_laid_out = false
    end
    if line == "" then
      self:put ".PP"
    elseif line:match ":$" then
      in_list = true
      self:put(".B %s", escaped(line))
    elseif goes_on then
      self:put("%s", escaped(goes_on))
    elseif is_entry then
      self:put(".TP\n.B %s%s", escaped(left), right and "\n" .. escaped(right) or "")
    else
      if not is_laid_out then
        self:put ".nf"
        is_laid_out = true
      end
      in_list = false
      self:put("%s", escaped(line))
    end
  end
  if is_laid_out then
    self:put ".fi"
  end
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

-- What a help page says behind "Usage:".
function Page:synopsis(help_text)
  local usage = help_text:match "Usage: (.-)\n\n"
  self:put(".SH SYNOPSIS\n.nf\n%s\n.fi", escaped(usage:gsub("\n *", "\n      ")))
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

local variables = {
  { "LUAPEX_HOME", "The home, if no flag names one." },
  { "LUAPEX_P2P_SEEDS", "A setting by its name in capitals, here [p2p] seeds; flags come first. "
    .. "CMT_ and TM_ in place of LUAPEX_ do as well, as they do for CometBFT." },
  { "NO_COLOR", "If set: luapex ctl writes no colours." },
}

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
  for _, name in ipairs(names(text, "%l[%l-]+ ?%l*")) do
    if name ~= "help" then
      made:put(".SH %s", escaped(name:upper()))
      made:help(output("help " .. name))
    end
  end
  made:section_of("FILES", files)
  made:section_of("ENVIRONMENT", variables)
  made:section_of("SIGNALS", signals)
  made:put ".SH SEE ALSO\n.BR luapex\\-ctl (1),\n.BR luapex\\-config (5)"
  made:write()
end

local function methods()
  local made = page("luapex-ctl", 1, "ask and steer a running luapex node")
  local text = output "ctl help"
  made:synopsis(text)
  made:put ".SH DESCRIPTION"
  made:help(text)
  for _, name in ipairs(names(text, "%l[%l_]+ ?%l*")) do
    if name ~= "top" then
      made:put(".SH %s", escaped(name:upper()))
      made:help(output("ctl help " .. name))
    end
  end
  made:put ".SH SEE ALSO\n.BR luapex (1)"
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
