/* The nodes of a demonstration, and what is noted about each while it runs. Every node is a home of
 * its own in a temporary folder and has its own address: 127.1.0.1 is the seed, 127.2.0.1 the first
 * node, and so on. It holds its writes back by a time drawn from the seed number. */
#ifndef APP_DEMO_CAST_H
#define APP_DEMO_CAST_H

#include "app/control/controller.h"

#define DEMO_NODES_MAX 200
#define DEMO_EVENT_MAX 512
#define DEMO_NETWORK "luapex-demo"
#define DEMO_DELAY_MIN_MS 5
#define DEMO_DELAY_MAX_MS 300

struct demo_cast;

struct demo_node {
    struct demo_cast *cast;
    char name[12]; /* "seed", "node3" */
    char home[128];
    int64_t delay_ms; /* of its writes */
    struct settings settings;
    struct node_key key;
    struct runner runner;
    struct controller controller; /* all-zero: it has no control socket */
    enum log_level log_level;     /* for the controller, which may change it */
    bool is_open;

    char last_event[DEMO_EVENT_MAX];
    int64_t outbound_after_ms; /* first outbound peer; -1: never */
    int64_t peer_after_ms;     /* first peer that is not the seed; -1: never */
    int64_t target_after_ms;   /* no outbound slot free, or nobody left to dial; -1: never */
};

struct demo_cast {
    uv_loop_t *loop;
    struct workspace *workspace;
    struct demo_node *nodes; /* [0] is the seed */
    unsigned n;              /* with the seed */
    uint64_t seed;           /* of delays and decisions */
    unsigned target;         /* outbound slots of each node */
    const char *folder;      /* its homes are in here */
    struct ops *ops;         /* serves their control sockets; NULL: they have none */
    const char *policy_path;
    const char *traces; /* folder for NAME.trace of each; NULL: none */
    int64_t started_ms;
    unsigned started_n, stopped_n;
    unsigned policy_loads, policy_errors; /* while it ran */
    unsigned policy_takebacks;            /* of all nodes: a new policy that failed too often */
    unsigned reloaded_n;                  /* nodes that are through with the running reload */
    char refused[RUNNER_WHY_MAX];         /* why one of them refused, "": none */
    char trouble[RUNNER_WHY_MAX];         /* why the policy last saved is not in force, "": it is */
    bool is_taken_back;                   /* that: some node loaded it, and it failed there */
    /* Told of every event worth reading. */
    void (*tell)(void *context, const char *who, const char *event);
    void (*ended)(void *context); /* all nodes have stopped */
    void *context;
};

/* Makes homes, keys and runners of n nodes and the seed. ERR_INVALID, ERR_IO ... with a sentence in
 * why (RUNNER_WHY_MAX bytes); demo_cast_close must follow in any case. */
enum err demo_cast_open(struct demo_cast *cast, unsigned n, char *why);
enum err demo_cast_start(struct demo_cast *cast, char *why);
/* Begins to load the policy file again, everywhere. */
void demo_cast_reload(struct demo_cast *cast);
/* Stops every node; `ended` follows. */
void demo_cast_stop(struct demo_cast *cast);
void demo_cast_close(struct demo_cast *cast);

/* Notes which node has reached what by now. */
void demo_cast_sample(struct demo_cast *cast);
int64_t demo_cast_age_ms(const struct demo_cast *cast);

/* What one node looks like now. */
struct demo_look {
    struct node_counts counts;
    unsigned peers; /* without the seed */
    unsigned known; /* addresses in the book */
    int32_t rtt_ms; /* mean over its peers, -1: unknown */
};
struct demo_look demo_node_look(const struct demo_node *node);

#endif
