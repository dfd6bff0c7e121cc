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
---@field group string address group: the /16 (IPv6: /32); with addr_book_strict "local" for loopback, "unroutable" for private networks and the like
---@field tag string tag of the most specific CIDR in [policy] tags, "": none
---@field old boolean vetted: marked good at least once
---@field attempts integer failed dials since the last success, kept in the book (dials)
---@field failures integer failed dials of this endpoint in this run (dials)
---@field retry_in_s number 0: may be dialed now (s)
---@field last_attempt_age_s number (s)
---@field last_success_age_s number (s)
---@field last_verified_age_s number since we dialed this endpoint and authenticated this ID (s)
---@field rtt_ms number last measured round trip, -1: unknown (ms)
---@field group_outbound integer outbound peers and dials in the same group (peers)
---@field tag_outbound integer outbound peers and dials with the same tag; 0 without one (peers)
---@field persistent boolean
---@field source_ip string who told us first
---@field source_group string its address group
---@field first_seen_age_s number (s)
---@field last_crawl_age_s number since a crawl last chose it, in this run (s)
---@field references integer new buckets that hold it (buckets)
---@field reached_2h number share of dials that succeeded, 0 to 1, faded over 2 hours; -1: never dialed
---@field reached_day number the same, faded over a day
---@field reached_week number the same, faded over a week
---@field connected boolean
---@field version string software version it reported last

---a ban that ran out, with the address it kept
---@class pex.row.banned
---@field id string peer ID, 40 hex characters
---@field ip string IP literal
---@field port integer
---@field group string address group: the /16 (IPv6: /32); with addr_book_strict "local" for loopback, "unroutable" for private networks and the like
---@field tag string tag of the most specific CIDR in [policy] tags, "": none
---@field reason string why it was banned
---@field bans integer how often it was banned, this one counted
---@field ban_age_s number since the ban began (s)
---@field expired_age_s number since it ran out (s)

---an address in a list that a peer sent
---@class pex.row.offer
---@field id string peer ID, 40 hex characters
---@field ip string IP literal
---@field port integer
---@field group string address group: the /16 (IPv6: /32); with addr_book_strict "local" for loopback, "unroutable" for private networks and the like
---@field tag string tag of the most specific CIDR in [policy] tags, "": none
---@field known boolean in the book with this endpoint
---@field known_elsewhere boolean this ID is in the book with another endpoint, which it keeps

---a connected peer
---@class pex.row.peer
---@field id string peer ID, 40 hex characters
---@field ip string IP literal
---@field port integer
---@field group string address group: the /16 (IPv6: /32); with addr_book_strict "local" for loopback, "unroutable" for private networks and the like
---@field tag string tag of the most specific CIDR in [policy] tags, "": none
---@field outbound boolean
---@field persistent boolean
---@field unconditional boolean
---@field uptime_s number (s)
---@field rtt_ms number TCP connect time at once, smoothed by ping (ms)
---@field useful_addresses integer addresses it supplied that were new to us (addresses)
---@field addresses integer addresses it supplied, known ones counted (addresses)
---@field lists integer lists it sent that we had asked for
---@field list_age_s number since the last of them (s)
---@field asked_age_s number since we last asked it (s)
---@field requests integer requests it made on this connection
---@field request_age_s number since the last of them (s)
---@field incidents integer its incidents in the last 24 h
---@field dead_addresses integer of those it told us first: that never answered, in the last 24 h (addresses)
---@field seed boolean one of the configured seeds
---@field version string software version it reports

---a configured seed that may be dialed now
---@class pex.row.seed
---@field id string peer ID, 40 hex characters
---@field ip string IP literal
---@field port integer
---@field group string address group: the /16 (IPv6: /32); with addr_book_strict "local" for loopback, "unroutable" for private networks and the like
---@field tag string tag of the most specific CIDR in [policy] tags, "": none
---@field last_try_age_s number (s)
---@field failures integer failed dials since the last success (dials)
---@field result string how the last dial ended: "ok" or an error name, "": none yet

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
---@field dialing_max integer setting dial_concurrency (peers)
---@field book pex.book
---@field random fun(): number the run's seeded generator, from 0 to 1

