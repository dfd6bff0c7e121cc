/* Uniform walks over the members of one side, without replacement.
 *
 * Entries already looked at carry the book's current mark, so several walks and other draws of one
 * operation never meet the same entry twice. While less than half of the list is marked a step
 * tries random positions (two on average at worst); then the unmarked rest is copied out once and
 * drawn from. So k steps cost O(k), whatever the length of the list, and nothing is reordered. */
#ifndef BOOK_WALK_H
#define BOOK_WALK_H

#include "book/inside.h"

struct walk {
    struct book *book;
    const uint32_t *at;
    uint32_t *scratch;
    uint32_t n;      /* length of the list */
    uint32_t marked; /* of these, already looked at */
    bool copied;     /* `scratch` holds what is left */
};

/* Starts an operation: nothing is marked. */
void walk_begin(struct book *book);
/* Marks an entry; false if it was marked before in this operation. */
bool walk_mark(struct book *book, uint32_t handle);

/* A walk over a side, or over its verified part only; `marked` of that list are marked already. */
struct walk walk_of(struct book *book, enum book_side side, bool verified, uint32_t marked);
static inline uint32_t walk_left(const struct walk *walk)
{
    return walk->n - walk->marked;
}
/* Marks and returns a random unmarked entry; HANDLE_NONE when none is left. */
uint32_t walk_next(struct walk *walk, struct rng *rng);

#endif
