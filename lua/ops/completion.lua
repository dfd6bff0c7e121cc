-- Shell completion: for `luapex ctl` from the table of methods, for other commands from what the
-- program says in its help pages when it is asked.
--
--   completion.script(shell) -> text | nil, why
local commands = require "ops.commands"
local methods = require "ops.methods"

local completion = {}

-- What the program knows that the table of methods does not: names of settings.
local told_by_program = {
  set = [[$(luapex help start | sed -nE 's/^  --([a-z0-9_]+\.[a-z0-9_.]+|[a-z_]+).*/\1/p')]],
  settings = [[$(luapex help start | sed -nE 's/^  --([a-z0-9_]+)\..*/\1/p' | sort -u)]],
}

local function insert_all(list, more)
  for _, word in ipairs(more or {}) do
    list[#list + 1] = word
  end
end

-- What can follow a method: its flags, and the values of its arguments where they are few.
local function words_of(method)
  local words = {}
  for _, param in ipairs(method.params) do
    if not param.place then
      words[#words + 1] = "--" .. param.name
    else
      insert_all(words, param.values)
    end
  end
  words[#words + 1] = told_by_program[method.name]
  return words
end

local function first_words()
  local seen, words = {}, {}
  for _, method in ipairs(methods.list) do
    local first = method.name:match "^[^.]+"
    if not seen[first] then
      seen[first] = true
      words[#words + 1] = first
    end
  end
  for _, command in ipairs(commands.list) do
    words[#words + 1] = command.name
  end
  words[#words + 1] = "completion"
  return words
end

local function second_words(first)
  local words = {}
  for _, method in ipairs(methods.list) do
    words[#words + 1] = method.name:match("^" .. first .. "%.(.+)$")
  end
  return words
end

local function all_methods()
  local list = {}
  insert_all(list, methods.list)
  insert_all(list, commands.list)
  return list
end

-- Lines of a shell's `case`, the same for bash and zsh.
local Cases = {}
Cases.__index = Cases

function Cases:add(pattern, words)
  if #words > 0 then
    self[#self + 1] = ('    %s) echo "%s" ;;'):format(pattern, table.concat(words, " "))
  end
end

-- The values of flags, by method and the word before.
local function value_cases()
  local cases = setmetatable({}, Cases)
  for _, method in ipairs(all_methods()) do
    for _, param in ipairs(method.params) do
      if param.values and not param.place then
        cases:add(("'%s'*' --%s'"):format(method.name:gsub("%.", " "), param.name), param.values)
      end
    end
  end
  return table.concat(cases, "\n")
end

-- What follows the words so far: further arguments change nothing, hence the patterns that end
-- with anything; those of two words come first.
local function word_cases()
  local cases = setmetatable({}, Cases)
  cases:add("''", first_words())
  cases:add("completion", { "bash", "zsh" })
  cases:add("help", first_words())
  for _, method in ipairs(methods.list) do
    if method.name:find(".", 1, true) then
      local spelled = method.name:gsub("%.", " ")
      cases:add(("'%s' | '%s '*"):format(spelled, spelled), words_of(method))
    end
  end
  for _, first in ipairs(first_words()) do
    local method = methods.by_name[first] or commands.by_name[first]
    local seconds, words = second_words(first), method and words_of(method) or {}
    if #seconds > 0 then
      cases:add(("'help %s'"):format(first), seconds)
      insert_all(seconds, words)
      cases:add(first, seconds)
    else
      cases:add(("%s | '%s '*"):format(first, first), words)
    end
  end
  return table.concat(cases, "\n")
end

local bash = [[
# bash completion for luapex; in ~/.bashrc: source <(luapex ctl completion bash)
_luapex_ctl() {
  local words at=2 method=''
  while [ "$at" -lt "$COMP_CWORD" ]; do
    case ${COMP_WORDS[at]} in
      --home | --socket | --tcp | --token) at=$((at + 1)) ;;
      -*) ;;
      *) method="$method${method:+ }${COMP_WORDS[at]}" ;;
    esac
    at=$((at + 1))
  done
  case ${COMP_WORDS[COMP_CWORD-1]} in
    --home | --socket | --token) COMPREPLY=($(compgen -f -- "${COMP_WORDS[COMP_CWORD]}")); return ;;
  esac
  words=$(_luapex_ctl_values "$method ${COMP_WORDS[COMP_CWORD-1]}")
  if [ -z "$words" ]; then
    words="$(_luapex_ctl_words "$method") --home --socket --tcp --token --json --help"
  fi
  COMPREPLY=($(compgen -W "$words" -- "${COMP_WORDS[COMP_CWORD]}"))
  case $method in policy\ load* | policy\ shadow*)
    COMPREPLY+=($(compgen -f -X '!*.lua' -- "${COMP_WORDS[COMP_CWORD]}")) ;;
  esac
}
_luapex() {
  if [ "$COMP_CWORD" -gt 1 ] && [ "${COMP_WORDS[1]}" = ctl ]; then
    _luapex_ctl
    return
  fi
  local words
  words=$(_luapex_other "${COMP_WORDS[@]:1:COMP_CWORD-1}")
  COMPREPLY=($(compgen -W "$words" -- "${COMP_WORDS[COMP_CWORD]}"))
  case "${COMP_WORDS[1]} ${COMP_WORDS[2]}" in policy\ check | policy\ diff | sim\ *)
    COMPREPLY+=($(compgen -f -X '!*.lua' -- "${COMP_WORDS[COMP_CWORD]}")) ;;
  esac
}
complete -o default -F _luapex luapex
]]

local zsh = [[
# zsh completion for luapex; in ~/.zshrc: source <(luapex ctl completion zsh)
_luapex() {
  if [ "$CURRENT" -eq 2 ] || [ "${words[2]}" != ctl ]; then
    compadd -- $(_luapex_other "${(@)words[2,CURRENT-1]}")
    _files
    return
  fi
  local at=3 method=''
  while [ "$at" -lt "$CURRENT" ]; do
    case ${words[at]} in
      --home | --socket | --tcp | --token) at=$((at + 1)) ;;
      -*) ;;
      *) method="$method${method:+ }${words[at]}" ;;
    esac
    at=$((at + 1))
  done
  local -a known
  known=($(_luapex_ctl_values "$method ${words[CURRENT-1]}"))
  if [ "${#known}" -eq 0 ]; then
    known=($(_luapex_ctl_words "$method") --home --socket --tcp --token --json --help)
  fi
  compadd -- $known
  case $method in policy\ load* | policy\ shadow*) _files -g '*.lua' ;; esac
}
if [ "${funcstack[1]}" = _luapex ]; then
  _luapex "$@"