---How strongly to prefer new addresses, and how many to look at. First in a dial round.
---@class pex.view.bias : pex.view
---@field round integer dial rounds since start
---@field wanted integer free outbound slots (peers)

---@class pex.verdict.bias
---@field new_percent? number share of the draw taken from new buckets (percent)
---@field draw? integer how many candidates `select` gets (candidates)
---@field reason? string at most 80 bytes

---Which of the drawn candidates to dial, best first.
---@class pex.view.select : pex.view
---@field wanted integer how many will be dialed at most, beside a feeler; 0: no slot is free (peers)
---@field new_percent number bias this draw was made with (percent)
---@field candidates pex.row.address[] drawn from the book; never ourselves, banned, connected or being dialed

---@class pex.verdict.select
---@field picks pex.pick[]
---@field reason? string at most 80 bytes

---A dial failed: when may this address be tried again?
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

---A peer misbehaved: ban it, and for how long?
---@class pex.view.ban : pex.view
---@field kind string error name: pex_too_soon, pex_bad_address, pex_unsolicited, pex_undecodable, too_long, channel_unknown ...
---@field incidents integer incidents of this ID in the last 24 h, this one counted
---@field peer pex.row.peer

---@class pex.verdict.ban
---@field ban_s? number 0: no ban (s)
---@field scope? "id"|"ip"|"group"
---@field disconnect? boolean
---@field reason? string at most 80 bytes

---A dial round starts: how many dials may it make?
---@class pex.view.dial_count : pex.view
---@field reason "tick"|"wakeup" the period has passed, or addresses came from a seed
---@field free integer free outbound slots (peers)

---@class pex.verdict.dial_count
---@field dials integer at most as many as slots are free (dials)
---@field reason? string at most 80 bytes

---Whether a peer we dialed was useful enough for its address to count as good (vetted).
---@class pex.view.promote : pex.view
---@field good_after_s number setting good_after: connected for so long (s)
---@field good_after_list_s number setting good_after_list: the same for a peer that sent a list (s)
---@field peer pex.row.peer

---@class pex.verdict.promote
---@field good boolean
---@field reason? string at most 80 bytes

---Addresses are wanted: which peer to ask for some.
---@class pex.view.ask : pex.view
---@field reason "tick"|"connected" the period has passed, or the one peer in `peers` has just connected
---@field need_more boolean the book is short of addresses
---@field peers pex.row.peer[] those that may be asked now

---@class pex.verdict.ask
---@field row integer|table
---@field reason? string at most 80 bytes

---Nothing in the book can be dialed, or we have been alone for long: which seeds to try.
---@class pex.view.seeds : pex.view
---@field need_more boolean the book is short of addresses
---@field alone_s number since the last peer left; -1: we have peers (s)
---@field seeds pex.row.seed[] those that may be dialed now

---@class pex.verdict.seeds
---@field rows (integer|table)[] tried in this order until one answers
---@field reason? string at most 80 bytes

---A persistent peer is away or could not be reached: when to try again.
---@class pex.view.reconnect : pex.view
---@field id string peer ID, 40 hex characters
---@field ip string IP literal
---@field port integer
---@field tag string tag of the most specific CIDR in [policy] tags, "": none
---@field class string what ended the last dial or the connection (error names)
---@field failures integer failed dials in a row (dials)
---@field away_s number since it was last connected, or since start (s)
---@field max_wait_s number persistent_peers_max_dial_period, 0: not set (s)
---@field tries integer settings reconnect_tries: so many at equal intervals ... (dials)
---@field interval_s number ... reconnect_interval ... (s)
---@field jitter_s number ... with a random part, reconnect_jitter ... (s)
---@field factor integer ... then each wait is so many times the last, reconnect_factor ...
---@field longest_s number ... up to reconnect_max (s)

---@class pex.verdict.reconnect
---@field wait_s number not before this (s)
---@field reason? string at most 80 bytes

---Which peers to let go, every period. They are closed gracefully and not dialed again at once.
---@class pex.view.rotate : pex.view
---@field hold_max_s number seed_disconnect_wait: the longest a seed keeps a peer (s)
---@field hold_after_list_s number setting crawl_hold_after_list (s)
---@field hold_without_list_s number setting crawl_hold_without_list (s)
---@field idle_s number setting seed_idle: for inbound peers of a seed that do not ask (s)
---@field peers pex.row.peer[] all but persistent and unconditional ones

