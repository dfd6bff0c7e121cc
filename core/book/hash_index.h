/* A hash index: from a 32-bit hash to the handle of a record that lives elsewhere.
 *
 * Open addressing with linear probing; each slot keeps the hash, so a record is looked at only when
 * its whole hash agrees. The capacity is fixed; removal leaves no tombstones. */
#ifndef BOOK_HASH_INDEX_H
#define BOOK_HASH_INDEX_H

#include "base/err.h"
#include "base/span.h"

#define HANDLE_NONE UINT32_MAX

struct hash_slot {
    uint32_t hash;
    uint32_t handle; /* plus one; 0: free */
};

struct hash_index {
    struct hash_slot *slots;
    uint32_t mask;
    uint32_t n, capacity;
};

/* Room for `capacity` handles. ERR_NO_MEMORY. */
enum err hash_index_init(struct hash_index *index, uint32_t capacity);
void hash_index_free(struct hash_index *index);

/* The index must not be full and must not hold this handle. */
void hash_index_put(struct hash_index *index, uint32_t hash, uint32_t handle);
/* The handle must be in the index under this hash. */
void hash_index_remove(struct hash_index *index, uint32_t hash, uint32_t handle);

/* The handles under one hash, one after the other, until HANDLE_NONE: start with at = hash. */
static inline uint32_t hash_index_next(const struct hash_index *index, uint32_t hash, uint32_t *at)
{
    for (;; (*at)++) {
        const struct hash_slot *slot = &index->slots[*at & index->mask];
        if (slot->handle == 0)
            return HANDLE_NONE;
        if (slot->hash == hash) {
            (*at)++;
            return slot->handle - 1;
        }
    }
}

#endif
