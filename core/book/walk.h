/* Uniform walks over the members of one side or of both, without replacement.
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
    const uint32_t *at[2]; /* one list, and behind it another one */
    uint32_t split;        /* length of the first */
    uint32_t n;            /* length of both */
    uint32_t marked;       /* of these, already looked at */
    uint32_t *scratch;
    bool copied; /* `scratch` holds what is left */
};

/* Starts an operation: nothing is marked. */
void walk_begin(struct book *book);
/* Marks an entry; false if it was marked before in this operation. */
static inline bool walk_mark(struct book *book, uint32_t handle)
{
    bool fresh = book->marks[handle] != book->mark;
    book->marks[handle] = book->mark;
    return fresh;
}

/* A walk over a side, or over its verified part only; `marked` of that list are marked already. */
struct walk walk_of(struct book *book, enum book_side side, bool verified, uint32_t marked);
/* A walk over both sides; not together with one over a single side. */
struct walk walk_of_both(struct book *book, bool verified);
static inline uint32_t walk_left(const struct walk *walk)
{
    return walk->n - walk->marked;
}
/* Marks and returns a random unmarked entry; HANDLE_NONE when none is left. */
uint32_t walk_next(struct walk *walk, struct rng *rng);
/* The same for up to n <= WALK_BATCH at once, returns how many (0 tells nothing: some may have been
 * drawn before). In a large book nothing is near: so each step is fetched for all of them before
 * the next. The addresses of the entries returned are on their way. */
#define WALK_BATCH 64
uint32_t walk_batch(struct walk *walk, struct rng *rng, uint32_t *handles, uint32_t n);

#endif