---@class pex.verdict.rotate
---@field rows (integer|table)[]
---@field reason? string at most 80 bytes

---A crawl begins: which addresses to visit, in which order.
---@class pex.view.crawl : pex.view
---@field concurrency integer crawl_concurrency (dials)
---@field again_s number setting recrawl_interval: between two crawls of one ID (s)
---@field candidates pex.row.address[] drawn from the book, vetted and not vetted alike

---@class pex.verdict.crawl
---@field rows (integer|table)[]
---@field concurrency? integer at once; 0: as the setting, which is also the most (dials)
---@field reason? string at most 80 bytes

---An answer is built: what of the book goes into it, as numbers or row by row.
---@class pex.view.share : pex.view
---@field peer pex.row.peer who asked
---@field count integer how many a node of this book shares: 23 % of it, from 32 to 250 (addresses)
---@field seed_new_percent number setting seed_new_share: new addresses in a seed's answer (percent)
---@field candidates pex.row.address[] empty at first; with `draw` the hook is asked again and finds them here

---@class pex.verdict.share.amount
---@field count? integer (addresses)
---@field new_percent? number share of new addresses, which come first; -1: all alike (percent)
---@field verified_only? boolean only addresses that we dialed and whose ID we authenticated
---@field verified_first? boolean others only if these are too few
---@field verified_within_s? number how long ago at most; 0: ever (s)
---@field draw? integer ask again and show so many, drawn by these rules (candidates)
---@field reason? string at most 80 bytes

---@class pex.verdict.share.rows
---@field rows (integer|table)[]
---@field reason? string at most 80 bytes

---Somebody connects to us: let him in? Asked for the socket and again for the proven peer.
---@class pex.view.admit : pex.view
---@field stage "socket"|"peer" before the handshake (then id and what follows it are not known), or after it
---@field ip string IP literal
---@field group string address group: the /16 (IPv6: /32); with addr_book_strict "local" for loopback, "unroutable" for private networks and the like
---@field tag string tag of the most specific CIDR in [policy] tags, "": none
---@field ip_peers integer others that came from this IP (IPv6: its /64), proven or not (peers)
---@field group_peers integer others that came from this group, proven or not (peers)
---@field group_outbound integer outbound peers and dials in this group (peers)
---@field handshaking integer others that came and are not proven yet (peers)
---@field default_reject string why the core would refuse (error name), "": it would not
---@field id string peer ID, 40 hex characters
---@field version string
---@field moniker string
---@field known boolean its ID is in the book
---@field unconditional boolean
---@field persistent boolean
---@field peers pex.row.peer[] who could make room, 256 of them at most; only at stage peer while the inbound slots are full, and 20 times a second at most

---@class pex.verdict.admit.accept
---@field accept boolean
---@field reason? string at most 80 bytes

---@class pex.verdict.admit.reject
---@field reject string
---@field reason? string at most 80 bytes

---@class pex.verdict.admit.replace
---@field replace integer|table
---@field reason? string at most 80 bytes

---A peer asks for addresses: answer, and close when? false: ignore.
---@class pex.view.answer : pex.view
---@field peer pex.row.peer who asks; this request is counted
---@field since_last_s number since this ID's request before this, on whichever connection; -1: none known (s)
---@field ip_answers number answers its IP may still get now (answers)
---@field default_act "answer"|"ignore"|"disconnect" what the core would do

---@class pex.verdict.answer
---@field act "answer"|"ignore"|"disconnect"
---@field linger_s? number a seed closes the connection once the answer is out, but not later than this (s)
---@field reason? string at most 80 bytes

---A list arrived that we had asked for: which of its addresses go into the book.
---@class pex.view.accept : pex.view
---@field peer pex.row.peer who sent it
---@field room integer how many it may still add this hour (addresses)
---@field offers pex.row.offer[]

---@class pex.verdict.accept
---@field rows (integer|table)[]
---@field blame? integer counted as dead addresses of this peer, which lowers its room for a day (addresses)
---@field reason? string at most 80 bytes

