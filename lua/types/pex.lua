---@meta
-- luacheck: ignore
-- Generated from lua/schema by lua/schema/generate.lua: edit those. It is for editors; nothing runs
-- it. For LuaLS, name this folder in `workspace.library`.

---Rows of the view's list: by number, the row itself, an ID of the book, or a feeler, which
---connects, authenticates and closes.
---@alias pex.pick integer|table|{ id: string }|{ row: integer, kind: "feeler" }

---@class pex.param
---@field default number|boolean|string|string[]
---@field min? number
---@field max? number
---@field unit? string
---@field doc? string

---@class pex.spec
---@field name string letters, digits, _ and -
---@field version? integer
---@field extends? string|false the policy that answers what this one does not; "default"
---@field params? table<string, pex.param>
---@field doc? string

---@class pex.example
---@field hook string
---@field given? table fields of the view; those missing take the schema's defaults
---@field expect any what the verdict must say; a number may be { low, high }
---@field doc? string

---an address of the book
---@class pex.row.address
---@field id string peer ID, 40 hex characters
---@field ip string IP literal
---@field port integer
---@field group string address group: the /16 (IPv6: /32)
---@field tag string tag of the most specific CIDR in [policy] tags
---@field old boolean vetted: marked good at least once
---@field attempts integer failed dials since the last success, kept in the book (dials)
---@field failures integer failed dials of this endpoint in this run (dials)
---@field retry_in_s number 0: may be dialed now (s)
---@field last_attempt_age_s number (s)
---@field last_success_age_s number (s)
---@field last_verified_age_s number since we dialed this endpoint and authenticated this ID (s)
---@field rtt_ms number last measured round trip, -1: unknown (ms)
---@field group_outbound integer outbound peers and dials in the same group (peers)
---@field persistent boolean
---@field source_ip string who told us first

---a connected peer
---@class pex.row.peer
---@field id string
---@field ip string
---@field port integer
---@field group string
---@field tag string
---@field outbound boolean
---@field persistent boolean
---@field unconditional boolean
---@field uptime_s number (s)
---@field rtt_ms number TCP connect time at once, smoothed by ping (ms)
---@field useful_addresses integer addresses it supplied that were new to us (addresses)
---@field version string software version it reports

---@class pex.book
---@field new integer addresses not vetted yet (addresses)
---@field old integer vetted addresses (addresses)

---@class pex.view
---@field now number Unix time, never going back (s)
---@field role "node"|"seed" what this node is
---@field outbound integer outbound peers, unconditional ones not counted (peers)
---@field inbound integer inbound peers, unconditional ones not counted (peers)
---@field dialing integer dials in progress (peers)
---@field outbound_max integer max_num_outbound_peers (peers)
---@field inbound_max integer max_num_inbound_peers (peers)
---@field book pex.book
---@field random fun(): number the run's seeded generator, from 0 to 1

---P2: How strongly to prefer new addresses, and how many to look at. First in a dial round.
---@class pex.view.bias : pex.view
---@field round integer dial rounds since start
---@field wanted integer free outbound slots (peers)

---@class pex.verdict.bias
---@field new_percent? number share of the draw taken from new buckets (percent)
---@field draw? integer how many candidates `select` gets (candidates)
---@field reason? string at most 80 bytes

---P3: Which of the drawn candidates to dial, best first.
---@class pex.view.select : pex.view
---@field wanted integer how many will be dialed at most (peers)
---@field new_percent number bias this draw was made with (percent)
---@field candidates pex.row.address[] drawn from the book; never ourselves, banned, connected or being dialed

---P4, P5: A dial failed: when may this address be tried again?
---@class pex.view.backoff : pex.view
---@field class string refused, timeout, wrong_id, handshake_timeout, other_network ... (error names)
---@field failures integer failed dials of this endpoint, this one counted (dials)
---@field max_wait_s number persistent_peers_max_dial_period, 0: no cap (s)
---@field address pex.row.address

---@class pex.verdict.backoff.wait
---@field wait_s number not before this (s)
---@field reason? string at most 80 bytes

---@class pex.verdict.backoff.ban
---@field ban_s number (s)
---@field scope? "id"|"ip"|"group"
---@field reason? string at most 80 bytes

---@class pex.verdict.backoff.remove
---@field remove boolean drop it from the book
---@field reason? string at most 80 bytes

---P17: A peer misbehaved: ban it, and for how long?
---@class pex.view.ban : pex.view
---@field kind string error name: pex_too_soon, pex_bad_address, pex_unsolicited, pex_undecodable, too_long, channel_unknown ...
---@field incidents integer incidents of this ID in the last 24 h, this one counted
---@field peer pex.row.peer

---@class pex.verdict.ban
---@field ban_s? number 0: no ban (s)
---@field scope? "id"|"ip"|"group"
---@field disconnect? boolean
---@field reason? string at most 80 bytes

---@class pex.policy
---@field name string
---@field version integer
---@field params table<string, any>
---@field state table plain data that survives reloads and restarts
---@field examples pex.example[]
---@field migrate? fun(old: table, version: integer): table
---@field use fun(part: table) takes hooks and examples of a part, such as require "backoff"
---@field bias? fun(view: pex.view.bias): pex.verdict.bias|nil
---@field select? fun(view: pex.view.select): pex.pick[]|nil
---@field backoff? fun(view: pex.view.backoff): pex.verdict.backoff.wait|pex.verdict.backoff.ban|pex.verdict.backoff.remove|nil
---@field ban? fun(view: pex.view.ban): pex.verdict.ban|false|nil

pex = {}

---Begins a policy; the file ends with `return` of what this gives.
---@param spec pex.spec
---@return pex.policy
function pex.policy(spec) end

---The rules that this policy extends, by hook: pex.base.select(view).
---@type table<string, fun(view: table): any>
pex.base = {}

---Writes to the node's log; rate limited.
---@param text string
function pex.log(text) end

---x, but not below low and not above high.
---@param x number
---@param low number
---@param high number
---@return number
function pex.clamp(x, low, high) end

---What is left of 1 after age_s, if half of it goes every half_life_s.
---@param age_s number
---@param half_life_s number
---@return number
function pex.decay(age_s, half_life_s) end

---x changed by up to `fraction` of it in either direction.
---@param x number
---@param fraction number
---@return number
function pex.jitter(x, fraction) end

---An index of `weights`, drawn with these weights; nil if none is above 0.
---@param weights number[]
---@return integer?
function pex.weighted(weights) end

---Whether the IP lies in the range, such as "10.0.0.0/8".
---@param ip string
---@param range string
---@return boolean
function pex.in_cidr(ip, range) end
