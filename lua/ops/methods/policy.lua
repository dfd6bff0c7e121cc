-- The rules that decide.
local hook_fields = {
  { "hook", "text", "the question" },
  { "calls", "integer", "how often it was asked" },
  { "errors", "integer", "failures of the policy, for which the rule it extends answered" },
  { "skipped", "integer", "left to that rule: the hook fell back, or the turn's time was used up" },
  { "mean_us", "number", "microseconds of a call" },
  { "max_us", "number", "of the longest" },
  { "fallen_back", "boolean", "until the next load, after three failures in a row" },
}

local param_fields = {
  { "name", "text", "for `policy set`" },
  { "value", "typed", "now" },
  { "default", "typed", "as declared" },
  { "min", "number", "absent: none" },
  { "max", "number", "absent: none" },
  { "unit", "text", "of the value" },
  { "kind", "text", "number, boolean, text or list" },
  { "policy", "text", "that declares it" },
  { "doc", "text", "what it does" },
}

local generation_fields = {
  { "number", "integer", "counts loads and roll-backs" },
  { "name", "text", "of the policy" },
  { "version", "integer", "of it" },
  { "hash", "text", "of its source, for `policy rollback`" },
  { "loaded", "time", "when it was last made live" },
}

local refused_fields = {
  is_object = true,
  { "time", "time", "when" },
  { "file", "text", "where, absent: not in a file" },
  { "line", "integer", "absent: not known" },
  { "cause", "text", "what is wrong" },
  { "taken_back", "boolean", "it was loaded, failed three times in a row and is gone again" },
  { "in_force", "text", "the policy that goes on" },
}

local shadow_hook_fields = {
  { "hook", "text", "the question" },
  { "asked", "integer", "how often" },
  { "differs", "integer", "answered otherwise than by the live policy" },
  { "errors", "integer", "failures" },
  { "skipped", "integer", "its time of the turn was used up" },
  { "mean_us", "number", "microseconds of a call" },
}

local difference_fields = {
  { "time", "time", "when" },
  { "hook", "text", "the question" },
  { "subject", "text", "the node ID it was about" },
  { "live", "text", "what was answered" },
  { "shadow", "text", "what the shadow would have answered" },
}

local state_field = { "state", "text",
  "what became of what it remembered: kept, migrated or dropped, absent: there was nothing" }

local live_fields = {
  { "name", "text", "that answers now" },
  { "version", "integer", "of it" },
  { "hash", "text", "of its source" },
  { "generation", "integer", "counts loads and roll-backs" },
  state_field,
}

local loaded_fields = { unpack(live_fields) }
loaded_fields[#loaded_fields + 1] =
  { "follows", "text", "the file that is watched and that HUP loads, absent: none" }
loaded_fields[#loaded_fields + 1] = { "saved", "text", "where it is kept, absent: nowhere" }
loaded_fields[#loaded_fields + 1] = { "outranked_by", "text",
  "of what is saved: the flag or variable of this start that counts for more, absent: none" }

local shadow_result = {
  { "runs", "boolean", "a shadow run is under way" },
  { "name", "text", "of the shadow" },
  { "version", "integer", "of it" },
  { "hash", "text", "of its source" },
  { "loaded", "time", "since when" },
  { "last_error", "text", "file, line, hook and cause, empty: none" },
  { "hooks", shadow_hook_fields, "each question so far" },
  { "differences", difference_fields, "the newest, oldest first" },
}

local function source(required)
  return { name = "source", type = "source", place = true, required = required,
    doc = "a .lua file; on the socket its text and those of the files beside it" }
end

return {
  {
    name = "policy",
    doc = "Which policy runs, what it costs, its parameters, and those that ran before.",
    result = {
      { "name", "text", "of the policy" },
      { "version", "integer", "of it" },
      { "hash", "text", "of its source" },
      { "generation", "integer", "counts loads and roll-backs" },
      { "loaded", "time", "when" },
      state_field,
      { "file", "text", "that the settings name, empty: the rules in the binary" },
      { "differs", "text", "how the next start would run another one, empty: it would not" },
      { "refused", refused_fields,
        "the last one that did not load or was taken back, absent: none since one was loaded" },
      { "last_error", "text", "of its hooks: file, line, hook and cause, empty: none" },
      { "memory", "bytes", "it holds" },
      { "loads", "integer", "that succeeded" },
      { "load_errors", "integer", "that did not" },
      { "rollbacks", "integer", "by an operator, or after failures" },
      { "hooks", hook_fields, "questions since it was made live; metrics count all since the start" },
      { "params", param_fields, "its parameters" },
      { "generations", generation_fields, "the newest first" },
    },
    example = "policy",
  },
  {
    name = "policy.load",
    doc = "Replaces the policy by the one in a file, which this command reads with the files beside "
      .. "it. It is tried out first; when something is wrong with it, the one that runs goes on. No "
      .. "connection is lost.",
    params = {
      source(true),
      { name = "save", type = "boolean", default = false,
        doc = "keep a copy in data/policy and have config.toml name it: the copy is the file that is "
          .. "watched from then on, the one before is not" },
    },
    result = loaded_fields,
    example = "policy load policies/diverse.lua",
  },
  {
    name = "policy.rollback",
    doc = "Returns to the policy before; again, to the one before that. By its hash to any that is "
      .. "kept, also forth.",
    params = {
      { name = "hash", type = "hash", place = true,
        doc = "which, by the beginning of its hash (see `policy`)" },
    },
    result = live_fields,
    example = "policy rollback",
  },
  {
    name = "policy.set",
    doc = "Sets a parameter of the policy. It stays set over loads and restarts, and while another "
      .. "policy runs.",
    params = {
      { name = "param", type = "text", place = true, required = true, max = 64, doc = "its name" },
      { name = "value", type = "value", place = true, required = true,
        doc = "a number, true or false, a text, or a list with commas" },
    },
    result = {
      { "set", "text", "the parameter" },
      { "was", "typed", "its value before" },
      { "is", "typed", "its value now" },
    },
    example = "policy set max_per_group 2",
  },
  {
    name = "policy.shadow",
    doc = "Lets a second policy answer the live questions too, without effect, and shows where it "
      .. "differs. Without a file it tells how the run stands; `off` ends it.",
    params = {
      source(false),
      { name = "off", type = "boolean", default = false, doc = "end the run" },
    },
    result = shadow_result,
    example = "policy shadow",
  },
  {
    name = "policy.promote",
    doc = "Makes the shadow the live policy, with what it has learned. One that failed is refused.",
    params = {
      { name = "force", type = "boolean", default = false, doc = "also one that failed" },
    },
    result = live_fields,
    example = "policy promote",
  },
  {
    name = "params",
    doc = "Lists the parameters of the policy and of those it extends.",
    result = { { "params", param_fields, "one row each" } },
    example = "params",
  },
}
