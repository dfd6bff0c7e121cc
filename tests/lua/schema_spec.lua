-- The policy schema: mistakes in it are found, and every kind of verdict becomes C.

local check = require "schema.check"
local to_c = require "schema.c"

-- A schema with one hook of each kind.
local function sample()
  return {
    reason_max = 80,
    enums = { { name = "scope", values = { "id", "ip" } } },
    common = {
      { "now", "number", default = 0 },
      { "book.new", "integer", default = 0 },
    },
    rows = { peer = { doc = "a peer", { "id", "text", max = 40, default = "" } } },
    hooks = {
      {
        name = "count", point = "P1", doc = "How many?", view = {},
        verdict = { kind = "value", { "value", "number", min = 0, max = 9 } },
      },
      {
        name = "rotate", point = "P18", doc = "Which?",
        view = { { "peers", "rows", row = "peer" }, { "asking", "row", row = "peer" } },
        verdict = { kind = "value", { "drop", "indexes", over = "peers", max = 16 } },
      },
      {
        name = "admit", point = "P15", doc = "Whom?",
        view = { { "peers", "rows", row = "peer" } },
        verdict = {
          kind = "one_of", may_be_false = true,
          { name = "yes", bare = true, { "yes", "boolean" } },
          { name = "reject", { "reject", "text", max = 31 } },
          { name = "replace", { "replace", "index", over = "peers" },
            { "scope", "enum", enum = "scope", default = "ip" } },
        },
      },
      {
        name = "observe", doc = "It happened.", answered_by = "core", view = {},
        verdict = { kind = "none" },
      },
    },
  }
end

local mistakes = {
  ["unknown type"] = function(s) s.common[1][2] = "float" end,
  ["needs a default"] = function(s) s.common[1].default = nil end,
  ["default of another type"] = function(s) s.common[1].default = "0" end,
  ["not a field name"] = function(s) s.common[1][1] = "Now" end,
  ["unknown row"] = function(s) s.hooks[2].view[1].row = "stranger" end,
  ["unknown enum"] = function(s) s.hooks[3].verdict[3][2].enum = "colour" end,
  ["default not in enum"] = function(s) s.hooks[3].verdict[3][2].default = "world" end,
  ["needs min and max"] = function(s) s.hooks[1].verdict[1].max = nil end,
  ["needs max"] = function(s) s.hooks[2].verdict[1].max = nil end,
  ["`over` is not a list"] = function(s) s.hooks[2].verdict[1].over = "asking" end,
  ["two named count"] = function(s) s.hooks[2].name = "count" end,
  ["two named yes"] = function(s) s.hooks[3].verdict[2].name = "yes" end,
  ["now: twice"] = function(s) s.common[2][1] = "now" end,
  ["reject: twice"] = function(s)
    table.insert(s.hooks[3].verdict[1], { "reject", "boolean", default = false })
  end,
  ["answered by whom"] = function(s) s.hooks[3].answered_by = "C" end,
  ["none is nothing"] = function(s) s.hooks[4].verdict.may_be_false = true end,
}

describe("schema", function()
  it("of luapex has no mistakes", function()
    check(require "schema.init")
  end)

  it("maps every policy point to one hook, or to settings of [pex]", function()
    local settings_of = {
      P7 = { "need_more_addresses" },
      P23 = { "bad_grace", "bad_unseen", "bad_retries", "bad_failures", "bad_success" },
      P24 = { "duplicate_factor" },
      P26 = { "startup_spread" },
      P27 = { "first_round_delay" },
      P28 = { "record_lifetime" },
    }
    local file = assert(io.open("core/app/settings/settings_table.c"))
    local settings = file:read("*a")
    file:close()
    local hook_of = {}
    for _, hook in ipairs(require "schema.init".hooks) do
      for point in (hook.point or ""):gmatch("P%d+") do
        assert.is_nil(hook_of[point], point .. " has two hooks")
        hook_of[point] = hook.name
      end
    end
    for i = 1, 28 do
      local point = "P" .. i
      assert.equal(settings_of[point] == nil, hook_of[point] ~= nil, point)
      for _, name in ipairs(settings_of[point] or {}) do
        local row = ('("pex", "%s", pex.'):format(name)
        assert.is_truthy(settings:find(row, 1, true), point .. ": no setting " .. name)
      end
    end
  end)

  it("with every kind has no mistakes", function()
    check(sample())
  end)

  for says, make in pairs(mistakes) do
    it("check finds: " .. says, function()
      local schema = sample()
      make(schema)
      local ok, why = pcall(check, schema)
      assert.is_false(ok)
      assert.is_truthy(why:find(says, 1, true), why)
    end)
  end

  it("becomes structs of every kind", function()
    local header = to_c(sample())["policy_schema.h"]
    for _, line in ipairs {
      "struct count_verdict {\n    double value;\n    char reason[POLICY_REASON_MAX + 1];\n};",
      "    int64_t drop[16];\n    size_t drop_n;\n",
      "enum admit_act { ADMIT_yes, ADMIT_reject, ADMIT_replace };",
      "    bool is_false;",
      "    enum admit_act act;",
      "    char reject[31 + 1];",
      "    int64_t replace;",
      "    enum policy_scope scope;",
      "    const struct peer_row *peers;\n    size_t peers_n;\n    struct peer_row asking;",
      "    int64_t book_new;",
      "struct observe_verdict {\n    char reason[POLICY_REASON_MAX + 1];\n};",
    } do
      assert.is_truthy(header:find(line, 1, true), "missing: " .. line)
    end
  end)

  it("becomes tables that compile", function()
    local dir = os.tmpname()
    os.remove(dir)
    assert(os.execute("mkdir -p " .. dir .. "/schema") == 0)
    for name, text in pairs(to_c(sample())) do
      local file = assert(io.open(dir .. "/schema/" .. name, "w"))
      file:write(text)
      file:close()
    end
    local compiled = os.execute(("cc -std=c11 -Wall -Wextra -Werror -Icore -I%s -fsyntax-only "
      .. "%s/schema/policy_schema.c"):format(dir, dir))
    os.execute("rm -r " .. dir)
    assert.equal(0, compiled)
  end)

  it("gives the same text every time", function()
    assert.same(to_c(sample()), to_c(sample()))
  end)
end)
