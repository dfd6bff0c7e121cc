/* One node as the program runs it: settings turned into a host, a node with its book, and a policy
 * VM that follows its file. `start` runs one for each home, `demo` runs many.
 *
 * Life: runner_open -> runner_start -> runner_stop -> (is_stopped) -> runner_close. runner_close
 * may follow runner_open directly, and a failed one. */
#ifndef APP_RUNNER_H
#define APP_RUNNER_H

#include "app/policy/policy_loader.h"
#include "app/policy/policy_state.h"
#include "app/settings/settings.h"
#include "app/trace/tracing.h"
#include "crypto/node_key.h"
#include "ops/ops.h"
#include "trace/journal.h"
#include "uv/host.h"

#define RUNNER_WHY_MAX 1200

/* Everything is borrowed until runner_close. */
struct runner_options {
    struct workspace *workspace;
    const struct settings *settings;
    const struct node_key *key;
    const char *network;
    struct log log;
    uint64_t rng_seed; /* of decisions */
    /* After a reload: why it failed, or NULL. May itself be NULL. */
    void (*reloaded)(void *context, const char *why);
    void *reloaded_context;
    /* A new policy failed too often and the one before answers again; may be NULL. */
    void (*taken_back)(void *context, const char *why);
    void *taken_back_context;
    /* For demonstrations; all-zero otherwise. */
    struct endpoint dial_from;
    int64_t write_delay_ms;
    bool keeps_no_store; /* no luapex.db and no policy.state, addrbook.json only */
};

struct runner {
    struct runner_options options;
    struct host_settings host_settings;
    struct host *host;
    struct node *node;
    struct script *script;
    struct journal *journal; /* between node and script */
    struct tracing tracing;  /* between journal and script */
    struct policy_loader loader;
    struct policy_state state;    /* of the policy, on disk; not open if it keeps no store */
    uv_prepare_t turn;            /* opens the script's time budget of each turn of the loop */
    char *book_path, *store_path; /* store_path: NULL if it keeps no store */
    char *policy_path;            /* NULL for the policy in the binary */
    struct tags *tags;            /* NULL: none */
    char id_text[PEER_ID_TEXT + 1];
    char listen_text[ADDR_TEXT_MAX]; /* of a port the system chose */
    struct endpoint external;        /* all-zero: none, or a name that does not resolve */
    double taken_back_s; /* Unix time at which a policy was, as the journal knows; 0: never */
    bool is_started, is_stopped;
    const char *aborted; /* why the node gave up (static text), NULL: it did not */
    void (*stopped)(void *context, struct runner *runner);
    void *stopped_context;
    /* What became of a command; may be NULL. */
    void (*answered)(void *context, const struct node_answer *answer);
    void *answered_context;
};

/* Loads policy and book, opens the listening socket, makes the node. On failure `why`
 * (RUNNER_WHY_MAX bytes) is a sentence for people: what, and with files where. */
enum err runner_open(struct runner *runner, const struct runner_options *options, char *why);
/* Sets out. `stopped` is called once, when the node has ended - by runner_stop or by itself
 * (`aborted` says why) - and only memory is left. */
enum err runner_start(struct runner *runner, void (*stopped)(void *context, struct runner *runner),
    void *context, char *why);
/* Begins to read the policy file again. An error keeps the running policy and is logged with file
 * and line; `reloaded` of the options is told either way. */
void runner_reload_policy(struct runner *runner);
/* [policy] file of the settings is another from here on: it is what reloads read, and what is
 * watched (see runner_watch_policy); the one before is not. ERR_NO_MEMORY: everything is as before.
 */
enum err runner_follow_policy(struct runner *runner, struct ops *ops);
/* Changes of the policy file are loaded, if there is one and the settings want that. NULL: no. */
void runner_watch_policy(struct runner *runner, struct ops *ops);
/* Somebody gave the script another policy: the journal and the node are told. */
void runner_policy_loaded(struct runner *runner);
/* One that it had answers again or at last, as the journal knows: the node is told. */
void runner_policy_changed(struct runner *runner);
/* One did not load, and the script knows (script_refused): the log and the journal are told. */
void runner_policy_refused(struct runner *runner, const struct script_error *error);
/* The limits of its policies. */
struct script_settings runner_script_settings(const struct runner *runner);
void runner_stop(struct runner *runner);
/* Of a node that has ended: whether changes of its book could not be stored. The log is told. */
bool runner_left_unstored(const struct runner *runner);
/* For a runner that was started: host_command. */
void runner_command(struct runner *runner, const struct node_command *command);
void runner_close(struct runner *runner);

/* Where an address of the settings is. ERR_LOOKUP: it is a name still (start/names.h). */
enum err runner_locate(const struct listen_address *address, struct endpoint *at);
struct endpoint runner_endpoint(const struct runner *runner); /* where it listens */

#endif
