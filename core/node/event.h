/* What a node is told and what it wants done: two closed sets of plain values.
 *
 * A host (uv, sim, replay) turns the world into events and actions into the world. Connections are
 * named by a number: the host numbers accepted sockets upwards from 1, the node numbers its dials
 * upwards from CONN_OUTBOUND + 1. A number is never used twice.
 *
 * Life of a connection, as the host sees it:
 *
 *     accepted --> ACCEPT --> established --> message* --> closed
 *              \-> REFUSE                 \-> CLOSE
 *     DIAL --> dial failed
 *          \-> established ...
 *
 * After REFUSE, CLOSE, a closed or a dial-failed event the number is dead: the host sends no
 * further event for it and ignores actions that name it. CLOSE may also come before `established`.
 *
 * Beside an error there may be a `detail`: the fact behind it in words ("our network is a-1, theirs
 * is b-2"), for the log and for people who ask. No decision depends on it. NULL: the error says
 * all. Printable characters, at most DETAIL_MAX bytes; one of an action is valid until the outbox
 * is reset. */
#ifndef NODE_EVENT_H
#define NODE_EVENT_H

#include "addr/addr.h"
#include "base/now.h"
#include "book/bans.h"
#include "book/changes.h"
#include "wire/node_info.h"
#include "wire/pex_message.h"

#define CONN_OUTBOUND (UINT64_C(1) << 63)
#define DETAIL_MAX 255

enum event_kind {
    EVENT_START,         /* once, first */
    EVENT_TICK,          /* node_deadline has come */
    EVENT_ACCEPTED,      /* a socket was accepted; answer with ACCEPT or REFUSE */
    EVENT_ESTABLISHED,   /* handshake done, every check of wire.md 2.2 steps 3 - 9 passed */
    EVENT_DIAL_FAILED,   /* a DIAL ended before `established` */
    EVENT_MESSAGE,       /* a decoded PEX message */
    EVENT_SEND_FAILED,   /* a SEND was dropped: queue full for too long (F12) */
    EVENT_ROUND_TRIP,    /* a ping was answered */
    EVENT_CLOSED,        /* an accepted or established connection ended */
    EVENT_RESOLVED,      /* answer to RESOLVE */
    EVENT_STORED,        /* answer to STORE */
    EVENT_EXPORTED,      /* answer to EXPORT */
    EVENT_COMMAND,       /* an operator wants something */
    EVENT_POLICY_LOADED, /* another policy answers from now on */
};

enum command_kind {
    COMMAND_STOP, /* save, close every connection; the last actions before the host frees the node
                   */
    COMMAND_SAVE, /* store and export the book now */
    COMMAND_DIAL, /* dial `addr` once, outside the rounds */
    COMMAND_DISCONNECT,        /* close the peer `id` */
    COMMAND_BAN,               /* `ban`; connected peers that it names are closed */
    COMMAND_UNBAN,             /* every ban of `target`; the addresses they kept come back */
    COMMAND_PERSISTENT_ADD,    /* stay connected to `peer` */
    COMMAND_PERSISTENT_REMOVE, /* `id` is no longer persistent; a connection of it stays */
    COMMAND_SEED_ADD,          /* `peer` is one of the seeds */
    COMMAND_SET,               /* `set`: another value of a setting */
    COMMAND_SEED_REMOVE,       /* `id` is no longer a seed; a connection of it stays */
};

/* Settings of a node that may change while it runs: X(type, field of struct node_settings). The
 * value that comes is in the range that its field has there. */
#define NODE_LIVE_SETTINGS(X)                                                                      \
    X(bool, allow_duplicate_ip)                                                                    \
    X(uint32_t, max_inbound)                                                                       \
    X(uint32_t, max_outbound)                                                                      \
    X(uint32_t, max_handshaking)                                                                   \
    X(uint32_t, max_inbound_per_ip)                                                                \
    X(uint32_t, max_inbound_per_group)                                                             \
    X(int64_t, persistent_max_dial_period_ms)                                                      \
    X(int64_t, ensure_peers_period_ms)                                                             \
    X(int64_t, request_interval_min_ms)                                                            \
    X(int64_t, own_request_spacing_ms)                                                             \
    X(uint32_t, ip_answers_burst)                                                                  \
    X(double, ip_answers_per_s)                                                                    \
    X(int64_t, seed_disconnect_wait_ms)                                                            \
    X(int64_t, crawl_period_ms)                                                                    \
    X(uint32_t, crawl_concurrency)                                                                 \
    X(uint32_t, crawl_outbound_max)                                                                \
    X(uint32_t, dial_concurrency)                                                                  \
    X(uint32_t, dial_rate)                                                                         \
    X(uint32_t, range_dial_concurrency)                                                            \
    X(uint32_t, range_dial_rate)                                                                   \
    X(int64_t, own_trouble_wait_ms)                                                                \
    X(int64_t, wrong_id_block_ms)                                                                  \
    X(int64_t, other_network_block_ms)                                                             \
    X(int64_t, request_timeout_ms)                                                                 \
    X(int64_t, late_list_grace_ms)                                                                 \
    X(int64_t, request_retry_ms)                                                                   \
    X(double, seed_new_percent)                                                                    \
    X(int64_t, seed_flush_ms)                                                                      \
    X(uint32_t, source_hourly_max)                                                                 \
    X(uint32_t, source_dead_step)                                                                  \
    X(int64_t, good_after_ms)                                                                      \
    X(int64_t, good_after_list_ms)                                                                 \
    X(int64_t, good_again_ms)                                                                      \
    X(int64_t, recrawl_interval_ms)                                                                \
    X(int64_t, crawl_hold_after_list_ms)                                                           \
    X(int64_t, crawl_hold_without_list_ms)                                                         \
    X(int64_t, seed_idle_ms)                                                                       \
    X(int64_t, record_lifetime_ms)                                                                 \
    X(uint32_t, alone_rounds)                                                                      \
    X(int64_t, seed_retry_ms)                                                                      \
    X(int64_t, lookup_retry_min_ms)                                                                \
    X(int64_t, lookup_retry_max_ms)                                                                \
    X(uint32_t, reconnect_tries)                                                                   \
    X(int64_t, reconnect_interval_ms)                                                              \
    X(int64_t, reconnect_jitter_ms)                                                                \
    X(uint32_t, reconnect_factor)                                                                  \
    X(int64_t, reconnect_max_ms)                                                                   \
    X(int64_t, book_save_interval_ms)

