-- Lines that were typed at the prompt before.

local history = require "ops.history"
local uv = require "luv"

describe("a history", function()
  local path

  before_each(function()
    path = os.tmpname()
    os.remove(path)
  end)

  after_each(function()
    os.remove(path)
  end)

  it("is empty without a file, and without a home", function()
    assert.same({}, history.read(path))
    assert.same({}, history.read(nil))
    history.add(nil, "nowhere")
  end)

  it("keeps lines in their order, none that are blank", function()
    for _, line in ipairs { "one", "", "  ", "two = 'é'" } do
      history.add(path, line)
    end
    assert.same({ "one", "two = 'é'" }, history.read(path))
  end)

  it("is for its owner alone, also if it was not before", function()
    local file = assert(io.open(path, "w"))
    file:write "old\n"
    file:close()
    uv.fs_chmod(path, 420)
    history.add(path, "new")
    assert.equals(384, uv.fs_stat(path).mode % 512)
    assert.same({ "old", "new" }, history.read(path))
  end)

  it("is cut to the newest thousand lines", function()
    local file = assert(io.open(path, "w"))
    for i = 1, 1500 do
      file:write(i, "\n")
    end
    file:close()
    local lines = history.read(path)
    assert.equals(1000, #lines)
    assert.equals("501", lines[1])
    assert.same(lines, history.read(path))
    assert.is_true(uv.fs_stat(path).size < 6000)
  end)

  it("is no folder and nothing else that is no file", function()
    assert.same({}, history.read "/tmp")
    assert.same({}, history.read "/dev/zero")
    history.add("/tmp", "x")
  end)
end)
