/* A hash index: from a 32-bit hash to the handle of a record that lives elsewhere.
 *
 * Open addressing with linear probing; each slot keeps the hash, so a record is looked at only when
 * its whole hash agrees. The capacity is fixed; removal leaves no tombstones. */
#ifndef BOOK_HASH_INDEX_H
#define BOOK_HASH_INDEX_H

#include "base/err.h"
#include "base/span.h"

#define HANDLE_NONE UINT32_MAX

/* The secret of a hash of names: a multilinear sum of their words under random factors, in which
 * two names chosen without the secret meet with a probability of 2^-32, then mixed so that no
 * series of names stays a series. Names are of one length each, and even. */
#define HASH_NAME_MAX 40 /* bytes */
struct hash_key {
    uint64_t factors[1 + HASH_NAME_MAX / 4];
};

void hash_key_init(struct hash_key *key, const uint8_t secret[16]);

static inline uint32_t hash_of_name(const struct hash_key *key, const void *name, size_t n)
{
    const uint8_t *at = name;
    const uint64_t *factor = key->factors;
    uint64_t sum = *factor++;
    uint32_t word;
    uint16_t rest;
    for (; n >= sizeof word; n -= sizeof word, at += sizeof word) {
        memcpy(&word, at, sizeof word);
        sum += *factor++ * word;
    }
    if (n > 0) {
        memcpy(&rest, at, sizeof rest);
        sum += *factor * rest;
    }
    sum ^= sum >> 32;
    return (uint32_t)((sum * 0x9e3779b97f4a7c15u) >> 32);
}

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

/* Fetches where a search will begin. */
static inline void hash_index_fetch(const struct hash_index *index, uint32_t hash)
{
    __builtin_prefetch(&index->slots[hash & index->mask]);
}
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
