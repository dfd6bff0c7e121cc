/* One network of a scenario, made from a number: with the same scenario and number it is the same
 * whatever policy plays in it - addresses, distances, who starts and fails when.
 *
 * Machines: the nodes first, the subjects first among them, then the seeds, then the attackers.
 * Addresses go on from there with those where nobody is. */
#ifndef APP_STAGE_H
#define APP_STAGE_H

#include "app/sim/attacker.h"
#include "app/sim/scenario.h"
#include "base/map.h"
#include "sim/faults.h"
#include "sim/lua_policy.h"
#include "sim/watch.h"

enum role { ROLE_NODE, ROLE_SEED, ROLE_ATTACKER, ROLE_NOBODY };

struct stage {
    const struct scenario *scenario; /* borrowed */
    struct sim *sim;
    struct watch *watch;
    struct faults *faults; /* NULL: none */

    struct addr *addrs;
    uint32_t machines_n, addrs_n;
    struct map by_id; /* -> its place in addrs */

    struct lua_rules plain; /* of those who are no subjects */
    struct lua_policy **policies;
    struct attack attack;
    struct attacker *attackers;
    struct stage_start {
        uint32_t machine;
    } * starts;
    struct rng rng; /* for the making; the run has its own */
};

/* Borrows scenario and rules; stays where it is. Fails as lua_policy_new. */
enum err stage_open(struct stage *stage, const struct scenario *scenario,
    const struct lua_rules *rules, uint64_t seed, struct script_error *error);
void stage_close(struct stage *stage); /* also after stage_open failed */

enum role stage_role(const struct stage *stage, uint32_t i);
/* By ID: its place in addrs; MAP_NONE: a stranger. */
uint32_t stage_find(const struct stage *stage, const struct peer_id *id);
/* The nodes that figures of single nodes are about are 0 .. n - 1: the subjects, or all nodes where
 * the seeds are the subjects. */
uint32_t stage_measured(const struct stage *stage);
/* Questions that the subjects' policy itself failed at. */
uint64_t stage_errors(const struct stage *stage);

#endif
