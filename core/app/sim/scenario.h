/* What a simulated network is made of and what happens in it: the same for every policy that plays
 * in it. Plain numbers, each a flag of the command. */
#ifndef APP_SCENARIO_H
#define APP_SCENARIO_H

#include "app/cli/flags.h"

#include <jansson.h>

#define SCENARIO_NODES_MAX 5000 /* some 10 GiB */
#define SCENARIO_SEEDS_MAX 16
#define SCENARIO_ATTACKER_GROUPS_MAX 256
#define SCENARIO_FRIENDS 3         /* that each node knows where there is no seed */
#define SCENARIO_APART_MINUTES 10  /* a partition lasts, at most */
#define SCENARIO_VANISH_PERCENT 50 /* of those that are switched off other than in good order */
#define SCENARIO_STOP_PERCENT 50   /* are switched off in good order */

struct scenario {
    int64_t nodes, seed_nodes, subjects;
    bool subjects_are_seeds; /* then no node is one */
    int64_t outbound, inbound;
    int64_t groups;
    int64_t nat_percent;
    int64_t dead;
    int64_t join_ms, for_ms;
    int64_t attackers, attacker_groups, attack_after_ms;
    int64_t churn_ms, downtime_ms; /* 0: nobody is switched off */
    int64_t partitions_ms;         /* 0: none */
    int64_t loss_percent;
};

/* From the flags of a command line. False: misuse, which was told to the user. */
bool scenario_parse(const struct flags *flags, struct scenario *scenario);
/* Adds its members as those of a JSON object, by the names of the flags; durations in seconds. */
void scenario_json(const struct scenario *scenario, json_t *object);

#endif
