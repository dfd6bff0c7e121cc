/* A Sybil node: one of many that belong together and tell of nobody else.
 *
 * It accepts every connection, answers every request with addresses of its own kind, asks for none,
 * and dials honest nodes and seeds at random until it has as many outbound connections as they want
 * to have. It knows all of their addresses. */
#ifndef APP_ATTACKER_H
#define APP_ATTACKER_H

#include "sim/sim.h"

/* Borrowed; the same for all. */
struct attack {
    const struct addr *attackers, *victims;
    uint32_t attackers_n, victims_n;
    uint32_t outbound_max;
};

struct attacker {
    const struct attack *attack;
    struct rng rng;
    uint64_t dials;
    uint32_t outbound; /* dials and connections */
    int64_t wake_ms;
};

void attacker_init(struct attacker *attacker, const struct attack *attack, uint64_t seed);
/* Borrows it. */
struct sim_actor attacker_actor(struct attacker *attacker);

#endif
