/* Settings of a node: plain data, read from four places.
 *
 *     flag  >  environment variable  >  config/config.toml  >  default
 *
 * One table (settings_table.c) names every setting: section, key, type, default, range, unit and
 * what it does. It drives the defaults, the parser, the errors, the commented config.toml that
 * `init` writes, the flags (--p2p.laddr) and the variables (LUAPEX_P2P_LADDR, CMT_P2P_LADDR,
 * TM_P2P_LADDR; the first one set wins). Keys and defaults of [p2p] are CometBFT's (behaviour.md
 * 4), so a home made by `cometbft init` is read as it is: sections we do not know are skipped,
 * unknown keys in the sections we do know are warned about with the nearest name.
 *
 * Relative paths stay as they are written; settings_path puts them under the home.
 */
#ifndef APP_SETTINGS_H
#define APP_SETTINGS_H

#include "addr/addr.h"
#include "base/log.h"
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define SETTINGS_FILE "config/config.toml"
#define SETTINGS_FILE_MAX (4u << 20) /* bytes of a config.toml */
#define SETTINGS_LIST_MAX 4096       /* addresses or IDs of one list */
#define SETTINGS_MAX 128             /* settings that there may be */

/* Where a value was read; each outranks those before it. */
enum settings_source { FROM_DEFAULT, FROM_FILE, FROM_VARIABLE, FROM_FLAG };

enum log_format { LOG_FORMAT_PLAIN, LOG_FORMAT_JSON };

/* `text` as written, which is what a peer is told (laddr, external_address); never NULL.
 * When `text` is empty, `at` is all-zero. `at.host` may be a name. */
struct listen_address {
    char *text;
    struct addr_text at;
};

struct address_list {
    struct addr_text *items;
    size_t n;
};

struct id_list {
    struct peer_id *items;
    size_t n;
};

/* Texts are never NULL; "" means not set. Everything is owned by the struct. */
struct settings {
    char *home;
    uint8_t sources[SETTINGS_MAX]; /* enum settings_source of each row of settings_table */

    char *moniker; /* default: this machine's host name */
    char *genesis_file;
    char *node_key_file;
    bool filter_peers; /* read for CometBFT's sake; the policy decides who is let in */
    enum log_level log_level;
    enum log_format log_format;

    struct {
        struct listen_address laddr;
        struct listen_address external_address;
        bool upnp; /* ignored */
        struct address_list seeds;
        struct address_list persistent_peers;
        char *addr_book_file;
        bool addr_book_strict;
        int64_t max_num_inbound_peers, max_num_outbound_peers;
        struct id_list unconditional_peer_ids;
        int64_t persistent_peers_max_dial_period_ms; /* 0: no cap */
        int64_t flush_throttle_timeout_ms;
        int64_t max_packet_msg_payload_size; /* bytes */
        int64_t send_rate, recv_rate;        /* bytes per second and connection; 0: no limit */
        bool pex;
        bool seed_mode; /* implies pex */
        struct id_list private_peer_ids;
        bool allow_duplicate_ip;
        int64_t handshake_timeout_ms, dial_timeout_ms;
    } p2p;

    struct {
        char *network; /* "": the chain_id of genesis_file */

