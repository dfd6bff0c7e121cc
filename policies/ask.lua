-- Whom to ask for addresses, while the book is short of them: every period one peer, each with the
-- same chance (R47); a peer that we dialed at once (R20), and a seed or anybody a crawl reached
-- (R61) whatever the book holds.
local ask = {}

function ask.ask(view)
  local peers = view.peers
  if #peers == 0 then
    return false
  elseif view.reason == "connected" then
    local peer = peers[1]
    local is_worth_it = view.need_more or view.role == "seed" or peer.seed
    return peer.outbound and is_worth_it and 1
  end
  return view.need_more and math.random(#peers)
end

local dialed = { outbound = true }
local seed = { outbound = true, seed = true }

ask.examples = {
  { hook = "ask", given = {}, expect = false },
  { hook = "ask", given = { peers = { {} } }, expect = 1 },
  { hook = "ask", given = { peers = { {} }, need_more = false }, expect = false },
  { hook = "ask", given = { reason = "connected", peers = { dialed } }, expect = 1 },
  { hook = "ask", given = { reason = "connected", peers = { {} } }, expect = false },
  { hook = "ask", given = { reason = "connected", peers = { dialed }, need_more = false }, expect = false },
  { hook = "ask", given = { reason = "connected", peers = { dialed }, need_more = false, role = "seed" }, expect = 1 },
  { hook = "ask", given = { reason = "connected", peers = { seed }, need_more = false }, expect = 1 },
}

return ask