else
  compdef _luapex luapex
fi
]]

local shared = [[
_luapex_other() {
  local commands
  commands=$(luapex help | sed -nE 's/^  ([a-z][a-z-]*( [a-z]+)?)  .*/\1/p')
  if [ "$#" -eq 0 ]; then
    printf '%%s\n' "$commands" help | cut -d' ' -f1 | sort -u
  elif [ "$*" = help ]; then
    printf '%%s\n' "$commands" | cut -d' ' -f1 | sort -u
  elif [ "$1" = help ] && [ "$#" -eq 2 ]; then
    printf '%%s\n' "$commands" | sed -n "s/^$2 //p"
  elif [ "$#" -eq 1 ] && printf '%%s\n' "$commands" | grep -q "^$1 "; then
    printf '%%s\n' "$commands" | sed -n "s/^$1 //p"
  elif [ "$*" = 'policy doc' ] || [ "$*" = 'policy show' ]; then
    luapex "$@" | sed -nE 's/^  ([a-z_]+) +.*/\1/p'
  elif printf '%%s\n' "$commands" | grep -qx -e "$1" -e "$1 $2"; then
    [ "$1" != sim ] && [ "$1 $2" != 'policy diff' ] || luapex policy show | sed -nE '/^Parts/q; s/^  ([a-z_]+) +.*/\1/p'
    luapex help $(printf '%%s\n' "$commands" | grep -x -e "$1" -e "$1 $2") |
      sed -nE 's/^  (--[a-z0-9_.-]+).*/\1/p'
  fi
}
_luapex_ctl_values() {
  case $1 in
%s
  esac
}
_luapex_ctl_words() {
  case $1 in
%s
  esac
}
]]

function completion.script(shell)
  local scripts = { bash = bash, zsh = zsh }
  if not scripts[shell] then
    return nil, "completion is there for bash and for zsh: luapex ctl completion bash"
  end
  local functions = shared:format(value_cases(), word_cases())
  return (shell == "zsh" and "#compdef luapex\n" or "") .. functions .. scripts[shell]
end

return completion
