/* Seeded pseudo-random numbers for decisions and scripts (xoshiro256**, seeded by splitmix64).
 * Not for keys: those come from the host's entropy and are never derived from here, so that a
 * recorded run decrypts nothing. */
#ifndef BASE_RNG_H
#define BASE_RNG_H

#include <stdint.h>

struct rng {
    uint64_t s[4];
};

void rng_seed(struct rng *rng, uint64_t seed);
uint64_t rng_next(struct rng *rng);
/* Uniform in [0, bound), without bias; bound must not be 0. */
uint64_t rng_below(struct rng *rng, uint64_t bound);
/* The same for bounds of 32 bits, without a division in nearly all cases. */
uint32_t rng_index(struct rng *rng, uint32_t bound);
/* Uniform in [0, 1). */
double rng_unit(struct rng *rng);

#endif
