/* What the files of this folder share. Not for users: they see sim.h. */
#ifndef SIM_STATE_H
#define SIM_STATE_H

#include "base/heap.h"
#include "base/map.h"
#include "node/outbox.h"
#include "sim/need.h"
#include "sim/sim.h"
#include <stddef.h>

/* Whatever waits for its time: the first member of everything that is in the queue. */
enum due_kind {
    DUE_MACHINE, /* a node's deadline */
    DUE_NOTE,    /* something a machine will be told */
    DUE_PIPE,    /* the next segment of a pipe arrives */
    DUE_SIDE,    /* a connection's patience ends, or it pings */
    DUE_CALL,    /* sim_at */
};

struct due {
    struct heap_item item;
    enum due_kind kind;
};

struct host_name {
    char text[HOST_MAX + 1];
    struct ip ips[RESOLVED_MAX];
    size_t ips_n;
};

struct side;

struct machine {
    struct due due;
    struct sim *sim;
    uint32_t index;
    struct sim_machine settings; /* its pointers lead to our own copies */
    struct node_info info;
    char id_text[PEER_ID_TEXT + 1];

    struct node *node;
    bool on, stopping;
    enum sim_reach off_reach; /* how it answers dials while it is off */
    uint32_t run;             /* counts starts */
    uint32_t island;
    const char *aborted;
    char *image; /* the disk */
    size_t image_n;

    uint64_t accepted;         /* numbers given to accepted sockets */
    uint16_t ports;            /* local ports used by dials */
    struct map by_number;      /* connection number -> place in the sim's table of sides */
    struct side *first, *last; /* its sides of connections, longest first */
};

struct observer {
    void (*observe)(void *context, const struct sim_step *step);
    void *context;
};

struct sim {
    struct sim_settings settings;
    struct rng rng;
    uint64_t pair_seed; /* for round trips */
    int64_t now_ms;
    struct heap queue;
    struct outbox outbox;

    struct machine **machines;
    uint32_t machines_n, machines_cap;
    struct map by_endpoint; /* listening address -> machine */
    struct map reaches;     /* address without a machine -> enum sim_reach */
    struct host_name *names;
    size_t names_n;

    struct conn **conns; /* NULL: free */
    uint32_t conns_cap;
    uint32_t *free_conns;
    uint32_t free_conns_n;

    struct observer *observers;
    size_t observers_n;
    uint64_t log_hash;
    struct sim_counts counts;
};

/* queue.c */

void queue_put(struct sim *sim, struct due *due, int64_t at_ms);
void queue_drop(struct sim *sim, struct due *due);
/* Frees notes and calls that are still in it. */
void queue_free(struct sim *sim);

/* A machine will be told this after a while, if it still runs then. Takes image (or NULL). */
void note_put(struct sim *sim, struct machine *machine, int64_t in_ms, const struct event *event,
    char *image, size_t image_n);
/* The same for the answer to a look-up. */
void note_resolved(struct sim *sim, struct machine *machine, uint64_t token, const char *host);
/* Ends a machine that must not run on, as soon as this step is over. */
void note_stop(struct sim *sim, struct machine *machine);

/* machine.c */

/* Gives the machine's program an event and does what it wants. */
void machine_step(struct machine *machine, const struct event *event);
/* The program is gone; connections must be ended before. */
void machine_off(struct machine *machine);
void machine_free(struct machine *machine);
struct now machine_time(const struct machine *machine);
void machine_due(struct machine *machine);
/* A book is on the disk. Takes the image. */
void machine_stored(struct machine *machine, char *image, size_t n);

#endif
