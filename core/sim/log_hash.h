/* One number for what a whole run did: two runs with equal numbers took the same steps. */
#ifndef SIM_LOG_HASH_H
#define SIM_LOG_HASH_H

#include "sim/sim.h"

/* The sum of all steps before (0: none) and this one. Contents count, not memory: a list by its
 * addresses, a book image by its bytes. */
uint64_t log_hash_add(uint64_t sum, const struct sim_step *step);

#endif
