#include "book/walk.h"

void walk_begin(struct book *book)
{
    if (++book->mark > 0)
        return;
    memset(book->marks, 0, book->used_to * sizeof *book->marks);
    book->mark = 1;
}

static uint32_t length_of(const struct members *members, bool verified)
{
    return verified ? members->verified_n : members->n;
}

struct walk walk_of(struct book *book, enum book_side side, bool verified, uint32_t marked)
{
    const struct members *members = members_of(book, side);
    uint32_t n = length_of(members, verified);
    return (struct walk){
        .book = book,
        .at = {members->at},
        .split = n,
        .n = n,
        .marked = marked,
        .scratch = book->scratch[side_of(side)],
    };
}

struct walk walk_of_both(struct book *book, bool verified)
{
    const struct members *of_new = members_of(book, BOOK_NEW), *of_old = members_of(book, BOOK_OLD);
    uint32_t split = length_of(of_new, verified);
    return (struct walk){
        .book = book,
        .at = {of_new->at, of_old->at},
        .split = split,
        .n = split + length_of(of_old, verified),
        .scratch = book->scratch[0],
    };
}

static const uint32_t *place_of(const struct walk *walk, uint32_t i)
{
    return i < walk->split ? &walk->at[0][i] : &walk->at[1][i - walk->split];
}

static uint32_t handle_at(const struct walk *walk, uint32_t i)
{
    return *place_of(walk, i);
}

static void copy_unmarked(struct walk *walk)
{
    uint32_t n = 0;
    for (uint32_t i = 0; i < walk->n; i++) {
        uint32_t handle = handle_at(walk, i);
        if (walk->book->marks[handle] != walk->book->mark)
            walk->scratch[n++] = handle;
    }
    walk->copied = true;
}

static void fetch_addr(const struct book *book, uint32_t handle)
{
    const struct addr *addr = &book->entries[handle].addr;
    __builtin_prefetch(addr);
    __builtin_prefetch((const char *)(addr + 1) - 1);
}

uint32_t walk_batch(struct walk *walk, struct rng *rng, uint32_t *handles, uint32_t n)
{
    uint32_t got = 0;
    const uint32_t *at[WALK_BATCH];
    if (n > walk_left(walk))
        n = walk_left(walk);
    if (walk->copied || walk->marked >= walk->n / 2) {
        for (; got < n; got++)
            fetch_addr(walk->book, handles[got] = walk_next(walk, rng));
        return got;
    }
    for (uint32_t i = 0; i < n; i++) {
        at[i] = place_of(walk, rng_index(rng, walk->n));
        __builtin_prefetch(at[i]);
    }
    for (uint32_t i = 0; i < n; i++)
        __builtin_prefetch(&walk->book->marks[*at[i]], 1);
    for (uint32_t i = 0; i < n; i++) {
        if (!walk_mark(walk->book, *at[i]))
            continue;
        handles[got++] = *at[i];
        fetch_addr(walk->book, *at[i]);
    }
    walk->marked += got;
    return got;
}

uint32_t walk_next(struct walk *walk, struct rng *rng)
{
    uint32_t handle, left = walk_left(walk);
    if (left == 0)
        return HANDLE_NONE;
    if (!walk->copied && walk->marked >= walk->n / 2)
        copy_unmarked(walk);
    if (walk->copied) {
        uint32_t i = rng_index(rng, left);
        handle = walk->scratch[i];
        walk->scratch[i] = walk->scratch[left - 1];
        walk_mark(walk->book, handle);
    } else {
        do
            handle = handle_at(walk, rng_index(rng, walk->n));
        while (!walk_mark(walk->book, handle));
    }
    walk->marked++;
    return handle;
}
