/* The buckets of one side: a fixed number of slots each, filled from the front.
 *
 *   slots   [ b0: h h h . | b1: . . . . | b2: h . . . | ... ]     handles; slot = bucket * size + i
 *   fill    [ 3, 0, 1, ... ]
 *   busy    [ 0, 2, ... ]                      the buckets that are not empty, in no order
 *
 * Putting, taking and choosing a random bucket and slot are O(1). */
#ifndef BOOK_BUCKETS_H
#define BOOK_BUCKETS_H

#include "base/rng.h"
#include "book/hash_index.h"

struct buckets {
    uint32_t count, size;
    uint32_t *slots;
    uint16_t *fill;
    uint32_t *busy;
    uint32_t *busy_at; /* where a bucket stands in busy; meaningless while it is empty */
    uint32_t busy_n;
};

/* ERR_NO_MEMORY. */
enum err buckets_init(struct buckets *buckets, uint32_t count, uint32_t size);
void buckets_free(struct buckets *buckets);

static inline bool buckets_full(const struct buckets *buckets, uint32_t bucket)
{
    return buckets->fill[bucket] == buckets->size;
}

/* Appends to a bucket that is not full; returns the slot. */
uint32_t buckets_put(struct buckets *buckets, uint32_t bucket, uint32_t handle);
/* Empties a slot. The last handle of that bucket moves into it: returns that handle and its former
 * slot, or HANDLE_NONE if nothing had to move. */
uint32_t buckets_take(struct buckets *buckets, uint32_t slot, uint32_t *moved_from);
/* Any handle of any bucket that is not empty, the bucket chosen first (B34). Not for empty sides.
 */
uint32_t buckets_pick(const struct buckets *buckets, struct rng *rng);

/* Static text of the first violated invariant, or NULL. */
const char *buckets_check(const struct buckets *buckets);

#endif
