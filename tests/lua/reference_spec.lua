-- The reference of the hooks and the annotations for editors: every field of the schema is in both.

local schema = require "schema.init"
local reference = require "schema.reference"
local annotations = require "schema.types" (schema)["pex.lua"]

local function has(text, part)
  return text:find(part, 1, true) ~= nil
end

local function verdicts(hook)
  return hook.verdict.kind == "one_of" and hook.verdict or { hook.verdict }
end

-- Such as P17 or B35: their list is no part of what a reader has.
local function rule_number(text)
  return text:match "%f[%w][RBSPLFD]%d+%f[%W]"
end

describe("reference", function()
  it("names no rule by its number", function()
    assert.is_nil(rule_number(reference.list(schema)))
    assert.is_nil(rule_number(reference.markdown(schema)))
    assert.is_nil(rule_number(annotations))
    for _, hook in ipairs(schema.hooks) do
      assert.is_nil(rule_number(reference.page(schema, hook.name)))
    end
  end)

  it("fits a terminal", function()
    for _, hook in ipairs(schema.hooks) do
      for line in reference.page(schema, hook.name):gmatch("[^\n]*") do
        assert.is_true(#line <= 98, line)
      end
    end
  end)

  it("names every field of a hook's view and verdict", function()
    for _, hook in ipairs(schema.hooks) do
      local page, markdown = reference.page(schema, hook.name), reference.markdown(schema, hook.name)
      local lists = verdicts(hook)
      lists = { hook.view, schema.common, unpack(lists) }
      for i, fields in ipairs(lists) do
        for _, field in ipairs(fields) do
          assert.is_true(has(page, "\n  " .. field[1] .. " "), hook.name .. "." .. field[1])
          assert.is_true(i == 2 or has(markdown, "| `" .. field[1] .. "` |"))
        end
      end
    end
  end)

  it("tells ranges, units and defaults of a field", function()
    local text = reference.page({
      reason_max = 80, enums = { { name = "scope", values = { "id", "ip" } } }, rows = {},
      common = { { "now", "number", default = 0, unit = "s" } },
      hooks = { { name = "ban", point = "P17", doc = "Ban?", view = {}, verdict = {
        kind = "table", may_be_false = true,
        { "ban_s", "number", min = 60, max = 90, zero = true, default = 0, unit = "s" },
        { "scope", "enum", enum = "scope", default = "id" },
        { "must", "boolean" },
      } } },
    }, "ban")
    assert.is_true(has(text, "0 or 60 to 90 s; default 0"))
    assert.is_true(has(text, '"id", "ip"; default "id"'))
    assert.is_true(has(text, "boolean  required"))
    assert.is_true(has(text, "false: no."))
    assert.is_false(has(text, "\nview"))
  end)
end)

describe("annotations", function()
  it("are Lua", function()
    assert.is_function(loadstring(annotations))
  end)

  it("have a type for every hook and every field", function()
    for _, hook in ipairs(schema.hooks) do
      assert.is_true(has(annotations, ("---@field %s? fun(view: pex.view.%s)"):format(hook.name,
        hook.name)))
      for _, field in ipairs(hook.view) do
        assert.is_true(has(annotations, "---@field " .. field[1] .. " "), field[1])
      end
    end
    for name, row in pairs(schema.rows) do
      assert.is_true(has(annotations, "---@class pex.row." .. name .. "\n"))
      for _, field in ipairs(row) do
        assert.is_true(has(annotations, "---@field " .. field[1] .. " "), field[1])
      end
    end
  end)

  it("name every helper that a policy has", function()
    local host = { in_cidr = function() end, random = math.random }
    local helpers = assert(loadfile "lua/prelude/choice.lua")(host)
    for name in pairs(helpers) do
      assert.is_true(has(annotations, "function pex." .. name .. "("), name)
    end
  end)
end)