---A bucket of the book is full: who leaves it for a newcomer. false: the newcomer.
---@class pex.view.evict : pex.view
---@field bucket "new"|"old"
---@field newcomer pex.row.address
---@field entries pex.row.address[] all of the bucket
---@field default_row integer whom the core would choose, as a number in `entries`; 0: the newcomer

---@class pex.verdict.evict.leave
---@field row integer|table
---@field reason? string at most 80 bytes

---@class pex.verdict.evict.test
---@field test integer|table dial it first: it leaves if it does not answer
---@field reason? string at most 80 bytes

---Bans ran out: which of their addresses come back into the book now.
---@class pex.view.reinstate : pex.view
---@field need_more boolean the book is short of addresses
---@field banned pex.row.banned[]

---@class pex.verdict.reinstate
---@field rows (integer|table)[]
---@field reason? string at most 80 bytes

---Something happened: for policies that learn, in policy.state. Nothing is answered.
---@class pex.view.observe : pex.view
---@field kind "connected"|"closed"|"dialed"|"dial_failed"|"list"|"round_trip"
---@field id string peer ID, 40 hex characters
---@field ip string IP literal
---@field port integer
---@field group string address group: the /16 (IPv6: /32); with addr_book_strict "local" for loopback, "unroutable" for private networks and the like
---@field tag string tag of the most specific CIDR in [policy] tags, "": none
---@field outbound boolean
---@field class string dial_failed, closed: why (error name)
---@field rtt_ms number dialed, round_trip (ms)
---@field addresses integer list: how many it held
---@field useful_addresses integer list: how many were new to us
---@field uptime_s number closed: how long it was connected (s)

---@class pex.policy
---@field name string
---@field version integer
---@field params table<string, any>
---@field state table plain data that survives reloads and restarts
---@field examples pex.example[]
---@field migrate? fun(old: table, version: integer): table
---@field use fun(part: table) takes hooks and examples of a part, such as require "backoff"
---@field bias? fun(view: pex.view.bias): pex.verdict.bias|nil
---@field select? fun(view: pex.view.select): pex.pick[]|pex.verdict.select|false|nil
---@field backoff? fun(view: pex.view.backoff): pex.verdict.backoff.wait|pex.verdict.backoff.ban|pex.verdict.backoff.remove|nil
---@field ban? fun(view: pex.view.ban): pex.verdict.ban|false|nil
---@field dial_count? fun(view: pex.view.dial_count): integer|pex.verdict.dial_count|false|nil
---@field promote? fun(view: pex.view.promote): boolean|pex.verdict.promote|nil
---@field ask? fun(view: pex.view.ask): integer|table|pex.verdict.ask|false|nil
---@field seeds? fun(view: pex.view.seeds): (integer|table)[]|pex.verdict.seeds|false|nil
---@field reconnect? fun(view: pex.view.reconnect): number|pex.verdict.reconnect|nil
---@field rotate? fun(view: pex.view.rotate): (integer|table)[]|pex.verdict.rotate|false|nil
---@field crawl? fun(view: pex.view.crawl): (integer|table)[]|pex.verdict.crawl|false|nil
---@field share? fun(view: pex.view.share): pex.verdict.share.amount|(integer|table)[]|pex.verdict.share.rows|false|nil
---@field admit? fun(view: pex.view.admit): boolean|pex.verdict.admit.accept|pex.verdict.admit.reject|pex.verdict.admit.replace|false|nil
---@field answer? fun(view: pex.view.answer): "answer"|"ignore"|"disconnect"|pex.verdict.answer|false|nil
---@field accept? fun(view: pex.view.accept): (integer|table)[]|pex.verdict.accept|false|nil
---@field evict? fun(view: pex.view.evict): integer|table|pex.verdict.evict.leave|pex.verdict.evict.test|false|nil
---@field reinstate? fun(view: pex.view.reinstate): (integer|table)[]|pex.verdict.reinstate|false|nil
---@field observe? fun(view: pex.view.observe): nil

pex = {}

---Begins a policy; the file ends with `return` of what this gives.
---@param spec pex.spec
---@return pex.policy
function pex.policy(spec) end

---The rules that this policy extends, by hook: pex.base.select(view). nil as an answer: the core's
---own rule decides.
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
