/* One home in use by this process: its settings, its lock, who it is, and its node.
 *
 * Life: members_read -> member_take -> member_open -> (runner_start, runner_stop) -> member_close,
 * which may follow any of them, also a failed one. */
#ifndef APP_MEMBER_H
#define APP_MEMBER_H

#include "app/cli/flags.h"
#include "app/home/genesis.h"
#include "app/metrics/metrics.h"
#include "app/run/log_writer.h"
#include "app/run/runner.h"

#define MEMBERS_MAX 64
#define MEMBER_WHY_MAX (RUNNER_WHY_MAX + 512) /* what failed, with the home's name */

/* Must not move once it is open. */
struct member {
    struct settings settings;
    const char *name; /* the home as it was given, where there are several; else NULL */
    int lock;         /* home_lock; -1: none */
    struct node_key key;
    char network[GENESIS_CHAIN_ID_MAX + 1];
    struct log_writer writer;
    struct log log;
    struct runner runner;
};

/* Reads the settings of every home that the command line names, in its order, or of the default
 * one. With several, flags and variables that set something of one node are refused. On failure,
 * which was told to the user, *code is the exit status, and *n says how many to close. */
bool members_read(
    const struct flags *flags, struct member members[MEMBERS_MAX], size_t *n, int *code);

/* Takes the home, makes its node key if it has none, as CometBFT does, and finds out its network.
 * `why` (MEMBER_WHY_MAX bytes) is a sentence on failure. */
enum err member_take(struct member *member, char *why);
/* Of homes that were taken. ERR_INVALID when all together need more files than the process may
 * open, or when two are the same node; `why` as above. */
enum err members_check(const struct member *members, size_t n, char *why);
/* Opens its runner; `why` as above. */
enum err member_open(struct member *member, struct workspace *workspace, char *why);
/* Logs who it is and whom it was told of, once it is open. */
void member_announce(const struct member *member);
/* What metrics are made from; false: its node does not run. */
bool member_metrics(const struct member *member, struct metrics_node *made);
/* Its node has ended or never ran: closes what it had open, and another process may take the home.
 */
void member_release(struct member *member);
void member_close(struct member *member);

#endif
