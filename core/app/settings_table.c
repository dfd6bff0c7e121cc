#include "app/settings_table.h"

#include "app/nearest.h"
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
        "The socket through which a running node is asked and steered. It has no settings yet."},
    {"instrumentation", false, NULL},
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

    OTHER("p2p", "laddr", LISTEN, p2p.laddr, "tcp://0.0.0.0:26656", "Address to listen on."),
    OTHER("p2p", "external_address", REACHABLE, p2p.external_address, "",
        "Address at which others reach us, host:port. Without it they are told laddr, and nobody "
        "keeps an address like 0.0.0.0."),
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
        "How many peers may connect to us."),
    COUNT("p2p", "max_num_outbound_peers", p2p.max_num_outbound_peers, "10", 0, 100000, "peers",
        "How many peers we connect to."),
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
    TIME("pex", "min_request_interval", pex.min_request_interval_ms, "10s", 0, DAY,
        "A peer that asks for addresses more often than this is banned."),
    TIME("pex", "own_request_spacing", pex.own_request_spacing_ms, "12s", 0, DAY,
        "Time between two requests of ours to one peer. CometBFT bans who asks within 10s."),
    COUNT("pex", "need_more_addresses", pex.need_more_addresses, "1000", 32, 20480, "addresses",
        "Peers are asked for addresses while the book holds fewer than this."),
    COUNT("pex", "ip_answers_burst", pex.ip_answers_burst, "20", 1, 1000000, "answers",
        "Address lists that one IP gets at once, over all its connections. No limit with "
        "allow_duplicate_ip."),
    COUNT("pex", "ip_answers_per_s", pex.ip_answers_per_s, "1", 1, 1000000, "answers per second",
        "Address lists that one IP gets in the long run."),
    COUNT("pex", "dial_concurrency", pex.dial_concurrency, "64", 1, 4096, "dials",
        "How many dials may be under way at once."),
    COUNT("pex", "dial_rate", pex.dial_rate, "0", 0, 10000, "dials per second",
        "How many dials may begin in a second. 0: 10, in seed mode 200."),
    TIME("pex", "startup_spread", pex.startup_spread_ms, "3s", 0, 30 * SECOND,
        "Configured peers are first dialed after a random part of this."),
    COUNT("pex", "max_handshaking", pex.max_handshaking, "64", 1, 65536, "connections",
        "How many accepted connections may still have to prove an ID; more are closed at once."),
    COUNT("pex", "max_inbound_per_ip", pex.max_inbound_per_ip, "0", 0, 100000, "connections",
        "How many connections one IP (of IPv6: one /64) may have to us. 0: one, or any number with "
        "allow_duplicate_ip."),
    COUNT("pex", "max_inbound_per_group", pex.max_inbound_per_group, "0", 0, 100000, "connections",
        "How many connections one group of addresses (a /16, of IPv6 a /32) may have to us. 0: no "
        "limit."),
    TIME("pex", "book_save_interval", pex.book_save_interval_ms, "2m", SECOND, DAY,
        "Time between two savings of the address book."),
    TIME("pex", "crawl_period", pex.crawl_period_ms, "30s", 100, DAY,
        "Seed mode: time between two passes over the address book."),
    COUNT("pex", "crawl_concurrency", pex.crawl_concurrency, "64", 1, 4096, "dials",
        "Seed mode: how many dials of a crawl may be under way at once."),
    COUNT("pex", "crawl_outbound_max", pex.crawl_outbound_max, "256", 1, 100000, "peers",
        "Seed mode: how many peers a crawl may be connected to or dialing."),
    TIME("pex", "seed_disconnect_wait", pex.seed_disconnect_wait_ms, "28h", SECOND, 365 * DAY,
        "Seed mode: longest time that a peer stays connected."),

    OTHER("policy", "file", PATH, policy.file, "",
        "A Lua policy; it may `require` the .lua files beside it. Empty: the rules in the binary. "
        "Files that their group or everybody may write are refused."),
    OTHER("policy", "watch", BOOLEAN, policy.watch, "true",
        "Load the policy again when its files change. The signal HUP does so in any case."),
    COUNT("policy", "instructions_max", policy.instructions_max, "2000000", 1000, 1000000000,
        "instructions", "What one call of a hook may take. Loading may take ten times as many."),
    COUNT("policy", "memory_max", policy.memory_max, "4194304", 1 << 20, 1 << 30, "bytes",
        "Memory that the policy may hold."),
    TIME("policy", "fuse", policy.fuse_ms, "20ms", 1, SECOND,
        "Longest time of one call of a hook. Loading may take ten times as long."),
    TIME("policy", "turn_fuse", policy.turn_fuse_ms, "50ms", 1, 5 * SECOND,
        "Longest time of all calls in one turn of the event loop; then the rules in the binary "
        "answer."),

    UNUSED("instrumentation", "prometheus", BOOLEAN, instrumentation.prometheus, "false",
        "no metrics are served yet"),
    UNUSED("instrumentation", "prometheus_listen_addr", TEXT,
        instrumentation.prometheus_listen_addr, ":26660", NULL),
    UNUSED("instrumentation", "namespace", TEXT, instrumentation.namespace_, "cometbft", NULL),
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
    return nearest;
}
