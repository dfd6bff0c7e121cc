#include "app/settings/settings_table.h"

#include "base/nearest.h"
#include "script/script.h"
#include <assert.h>
#include <string.h>

#define RATE_MAX 1000000000000 /* bytes per second */
#define SECOND INT64_C(1000)
#define MINUTE (60 * SECOND)
#define HOUR (60 * MINUTE)
#define DAY (24 * HOUR)

/* One row each; the field is named as in struct settings. */
#define ROW(section, key, type, field, ...)                                                        \
    {                                                                                              \
        section, key, section "." key, SETTING_##type, offsetof(struct settings, field),           \
            __VA_ARGS__                                                                            \
    }
#define OTHER(section, key, type, field, initial, doc)                                             \
    ROW(section, key, type, field, initial, 0, 0, NULL, false, doc)
#define COUNT(section, key, field, initial, min, max, unit, doc)                                   \
    ROW(section, key, INTEGER, field, initial, min, max, unit, false, doc)
#define TIME(section, key, field, initial, min, max, doc)                                          \
    ROW(section, key, DURATION, field, initial, min, max, NULL, false, doc)
#define UNUSED(section, key, type, field, initial, doc)                                            \
    ROW(section, key, type, field, initial, 0, 0, NULL, true, doc)

const struct settings_section settings_sections[] = {
    {"", false, NULL},
    {"p2p", true,
        "Who we are on the network and whom we talk to. Keys and defaults are CometBFT's."},
    {"pex", true,
        "Peer exchange: how often, how much, how fast. Defaults are CometBFT's constants."},
    {"policy", true, "The Lua rules that decide about dialing, preference, backoff and bans."},
    {"control", true,
        "The socket through which a running node is asked and steered, by `luapex ctl`."},
    {"trace", true,
        "A record of all that happens to the node and what it decides, for `luapex replay` and "
        "`luapex policy diff`. It holds peers' addresses and the address book, but no secret key."},
    {"instrumentation", false,
        "Metrics. Besides, the signal USR1 has them written to data/metrics.prom."},
};
const size_t settings_sections_n = sizeof settings_sections / sizeof *settings_sections;

