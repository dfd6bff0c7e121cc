/* Many nodes on virtual time: a host, like uv/, whose clock, network, name server, disks and power
 * are drawn from one seed. What runs in it are whole nodes, the same code as over real sockets.
 *
 *     machine 0: node --actions--> network --events--> machine 1: node
 *                  ^                  |                     |
 *                  '----- events -----'<------ actions -----'
 *
 * Two runs with the same seed and the same calls take the same steps, in any process: events are
 * ordered by (time, sequence) and every choice comes from the seeded generator. sim_log_hash sums
 * up all actions.
 *
 * The network carries messages, not bytes, but takes the time that TCP and the handshake take. With
 * d for the time one way between two machines (half their round trip):
 *
 *     dialer                              listener
 *     t      DIAL              SYN  --->  t + d   refused if nothing listens
 *     t + 2d connected   <--- SYN ACK
 *            handshake_timeout begins
 *                             keys  --->  t + 3d  ACCEPTED; ACCEPT or REFUSE
 *     t + 4d wrong ID?   <---  keys, authentication
 *             authentication, info  --->  t + 5d  info judged; ESTABLISHED
 *     t + 6d ESTABLISHED <---  info
 *
 * so the listener is first, may already have closed when the dialer is told, and a dialer that
 * fails at t + 4d has not shown its ID. Errors are those of link/link.h and of sockets; the checks
 * of node info are wire/'s own. Messages leave flush_throttle_ms after SEND, in order; a close
 * overtakes what has not left yet, unless it comes with time to flush. Established peers ping each
 * other. Data on its way between two islands (sim_partition) waits for sim_heal, as TCP would make
 * it wait; whoever loses patience first, by dial, handshake or pong timeout, ends the connection.
 *
 * Not modelled: bandwidth, processing time, full socket buffers, file descriptors.
 *
 * Cost: a step of a node and its place in the event queue; nothing happens between events. Memory
 * is bounded by what runs; being out of it ends the process. */
#ifndef SIM_SIM_H
#define SIM_SIM_H

#include "node/node.h"

struct sim;

struct sim_settings {
    uint64_t seed;
    int64_t start_wall_ms; /* Unix time at virtual 0 */
    /* Round trip between two machines, the same for the whole run; small ones are more frequent. */
    int64_t rtt_min_ms, rtt_max_ms;
    double dial_loss; /* share of dials that never get an answer; sim_set_dial_loss */
    int64_t dial_timeout_ms, handshake_timeout_ms;
    int64_t ping_interval_ms, pong_timeout_ms;
    int64_t flush_throttle_ms, send_timeout_ms;
    uint32_t send_queue_max; /* messages that may wait for a silent peer */
    int64_t lookup_ms, store_ms;
};

/* Go's constants, round trips of 10 to 300 ms, no loss, seed 1. */
struct sim_settings sim_settings_default(void);

struct sim *sim_new(const struct sim_settings *settings);
void sim_free(struct sim *sim); /* NULL is fine */

/* Machines, numbered from 0 */

/* A program in place of a node: a stand-in for a hostile or foreign peer, fed and obeyed like one.
 */
struct sim_actor {
    void (*step)(void *self, struct now now, const struct event *event, struct outbox *outbox);
    int64_t (*deadline)(void *self); /* mono_ms of the next EVENT_TICK; NULL: never */
    void *self;
};

struct sim_machine {
    /* Copied with its lists. rng_seed is drawn anew at each start. Without own_addresses, `at` is
     * the node's own address. */
    struct node_settings node;
    struct book_settings book;
    struct policy *policy;                /* borrowed until sim_free */
    void (*begin)(struct policy *policy); /* told of each start, before the node is made; or NULL */
    struct sim_actor actor;               /* runs instead of a node if it has a step */

    struct endpoint at;       /* where it listens, and the IP it dials from; no two have the same */
    const struct addr *known; /* in the book of a first start, told by themselves; copied */
    size_t known_n;

    const char *listen_addr; /* as node info says it; NULL: `at`. Copied as all texts */
    const char *network, *moniker, *version;
    uint64_t block_version;

    bool nat;  /* nobody can dial it: packets to `at` vanish */
    bool mute; /* its TCP connects both ways, but it never says a word; it has no node */
    int64_t clock_skew_ms; /* of its wall clock */
};

