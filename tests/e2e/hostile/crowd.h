/* Many clients of one behaviour at once, in one thread. */
#ifndef HOSTILE_CROWD_H
#define HOSTILE_CROWD_H

#include "e2e/hostile/client.h"

struct crowd_plan {
    const struct behaviour *behaviour;
    struct endpoint to;
    struct span network;
    struct ip from;    /* the first source address; */
    uint32_t from_n;   /* then so many after it in turn */
    uint32_t at_once;  /* clients at the same time */
    uint64_t total;    /* clients to begin with, 0: no limit */
    uint64_t honest;   /* no more that do not misbehave yet, 0: no limit; at the node's own pace */
    uint64_t every_us; /* between two beginnings, on average */
    uint64_t pace_us;  /* not 0: clients stay, and ask again so long after an answer */
    uint64_t for_us;   /* those that are not over by then are left */
};

struct crowd_counts {
    uint64_t begun, failed; /* failed: this machine refused a socket */
    uint64_t ends[END_LEFT + 1];
    uint64_t addresses; /* of all lists */
    uint64_t us;        /* that it took */
};

/* SIGTERM ends it early. False when out of memory. */
bool crowd_run(const struct crowd_plan *plan, struct crowd_counts *counts);

#endif
