/* What goes wrong in a network, at random times: machines crash, vanish or are stopped and come
 * back, islands form and heal, connections are reset, dials get lost. All of it ends at until_ms:
 * then every machine is on again and reaches every other.
 *
 * What happens when is drawn from one number of the run's generator, taken by faults_new: whatever
 * the nodes do meanwhile, the same fails at the same times. */
#ifndef SIM_FAULTS_H
#define SIM_FAULTS_H

#include "sim/sim.h"

struct faults_settings {
    int64_t from_ms, until_ms;
    uint32_t machines_n; /* only the first so many fail; they are on at from_ms */
    /* Mean time between two faults of a kind in the whole network; 0: none of that kind. */
    int64_t crash_every_ms, partition_every_ms, reset_every_ms;
    int64_t down_max_ms;     /* how long a machine is off, at most */
    int64_t apart_max_ms;    /* how long islands last, at most */
    unsigned vanish_percent; /* of the crashes: without a word */
    unsigned stop_percent;   /* ... in good order */
    unsigned wipe_percent;   /* ... with loss of the disk */
    double dial_loss;
};

struct faults;

/* Plans them. Must be freed after the simulation ran for the last time. */
struct faults *faults_new(struct sim *sim, const struct faults_settings *settings);
void faults_free(struct faults *faults); /* NULL is fine */

#endif
