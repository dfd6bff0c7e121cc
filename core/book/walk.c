#include "book/walk.h"

void walk_begin(struct book *book)
{
    if (++book->mark > 0)
        return;
    for (uint32_t handle = 0; handle < book->used_to; handle++)
        book->places[handle].mark = 0;
    book->mark = 1;
}

bool walk_mark(struct book *book, uint32_t handle)
{
    bool fresh = book->places[handle].mark != book->mark;
    book->places[handle].mark = book->mark;
    return fresh;
}

struct walk walk_of(struct book *book, enum book_side side, bool verified, uint32_t marked)
{
    struct members *members = members_of(book, side);
    return (struct walk){
        .book = book,
        .at = members->at,
        .scratch = members->scratch,
        .n = verified ? members->verified_n : members->n,
        .marked = marked,
    };
}

static void copy_unmarked(struct walk *walk)
{
    uint32_t n = 0;
    for (uint32_t i = 0; i < walk->n; i++)
        if (walk->book->places[walk->at[i]].mark != walk->book->mark)
            walk->scratch[n++] = walk->at[i];
    walk->copied = true;
}

uint32_t walk_next(struct walk *walk, struct rng *rng)
{
    uint32_t handle, left = walk_left(walk);
    if (left == 0)
        return HANDLE_NONE;
    if (!walk->copied && walk->marked >= walk->n / 2)
        copy_unmarked(walk);
    if (walk->copied) {
        uint32_t i = (uint32_t)rng_below(rng, left);
        handle = walk->scratch[i];
        walk->scratch[i] = walk->scratch[left - 1];
        walk_mark(walk->book, handle);
    } else {
        do
            handle = walk->at[rng_below(rng, walk->n)];
        while (!walk_mark(walk->book, handle));
    }
    walk->marked++;
    return handle;
}