/* Defaults of node and book, network "sim"; left empty: node.id, policy, at. */
struct sim_machine sim_machine_default(void);

/* Adds a machine, switched off. */
uint32_t sim_add(struct sim *sim, const struct sim_machine *machine);
uint32_t sim_machines(const struct sim *sim);

/* Starts its node with the book that its last run stored. It must be off. */
void sim_start(struct sim *sim, uint32_t i);

enum sim_end {
    SIM_STOP,   /* COMMAND_STOP: it takes leave and saves */
    SIM_CRASH,  /* the process dies: its peers see their connections end, dials are refused */
    SIM_VANISH, /* the machine dies: its peers hear nothing, dials get no answer */
};
void sim_end(struct sim *sim, uint32_t i, enum sim_end how);
/* The next start finds no stored book. */
void sim_wipe(struct sim *sim, uint32_t i);

/* Gives its node an event; it must be on. */
void sim_command(struct sim *sim, uint32_t i, enum command_kind kind, const struct addr *addr);
void sim_policy_loaded(struct sim *sim, uint32_t i, const char *name);

bool sim_is_on(const struct sim *sim, uint32_t i);
/* The running node; NULL: off, an actor or mute. */
const struct node *sim_node(const struct sim *sim, uint32_t i);
struct addr sim_addr(const struct sim *sim, uint32_t i);
/* Why its node refused to run (ACTION_ABORT), or NULL. It is off then. */
const char *sim_aborted(const struct sim *sim, uint32_t i);
/* The book as last stored; empty: never. Borrowed until it is stored again. */
struct span sim_image(const struct sim *sim, uint32_t i);

/* The network */

/* How addresses without a running machine answer; SIM_SILENT unless set. */
enum sim_reach { SIM_SILENT, SIM_REFUSES, SIM_UNREACHABLE };
void sim_set_reach(struct sim *sim, const struct endpoint *at, enum sim_reach reach);
/* What a host name resolves to from now on; none: it does not. At most RESOLVED_MAX. */
void sim_set_name(struct sim *sim, const char *host, const struct ip *ips, size_t n);
void sim_set_dial_loss(struct sim *sim, double share);
/* Only machines with equal numbers hear each other; islands has one number for each machine. */
void sim_partition(struct sim *sim, const uint32_t *islands);
void sim_heal(struct sim *sim);
/* Resets one of this machine's established connections, 0 for the oldest; false: it has fewer. */
bool sim_reset(struct sim *sim, uint32_t i, uint32_t nth);
int64_t sim_rtt_ms(const struct sim *sim, uint32_t i, uint32_t j);

/* Time */

struct now sim_now(const struct sim *sim);
/* Lets everything happen that is due until then, and moves the clock there. */
void sim_run_until(struct sim *sim, int64_t mono_ms);
/* The same until the condition holds, which is asked now and every every_ms; whether it does. */
bool sim_run_until_true(struct sim *sim, int64_t limit_ms, int64_t every_ms,
    bool (*condition)(void *context, const struct sim *sim), void *context);
/* Calls back at that time, between two steps. */
void sim_at(
    struct sim *sim, int64_t mono_ms, void (*call)(void *context, struct sim *sim), void *context);
/* The run's own generator: for scenarios that must reproduce with it. */
struct rng *sim_rng(struct sim *sim);

/* Watching */

/* One step of a node or actor: what it was told and what it wants, before any of it is done. */
struct sim_step {
    uint32_t machine;
    struct now now;
    const struct node *node; /* NULL: an actor */
    const struct event *event;
    const struct action *actions;
    size_t actions_n;
};

/* Called for every step; must not change the simulation. Observers stay until sim_free. */
void sim_observe(
    struct sim *sim, void (*observe)(void *context, const struct sim_step *step), void *context);

/* Sums up the time, machine, event and actions of every step so far. */
uint64_t sim_log_hash(const struct sim *sim);

struct sim_counts {
    uint64_t steps;
    uint64_t dials, connections; /* TCP connected and handshake done on both sides */
    uint64_t messages;           /* delivered */
};
struct sim_counts sim_counts(const struct sim *sim);

#endif