const struct setting settings_table[] = {
    OTHER("", "moniker", NAME, moniker, NULL, "Name of this node for people."),
    OTHER("", "log_level", LOG_LEVEL, log_level, "info",
        "Least important lines to log: debug, info, error or none. Of CometBFT's lists, such as "
        "p2p:debug,*:error, the level for p2p counts, else the one for *."),
    OTHER("", "log_format", LOG_FORMAT, log_format, "plain",
        "How a line is written: plain (key=value) or json."),
    OTHER("", "genesis_file", PATH, genesis_file, "config/genesis.json",
        "Its chain_id names the network if [pex] network is empty. Nothing else of it is read."),
    OTHER("", "node_key_file", PATH, node_key_file, "config/node_key.json",
        "The private key that this node's ID is made from. Keep it secret."),
    UNUSED("", "filter_peers", BOOLEAN, filter_peers, "false",
        "there is no application to ask about peers"),

    OTHER("p2p", "laddr", LISTEN, p2p.laddr, "tcp://0.0.0.0:26656",
        "Address to listen on. A host name is looked up once, at the start, which waits for it up "
        "to 10 s."),
    OTHER("p2p", "external_address", REACHABLE, p2p.external_address, "",
        "Address at which others reach us, host:port. Without it they are told laddr, and nobody "
        "keeps an address like 0.0.0.0. A host name is told as it is, and looked up once at the "
        "start, for up to 10 s, so that we know ourselves."),
    UNUSED("p2p", "upnp", BOOLEAN, p2p.upnp, NULL, "UPnP is not supported"),
    OTHER("p2p", "seeds", ADDRESSES, p2p.seeds, "",
        "Peers to ask for addresses when we know too few: ID@host:port, separated by commas."),
    OTHER("p2p", "persistent_peers", ADDRESSES, p2p.persistent_peers, "",
        "Peers to stay connected to: ID@host:port, separated by commas."),
    OTHER("p2p", "addr_book_file", PATH, p2p.addr_book_file, "config/addrbook.json",
        "Where the address book is kept."),
    OTHER("p2p", "addr_book_strict", BOOLEAN, p2p.addr_book_strict, "true",
        "Keep only addresses that the public Internet routes. Set it to false for private and "
        "local networks."),
    COUNT("p2p", "max_num_inbound_peers", p2p.max_num_inbound_peers, "40", 0, 100000, "peers",
        "How many peers may connect to us. Fewer than are connected: they stay."),
    COUNT("p2p", "max_num_outbound_peers", p2p.max_num_outbound_peers, "10", 0, 100000, "peers",
        "How many peers we connect to. Fewer than are connected: they stay."),
    OTHER("p2p", "unconditional_peer_ids", IDS, p2p.unconditional_peer_ids, "",
        "IDs, separated by commas, that may connect beyond the two maxima."),
    TIME("p2p", "persistent_peers_max_dial_period", p2p.persistent_peers_max_dial_period_ms, "0s",
        0, 365 * DAY, "Longest pause between two dials of a persistent peer. 0s: no such limit."),
    TIME("p2p", "flush_throttle_timeout", p2p.flush_throttle_timeout_ms, "100ms", 0, MINUTE,
        "How long a small message may wait for others to be written with it."),
    COUNT("p2p", "max_packet_msg_payload_size", p2p.max_packet_msg_payload_size, "1024", 1, 1 << 20,
        "bytes", "Largest payload of a packet. A peer that sends more is cut off."),
    COUNT("p2p", "send_rate", p2p.send_rate, "5120000", 0, RATE_MAX, "bytes per second",
        "How fast one connection is written to. 0: no limit."),
    COUNT("p2p", "recv_rate", p2p.recv_rate, "5120000", 0, RATE_MAX, "bytes per second",
        "How fast one connection is read from. 0: no limit."),
    OTHER("p2p", "pex", BOOLEAN, p2p.pex, "true", "Exchange addresses with peers."),
    OTHER("p2p", "seed_mode", BOOLEAN, p2p.seed_mode, "false",
        "Be a seed: crawl the network, answer one request of each peer, then close. Needs pex."),
    OTHER("p2p", "private_peer_ids", IDS, p2p.private_peer_ids, "",
        "IDs, separated by commas, whose addresses are never told to others."),
    OTHER("p2p", "allow_duplicate_ip", BOOLEAN, p2p.allow_duplicate_ip, "false",
        "Allow more than one connection to the same IP."),
    TIME("p2p", "handshake_timeout", p2p.handshake_timeout_ms, "20s", 100, 10 * MINUTE,
        "Time for the key exchange, and again for the node info. CometBFT always takes 3s."),
    TIME("p2p", "dial_timeout", p2p.dial_timeout_ms, "3s", 10, 10 * MINUTE,
        "Time for a TCP connection to be made. CometBFT always takes 1s."),

    OTHER("pex", "network", TEXT, pex.network, "",
        "Network (chain ID) to join. Empty: the chain_id of genesis_file."),
    TIME("pex", "ensure_peers_period", pex.ensure_peers_period_ms, "30s", 100, DAY,
        "Time between two rounds that look for more peers."),
    TIME("pex", "first_round_delay", pex.first_round_delay_max_ms, "0s", 0, DAY,
        "The first of these rounds comes after a random part of this, but of no more than a "
        "period."),
    COUNT("pex", "need_more_addresses", pex.need_more_addresses, "1000", 32, 16777216, "addresses",
        "Peers are asked for addresses while the book holds fewer than this."),

    TIME("pex", "min_request_interval", pex.min_request_interval_ms, "10s", 0, DAY,
        "A peer that asks for addresses more often than this is banned."),
    COUNT("pex", "ip_answers_burst", pex.ip_answers_burst, "20", 1, 1000000, "answers",
        "Address lists that one IP gets at once, over all its connections. No limit with "
        "allow_duplicate_ip."),
    COUNT("pex", "ip_answers_per_s", pex.ip_answers_per_s, "1", 1, 1000000, "answers per second",
        "Address lists that one IP gets in the long run."),
    COUNT("pex", "answer_share", pex.answer_share, "23", 1, 100, "percent",
        "Part of the book that an address list of ours holds, but no fewer than answer_min "
        "addresses and no more than answer_max."),
    COUNT("pex", "answer_min", pex.answer_min, "32", 1, 250, "addresses",
        "Shortest address list of ours, if the book has so many."),
    COUNT("pex", "answer_max", pex.answer_max, "250", 1, 250, "addresses",
        "Longest address list of ours. Peers take 250 at most."),

    TIME("pex", "own_request_spacing", pex.own_request_spacing_ms, "12s", 0, DAY,
        "Time between two requests of ours to one peer. CometBFT bans who asks within 10s."),
    TIME("pex", "request_timeout", pex.request_timeout_ms, "30s", SECOND, DAY,
        "A request that is not answered within this time is given up."),
    TIME("pex", "late_list_grace", pex.late_list_grace_ms, "90s", 0, DAY,
        "An answer that comes within this time after that is no offence, only ignored."),
    TIME("pex", "request_retry", pex.request_retry_ms, "2m", SECOND, DAY,
        "Time between two requests to a peer that does not answer."),
    COUNT("pex", "source_hourly_max", pex.source_hourly_max, "2000", 1, 1000000, "addresses",
        "New addresses taken from one peer in an hour."),
    COUNT("pex", "source_dead_step", pex.source_dead_step, "50", 1, 1000000, "addresses",
        "Each time this many of its addresses prove dead, that number is halved for a day."),

    COUNT("pex", "dial_concurrency", pex.dial_concurrency, "64", 1, 4096, "dials",
        "How many dials may be under way at once."),
    COUNT("pex", "dial_rate", pex.dial_rate, "0", 0, 10000, "dials per second",
        "How many dials may begin in a second. 0: 10, in seed mode 200."),
    COUNT("pex", "range_dial_concurrency", pex.range_dial_concurrency, "2", 1, 256, "dials",
        "How many of them may go to one /24 (IPv6: /48) at once, with addr_book_strict."),
    COUNT("pex", "range_dial_rate", pex.range_dial_rate, "10", 2, 1000, "dials per minute",
        "How many dials to one /24 (IPv6: /48) may begin in a minute, with addr_book_strict."),
    TIME("pex", "own_trouble_wait", pex.own_trouble_wait_ms, "1m", SECOND, DAY,
        "Time until an address is dialed again that this machine could not reach for want of a "
        "route, port or file descriptor."),
    TIME("pex", "wrong_id_block", pex.wrong_id_block_ms, "24h", MINUTE, 30 * DAY,
        "How long an address is blocked under an ID that somebody else answered for."),
    TIME("pex", "other_network_block", pex.other_network_block_ms, "24h", MINUTE, 30 * DAY,
        "How long a known ID is blocked that dialed us and proved to be of another network."),

    TIME("pex", "startup_spread", pex.startup_spread_ms, "3s", 0, 30 * SECOND,
        "Configured peers are first dialed after a random part of this."),
    COUNT("pex", "reconnect_tries", pex.reconnect_tries, "20", 0, 1000000, "dials",
        "A lost persistent peer is dialed this many times at reconnect_interval."),
    TIME("pex", "reconnect_interval", pex.reconnect_interval_ms, "5s", SECOND, DAY,
        "Time between those dials, before the random part."),
    TIME("pex", "reconnect_jitter", pex.reconnect_jitter_ms, "3s", 0, HOUR,
        "A random part of this is added to every wait for a persistent peer."),
    COUNT("pex", "reconnect_factor", pex.reconnect_factor, "3", 1, 100, "times",
        "After those, each wait is this many times the one before, beginning at 1s."),
    TIME("pex", "reconnect_max", pex.reconnect_max_ms, "5m", SECOND, DAY,
        "Longest of those waits, unless persistent_peers_max_dial_period is set."),
    COUNT("pex", "alone_rounds", pex.alone_rounds, "2", 1, 1000000, "periods",
        "With no peer for this many ensure_peers_period, seeds are dialed whatever the book "
        "holds."),
    TIME("pex", "seed_retry", pex.seed_retry_ms, "10s", 10 * SECOND, DAY,
        "Time between two dials of one seed."),
    TIME("pex", "lookup_retry_min", pex.lookup_retry_min_ms, "30s", SECOND, DAY,
        "The name of a seed that does not resolve is looked up again after this time, then after "
        "twice as long, and so on."),
    TIME("pex", "lookup_retry_max", pex.lookup_retry_max_ms, "10m", SECOND, DAY,
        "Longest time between two look-ups of such a name."),

    COUNT("pex", "max_handshaking", pex.max_handshaking, "256", 1, 65536, "connections",
        "How many accepted connections may still have to prove an ID. Each further one takes the "
        "place of the oldest, and of those that have said nothing first."),
    COUNT("pex", "max_inbound_per_ip", pex.max_inbound_per_ip, "0", 0, 100000, "connections",
        "How many connections one IP (of IPv6: one /64) may have to us. 0: one, or any number with "
        "allow_duplicate_ip."),
    COUNT("pex", "max_inbound_per_group", pex.max_inbound_per_group, "0", 0, 100000, "connections",
        "How many connections one group of addresses (a /16, of IPv6 a /32) may have to us. 0: no "
        "limit; in seed mode a quarter of max_num_inbound_peers (at least 8) for a group of public "
        "addresses, unless allow_duplicate_ip is set or addr_book_strict is not. A provider that "
        "hosts much of your network may need more."),
    TIME("pex", "ping_interval", pex.ping_interval_ms, "1m", SECOND, DAY,
        "Time between two pings to a peer."),
    TIME("pex", "pong_timeout", pex.pong_timeout_ms, "45s", 100, DAY,
        "A peer that does not answer a ping within this time is closed. Less than ping_interval."),
    COUNT("pex", "send_queue", pex.send_queue, "10", 1, 1000, "messages",
        "How many messages may wait for a slow peer."),
    TIME("pex", "send_timeout", pex.send_timeout_ms, "10s", 0, HOUR,
        "One message more waits this long for room among them, then it is dropped."),

    TIME("pex", "good_after", pex.good_after_ms, "1h", 0, 365 * DAY,
        "The address of a peer that we dialed is vetted once it has stayed connected this long."),
    TIME("pex", "good_after_list", pex.good_after_list_ms, "10m", 0, 365 * DAY,
        "The same for a peer that has told us addresses. In seed mode at once."),
    TIME("pex", "good_again", pex.good_again_ms, "1h", SECOND, 365 * DAY,
        "Time until the same connection vouches for its address again."),
    TIME("pex", "bad_grace", pex.bad_grace_ms, "1m", MINUTE, 365 * DAY,
        "A bad address is the first to make room. Vetted addresses are never bad, nor are those "
        "dialed within this time."),
    TIME("pex", "bad_unseen", pex.bad_unseen_ms, "168h", MINUTE, 3650 * DAY,
        "An address is bad if it was last dialed longer ago than this."),
    COUNT("pex", "bad_retries", pex.bad_retries, "3", 1, 1000000, "dials",
        "An address is bad if it was dialed this many times and never answered."),
    COUNT("pex", "bad_failures", pex.bad_failures, "10", 1, 1000000, "dials",
        "An address is bad if its last dials, this many, failed and it answered longer ago than "
        "bad_success."),
    TIME("pex", "bad_success", pex.bad_success_ms, "168h", MINUTE, 3650 * DAY, "See bad_failures."),
    COUNT("pex", "new_buckets", pex.new_buckets, "256", 1, 65536, "buckets",
        "The address book keeps addresses that were never vetted in so many buckets. The book as a "
        "whole holds at most all places of all buckets: a crawler may want many more."),
    COUNT("pex", "new_bucket_size", pex.new_bucket_size, "64", 1, 256, "addresses",
        "Places of one such bucket."),
    COUNT("pex", "new_buckets_per_group", pex.new_buckets_per_group, "32", 1, 65536, "buckets",
        "How many of them the sources of one group of IPs can reach: of one /16, or /32 for IPv6. "
        "Grow it with new_buckets."),
    COUNT("pex", "old_buckets", pex.old_buckets, "64", 1, 65536, "buckets",
        "The same for vetted addresses."),
    COUNT("pex", "old_bucket_size", pex.old_bucket_size, "64", 1, 256, "addresses",
        "Places of one bucket of vetted addresses."),
    COUNT("pex", "old_buckets_per_group", pex.old_buckets_per_group, "4", 1, 65536, "buckets",
        "How many of those the addresses of one group of IPs can reach. Grow it with "
        "old_buckets."),
    COUNT("pex", "duplicate_factor", pex.duplicate_factor, "2", 0, 1000000, "times",
        "An address told again by others gets a second to fourth place in the book with "
        "probability 1 / (this times the places it has). 0: never."),
    COUNT("pex", "bans_max", pex.bans_max, "10000", 16, 1000000, "bans",
        "How many bans are kept at most."),
    TIME("pex", "record_lifetime", pex.record_lifetime_ms, "24h", MINUTE, 365 * DAY,
        "How long it is remembered when a peer was crawled and what it did."),
    TIME("pex", "book_store_interval", pex.book_store_interval_ms, "1s", 10, HOUR,
        "Time between two writings of what changed in the address book to data/luapex.db."),
    TIME("pex", "book_save_interval", pex.book_save_interval_ms, "2m", SECOND, DAY,
        "Time between two savings of the address book to addr_book_file."),

    TIME("pex", "crawl_period", pex.crawl_period_ms, "30s", 100, DAY,
        "Seed mode: time between two passes over the address book."),
    TIME("pex", "recrawl_interval", pex.recrawl_interval_ms, "2m", 30 * SECOND, 365 * DAY,
        "Seed mode: time between two crawls of one ID."),
    COUNT("pex", "crawl_concurrency", pex.crawl_concurrency, "64", 1, 4096, "dials",
        "Seed mode: how many dials of a crawl may be under way at once."),
    COUNT("pex", "crawl_outbound_max", pex.crawl_outbound_max, "256", 1, 100000, "peers",
        "Seed mode: how many peers a crawl may be connected to or dialing."),
    TIME("pex", "crawl_hold_after_list", pex.crawl_hold_after_list_ms, "5s", 0, 365 * DAY,
        "Seed mode: how long a crawled peer is kept when it has told us addresses."),
    TIME("pex", "crawl_hold_without_list", pex.crawl_hold_without_list_ms, "30s", 0, 365 * DAY,
        "Seed mode: how long a crawled peer may take to tell us addresses."),
    TIME("pex", "seed_idle", pex.seed_idle_ms, "1m", SECOND, 365 * DAY,
        "Seed mode: a peer that dialed us and has not asked for addresses within this time is "
        "closed."),
    TIME("pex", "seed_disconnect_wait", pex.seed_disconnect_wait_ms, "28h", SECOND, 365 * DAY,
        "Seed mode: longest time that a peer stays connected."),
    TIME("pex", "seed_flush", pex.seed_flush_ms, "10s", 1, 10 * SECOND,
        "Seed mode: longest time that the answer may take to be written, before the close."),
    COUNT("pex", "seed_new_share", pex.seed_new_share, "30", 0, 100, "percent",
        "Seed mode: part of an answer that is addresses not vetted yet."),

    OTHER("control", "socket", PATH, control.socket, "luapex.sock",
        "Where that socket is. Only its owner and root can use it. Empty: none."),
    OTHER("control", "laddr", LOOPBACK, control.laddr, "",
        "The same over TCP, for who has the token: 127.0.0.1:port or [::1]:port. Empty: none."),
    OTHER("control", "token_file", PATH, control.token_file, "data/control.token",
        "The token that clients over TCP must know; made when it is first needed. Keep it secret."),

    OTHER("policy", "file", PATH, policy.file, "",
        "A Lua policy; it may `require` the .lua files beside it. Empty: the rules in the binary. "
        "Files that their group or everybody may write are refused."),
    OTHER("policy", "tags", PATH, policy.tags, "",
        "A text file of names for address ranges, one `CIDR TAG` a line (AS numbers, countries, "
        "allow-lists): what policies see as `tag`. Read at start. Empty: none."),
    OTHER("policy", "watch", BOOLEAN, policy.watch, "true",
        "Load the policy again when its files change. The signal HUP does so in any case."),
    COUNT("policy", "instructions_max", policy.instructions_max, "2000000", 1000,
        SCRIPT_INSTRUCTIONS_MAX, "instructions",
        "What one call of a hook may take. Loading may take ten times as many."),
    COUNT("policy", "memory_max", policy.memory_max, "4194304", 1 << 20, SCRIPT_MEMORY_MAX, "bytes",
        "Memory that the policy may hold."),
    TIME("policy", "fuse", policy.fuse_ms, "20ms", 1, SECOND,
        "CPU time of one call of a hook; a machine that stalls fails none. Loading may take ten "
        "times as much."),
    TIME("policy", "turn_fuse", policy.turn_fuse_ms, "50ms", 1, 5 * SECOND,
        "CPU time of all calls in one turn of the event loop; then the rules in the binary "
        "answer."),

    OTHER("trace", "file", PATH, trace.file, "",
        "Where it is written, readable for its owner only. Empty: no trace."),
    COUNT("trace", "size_max", trace.size_max, "268435456", 1 << 20, INT64_C(1) << 40, "bytes",
        "Size of one file. Then it is renamed to FILE.1, and the trace goes on in a new one."),
    COUNT("trace", "files_max", trace.files_max, "4", 1, 1000, "files",
        "How many files are kept, the one being written included. Older ones are removed."),
    TIME("trace", "segment", trace.segment_ms, "10m", SECOND, DAY,
        "How often the whole state is written, so that replay can begin there."),

    OTHER("instrumentation", "prometheus", BOOLEAN, instrumentation.prometheus, "false",
        "Serve /metrics for Prometheus, /healthz and /readyz over HTTP."),
    OTHER("instrumentation", "prometheus_listen_addr", LISTEN,
        instrumentation.prometheus_listen_addr, ":26660",
        "Where, as host:port; without a host at every address of this machine. Whoever reaches it "
        "can "
        "read it. Several nodes of one process share it."),
    OTHER("instrumentation", "namespace", NAMESPACE, instrumentation.namespace_, "cometbft",
        "What names of metrics begin with: letters, digits and _."),
};
const size_t settings_table_n = sizeof settings_table / sizeof *settings_table;
static_assert(sizeof settings_table / sizeof *settings_table <= SETTINGS_MAX, "room in arrays");

