-- The node's lines of events, as followers get them.

local news = require "ops.news"

describe("news", function()
  it("of no event are the number of the last one", function()
    local last, left_out, lines = news.read "17 0 \n"
    assert.same({ 17, 0, {} }, { last, left_out, lines })
    assert.same("kind=a,peer=b", select(4, news.read "17 0 kind=a,peer=b\n"))
    assert.same({ last = 17, lines = "" }, news.notifications "17 0 \n")
  end)

  it("are a notification for each event", function()
    assert.same({ last = 9, lines = '{"jsonrpc":"2.0","method":"event","params":{"a":1}}\n'
      .. '{"jsonrpc":"2.0","method":"event","params":{"b":2}}\n' }, news.notifications '9 0 \n{"a":1}\n{"b":2}\n')
  end)

  it("tell first how many were left out", function()
    local told = news.notifications '9 3 kind=x\n{"a":1}\n'
    assert.matches('^{"jsonrpc":"2.0","method":"lost","params":{"events":3}}\n{', told.lines)
  end)
end)
