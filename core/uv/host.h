/* A node on libuv: real sockets, the machine's clock and entropy, a resolver and a store.
 *
 *     listener --.                      .--> tcp (socket + link) of each connection
 *     resolver ---+--> event --> node --+--> resolver
 *     store    --'     action <---'     '--> store
 *
 * One host drives one node; a loop can carry many hosts, which share its workspace. Everything runs
 * on the loop's thread, except look-ups and file writing, which libuv's workers do.
 *
 * Order: callbacks of libuv and of links turn into events and are given to node_step at once; the
 * actions it answers with are kept, and done only when that callback has returned (host_settle in
 * state.h). So node_step is never entered twice, and no link is freed while it is receiving.
 *
 * Life: host_new -> [host_listen] -> host_start -> host_stop -> (stopped is called) -> host_free.
 * host_free may also follow host_new or host_listen directly.
 */
#ifndef UV_HOST_H
#define UV_HOST_H

#include "link/link.h"
#include "node/node.h"
#include "uv/store_file.h"
#include "uv/workspace.h"

struct host;

struct host_settings {
    struct link_settings link; /* its handshake_timeout_ms is our handshake_timeout (F18) */
    struct endpoint
        dial_from; /* local end of dialed sockets, port 0; all-zero: the system chooses */
    uint32_t max_handshaking; /* > 0; accepted, the ID not proven yet (F24) */
    int64_t dial_timeout_ms;  /* TCP connect (F18) */
    int64_t write_timeout_ms; /* 30 s; for what a socket does not take at once, at most 64 KiB */
    int64_t write_delay_ms;   /* holds every write back so long, for demonstrations; else 0 */
    const char *book_path;    /* addrbook.json; NULL: ACTION_EXPORT succeeds without a file */
    const char *store_path;   /* luapex.db; NULL: ACTION_STORE succeeds without one */
    struct log log;
    /* The node cannot run (ACTION_ABORT). host_stop may be called from here. */
    void (*aborted)(void *context, const char *why);
    /* What became of a command with a token; may be NULL. */
    void (*answered)(void *context, const struct node_answer *answer);
    void *context;
};

/* Go's constants and one PEX channel. Left empty: link.key, the texts of link.own, dial_from,
 * book_path, store_path, log, aborted. */
struct host_settings host_settings_default(void);

struct host_counts {
    uint32_t sockets; /* connections of any state, closing ones too */
    uint64_t accepted, accept_errors;
    uint64_t shed;                /* accepted and closed at once: no descriptor left (F19) */
    uint64_t bytes_in, bytes_out; /* as on the wire */
    /* Of PEX messages, by enum pex_kind: decoded ones, and those that were queued. */
    uint64_t messages_in[PEX_KINDS], messages_out[PEX_KINDS]; /* bytes */
    uint64_t lists_sent;                                      /* messages: lists of addresses */
};

/* Borrows workspace and settings, which may still change until host_start. NULL: out of memory. */
struct host *host_new(struct workspace *workspace, const struct host_settings *settings);

/* Binds and listens; connections are taken from host_start on. Port 0: the system chooses.
 * ERR_IO with *why (static text) naming the step and cause. */
enum err host_listen(struct host *host, const struct endpoint *at, const char **why);
/* Where it listens; all-zero when it does not. */
struct endpoint host_listen_endpoint(const struct host *host);

/* Takes the opened database at store_path, so that it need not be opened again. Before host_start.
 */
void host_use_store(struct host *host, struct store_file *file);
/* Begins to accept and gives the node EVENT_START. Borrows node, which must live until host_free.
 * ERR_IO: libuv refuses the listening socket; only host_stop may follow. */
enum err host_start(struct host *host, struct node *node);
/* EVENT_COMMAND, except COMMAND_STOP. One with a token is answered before this returns, or soon
 * after when it comes out of a callback of the host; ERR_STOPPING once host_stop was called. */
void host_command(struct host *host, const struct node_command *command);
/* EVENT_POLICY_LOADED. */
void host_policy_loaded(struct host *host, const char *name);

/* COMMAND_STOP: the node saves and takes leave, then every handle is closed. `stopped` is called
 * once, when the book is on disk and no handle of this host is left; it may call host_free. A name
 * look-up that cannot be cancelled ends on its own, and the loop stays alive until then. */
void host_stop(struct host *host, void (*stopped)(void *context), void *context);
/* NULL is fine. */
void host_free(struct host *host);

struct host_counts host_counts(const struct host *host);

/* How the rows of ACTION_STORE fare. */
struct host_storing {
    uint64_t failures;            /* times that rows could not be written */
    int64_t failing_since_ms;     /* wall; the first failure in a row; 0: the last were written */
    char why[STORE_FILE_WHY_MAX]; /* the last failure, as in the log; "": the last were written */
};
const struct host_storing *host_storing(const struct host *host);

/* One connection that is up, and bytes of its PEX messages: decoded, queued, still to be written.
 */
struct host_peer {
    struct peer_id id;
    uint64_t received, sent;
    size_t pending;
};
/* Calls visit for each. */
void host_peers(const struct host *host, void (*visit)(void *context, const struct host_peer *peer),
    void *context);
/* Bytes of heap of one connection that is up: the socket with its place in the tables, and its link
 * apart. For reports. */
size_t host_memory(const struct host *host, size_t *links);

#endif