enum node_setting {
#define NODE_SETTING_ENUM(type, field) NODE_SETTING_##field,
    NODE_LIVE_SETTINGS(NODE_SETTING_ENUM)
#undef NODE_SETTING_ENUM
};

struct node_command {
    enum command_kind kind;
    uint64_t token; /* of the ACTION_ANSWER that follows in the same step; 0: none is wanted */
    union {
        struct addr addr;
        struct peer_id id;
        struct {
            struct ban_target target;
            int64_t duration_ms;
            const char *reason;
        } ban;
        struct ban_target target;
        const struct addr_text *peer;
        struct {
            enum node_setting setting;
            int64_t value;
        } set;
    };
};

/* "persistent add"; static. */
const char *command_name(enum command_kind kind);

#define RESOLVED_MAX 8

/* All pointers are borrowed during node_step. */
struct event {
    enum event_kind kind;
    uint64_t conn; /* of the connection events */
    union {
        struct {
            struct endpoint remote;
        } accepted;
        struct {
            struct peer_id id;
            const struct node_info *info;
            struct endpoint remote; /* other end of the socket */
            int32_t connect_ms;     /* time TCP took to connect; -1 for an accepted socket */
        } established;
        struct {
            enum err err;
            bool id_proven; /* the dialed ID authenticated before the dial failed (F25) */
            const char *detail;
        } dial_failed;
        const struct pex_message *message;
        struct {
            int32_t ms;
        } round_trip;
        struct {
            enum err err;
            struct peer_id id; /* proven ID of a handshake that failed later, else all-zero */
            const char *detail;
        } closed;
        struct {
            uint64_t token;
            enum err err;
            const struct ip *ips;
            size_t ips_n; /* at most RESOLVED_MAX */
        } resolved;
        struct {
            enum err err;                    /* ERR_CORRUPT: the store was lost and is empty now */
            const struct book_changes *rows; /* of the STORE; NULL: nobody knows any more */
            const char *detail;
        } stored;
        struct {
            enum err err;
        } exported;
        struct node_command command;
        struct {
            const char *name;
        } policy_loaded;
    };
};

enum action_kind {
    ACTION_DIAL,    /* TCP connect and handshake to `addr`, expecting its ID */
    ACTION_ACCEPT,  /* go on with the handshake */
    ACTION_REFUSE,  /* close an accepted socket before any byte */
    ACTION_SEND,    /* encode and queue a PEX message */
    ACTION_CLOSE,   /* close; with flush_ms > 0 write what is queued first, for at most so long */
    ACTION_RESOLVE, /* look a host name up */
    ACTION_STORE,  /* write these rows to the store, all or none; not before the last is answered */
    ACTION_EXPORT, /* write this book image to addrbook.json, atomically */
    ACTION_ANSWER, /* what became of a command with a token */
    ACTION_ABORT,  /* the node cannot run (R6): tell the operator and exit */
};

/* What became of a command. */
struct node_answer {
    uint64_t token;
    enum err err;
    uint32_t n; /* peers closed, bans ended */
    const char *detail;
};

struct action {
    enum action_kind kind;
    uint64_t conn;
    union {
        struct {
            struct addr addr;
        } dial;
        struct {
            enum err why;
            const char *detail;
        } refuse;
        struct pex_message send; /* addrs are valid until the outbox is reset */
        struct {
            enum err why;
            int64_t flush_ms;
            const char *detail;
        } close;
        struct {
            uint64_t token;
            const char *host; /* valid until the outbox is reset */
        } resolve;
        struct book_changes store; /* the host takes them and frees them */
        struct {
            char *image; /* heap; the host takes it and frees it */
            size_t n;
        } export;
        struct node_answer answer;
        struct {
            const char *why; /* static sentence */
        } abort;
    };
};

#endif