        /* Rounds */
        int64_t ensure_peers_period_ms, first_round_delay_max_ms;
        int64_t need_more_addresses;
        /* Answering: what we grant to others (R27, F13, B35) */
        int64_t min_request_interval_ms;
        int64_t ip_answers_burst, ip_answers_per_s;
        int64_t answer_share /* percent */, answer_min, answer_max;
        /* Asking (P8, P16, F12) */
        int64_t own_request_spacing_ms, request_timeout_ms, late_list_grace_ms, request_retry_ms;
        int64_t source_hourly_max, source_dead_step;
        /* Dialing (P3) */
        int64_t dial_concurrency, dial_rate /* 0: 10, in seed mode 200 */;
        int64_t range_dial_concurrency, range_dial_rate /* per minute */;
        int64_t own_trouble_wait_ms, wrong_id_block_ms, other_network_block_ms;
        /* Configured peers (S16, S20, P10, P26) */
        int64_t startup_spread_ms;
        int64_t reconnect_tries, reconnect_interval_ms, reconnect_jitter_ms, reconnect_factor,
            reconnect_max_ms;
        int64_t alone_rounds, seed_retry_ms, lookup_retry_min_ms, lookup_retry_max_ms;
        /* Connections (F24) */
        int64_t max_handshaking;                           /* accepted, not authenticated */
        int64_t max_inbound_per_ip, max_inbound_per_group; /* 0: node/settings.h */
        int64_t ping_interval_ms, pong_timeout_ms;
        int64_t send_queue, send_timeout_ms;
        /* The book (P6, P23, P24, P28) */
        int64_t good_after_ms, good_after_list_ms, good_again_ms;
        int64_t bad_grace_ms, bad_unseen_ms, bad_retries, bad_failures, bad_success_ms;
        int64_t new_buckets, new_bucket_size, new_buckets_per_group;
        int64_t old_buckets, old_bucket_size, old_buckets_per_group;
        int64_t duplicate_factor, bans_max, record_lifetime_ms;
        int64_t book_store_interval_ms, book_save_interval_ms;
        /* Seed mode (R61, F17, P14, P19, P20) */
        int64_t crawl_period_ms, recrawl_interval_ms, crawl_concurrency, crawl_outbound_max;
        int64_t crawl_hold_after_list_ms, crawl_hold_without_list_ms;
        int64_t seed_idle_ms, seed_disconnect_wait_ms, seed_flush_ms;
        int64_t seed_new_share; /* percent */
    } pex;

    struct {
        char *socket;                /* "": none */
        struct listen_address laddr; /* loopback; "": none */
        char *token_file;
    } control;

    struct {
        char *file;               /* "": the rules in the binary */
        char *tags;               /* "": no address has a tag */
        bool watch;               /* reload when the file or a .lua file beside it changes */
        int64_t instructions_max; /* of one call */
        int64_t memory_max;       /* bytes */
        int64_t fuse_ms;          /* of one call */
        int64_t turn_fuse_ms;     /* of all calls in one turn of the loop */
    } policy;

    struct {
        char *file;        /* "": none */
        int64_t size_max;  /* bytes of one file */
        int64_t files_max; /* that one and older ones */
        int64_t segment_ms;
    } trace;

    struct {
        bool prometheus;
        struct listen_address prometheus_listen_addr;
        char *namespace_;
    } instrumentation;
};

/* One thing that is wrong, for people. */
struct settings_problem {
    bool is_error;   /* else a warning: the settings are usable */
    char where[512]; /* "HOME/config/config.toml:12", "--p2p.laddr", "CMT_P2P_LADDR" */
    char key[64];    /* "p2p.laddr"; "" when the file as a whole is meant */
    char cause[512];
};

#define SETTINGS_PROBLEMS_MAX 32

struct settings_problems {
    struct settings_problem items[SETTINGS_PROBLEMS_MAX];
    unsigned n;
    unsigned errors_n; /* all errors, also those beyond the last item */
};

/* A value from the command line: name "p2p.laddr" (or "moniker"), value as text. Borrowed. */
struct settings_override {
    const char *name;
    const char *value;
};

/* There are errors, and flags are to blame for all of them. */
bool settings_problems_are_of_flags(const struct settings_problems *problems);

/* The home directory: `given` (the --home flag, may be NULL), else $LUAPEX_HOME, else ~/.luapex.
 * Heap text; NULL when none can be found, or it is empty. */
char *settings_home(const char *given);

/* Reads HOME/config/config.toml (home NULL: no file), then `environment` (as environ, may be NULL),
 * then `flags`. Problems of every source are collected, not only the first; ERR_INVALID when one of
 * them is an error, with *settings untouched. There may be warnings with ERR_OK. ERR_NO_MEMORY. */
enum err settings_load(const char *home, char *const *environment,
    const struct settings_override *flags, size_t flags_n, struct settings *settings,
    struct settings_problems *problems);

/* Every default, nothing read; for runs without a home. ERR_NO_MEMORY. */
enum err settings_default(struct settings *settings);

/* All-zero is fine. */
void settings_free(struct settings *settings);

/* "WHERE: KEY: CAUSE", "--KEY: CAUSE" for a flag; without newline, cut at cap - 1. */
char *settings_problem_text(const struct settings_problem *problem, char *out, size_t cap);

/* A path of the settings as a path to open: absolute ones as they are, others under the home.
 * Heap text, NULL when out of memory. */
char *settings_path(const struct settings *settings, const char *path);

#endif
