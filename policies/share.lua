-- What an answer holds. A node shares vetted and new addresses alike (B36). A seed prefers vetted
-- ones, 70 % as far as it has so many (B37), and of either kind those that it has dialed itself.
local share = {}

function share.share(view)
  if view.role == "seed" then
    return { count = view.count, new_percent = view.seed_new_percent, verified_first = true }
  end
  return { count = view.count }
end

share.examples = {
  { hook = "share", given = { count = 32 }, expect = { count = 32, new_percent = -1, verified_first = false } },
  {
    hook = "share",
    given = { role = "seed", count = 250 },
    expect = { count = 250, new_percent = 30, verified_first = true },
  },
}

return share