const struct settings_section *settings_section_find(const char *name)
{
    for (size_t i = 0; i < settings_sections_n; i++)
        if (strcmp(settings_sections[i].name, name) == 0)
            return &settings_sections[i];
    return NULL;
}

const struct setting *setting_find(const char *section, const char *key)
{
    for (size_t i = 0; i < settings_table_n; i++)
        if (strcmp(settings_table[i].section, section) == 0 &&
            strcmp(settings_table[i].key, key) == 0)
            return &settings_table[i];
    return NULL;
}

static bool same_name(const char *known, const char *given)
{
    for (; *known && (*known == *given || (*known == '_' && *given == '-')); known++)
        given++;
    return *known == *given;
}

const struct setting *setting_find_name(const char *name)
{
    for (size_t i = 0; i < settings_table_n; i++)
        if (same_name(setting_name(&settings_table[i]), name))
            return &settings_table[i];
    return NULL;
}

static const struct setting *find_elsewhere(const char *key)
{
    for (size_t i = 0; i < settings_table_n; i++)
        if (!settings_table[i].is_unused && strcmp(settings_table[i].key, key) == 0)
            return &settings_table[i];
    return NULL;
}

const struct setting *setting_nearest(const char *section, const char *key)
{
    const struct setting *nearest = NULL;
    unsigned best = nearest_slip_max(key) + 1;
    for (size_t i = 0; i < settings_table_n; i++) {
        const struct setting *setting = &settings_table[i];
        if (strcmp(setting->section, section) != 0)
            continue;
        unsigned distance = edit_distance(key, setting->key, best);
        if (distance < best) {
            best = distance;
            nearest = setting;
        }
    }
    return nearest ? nearest : find_elsewhere(key);
}
