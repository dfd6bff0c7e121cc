/* Which records of a table changed since they were last saved, and the names of those that
 * vanished.
 *
 * Marking is O(1) and idempotent. Until the first unsaved_none everything counts as unsaved and
 * nothing is remembered; it is so again when more names vanished than are kept. */
#ifndef BOOK_UNSAVED_H
#define BOOK_UNSAVED_H

#include "book/hash_index.h"

#define UNSAVED_NAME_MAX 40

struct unsaved {
    bool all;
    uint32_t *next;       /* by handle: the next one listed, plus two; 1: the last; 0: not listed */
    uint32_t first, last; /* oldest and newest of the list; HANDLE_NONE: empty */
    uint32_t n;
    uint8_t *gone; /* names, oldest first: [gone_from, gone_n) */
    size_t name_size;
    uint32_t gone_from, gone_n, gone_cap;
};

/* For handles below capacity; names of at most UNSAVED_NAME_MAX bytes. ERR_NO_MEMORY. */
enum err unsaved_init(struct unsaved *unsaved, uint32_t capacity, size_t name_size);
void unsaved_free(struct unsaved *unsaved);

void unsaved_put(struct unsaved *unsaved, uint32_t handle);
/* Remembers that the record of this name is no more; its handle may stay listed. */
void unsaved_drop(struct unsaved *unsaved, const void *name);
void unsaved_all(struct unsaved *unsaved);
void unsaved_none(struct unsaved *unsaved);

/* The handle, or name, that waits longest, taken off its list; HANDLE_NONE, or NULL. A name is
 * borrowed until the next change. */
uint32_t unsaved_next(struct unsaved *unsaved);
const void *unsaved_next_gone(struct unsaved *unsaved);

static inline bool unsaved_has(const struct unsaved *unsaved, uint32_t handle)
{
    return unsaved->all || unsaved->next[handle] != 0;
}

static inline uint32_t unsaved_count_gone(const struct unsaved *unsaved)
{
    return unsaved->gone_n - unsaved->gone_from;
}

static inline uint32_t unsaved_count(const struct unsaved *unsaved)
{
    return unsaved->n + unsaved_count_gone(unsaved);
}

#endif
