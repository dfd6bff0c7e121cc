-- Which addresses a crawl visits: all that were drawn, in that order, but nobody again within two
-- minutes (R61).
local crawl = {}

function crawl.crawl(view)
  local rows = {}
  for i, row in ipairs(view.candidates) do
    if row.last_crawl_age_s < 0 or row.last_crawl_age_s >= view.again_s then
      rows[#rows + 1] = i
    end
  end
  return rows
end

local visited = { {}, { last_crawl_age_s = 119.9 }, { last_crawl_age_s = 120 } }

crawl.examples = {
  { hook = "crawl", given = {}, expect = {} },
  { hook = "crawl", given = { candidates = visited }, expect = { rows = { 1, 3 }, concurrency = 0 } },
}

return crawl
