/* Who told us addresses: each distinct source once, counted by its users. */
#ifndef BOOK_SOURCES_H
#define BOOK_SOURCES_H

#include "addr/addr.h"
#include "book/hash_index.h"

struct source {
    union {
        struct addr addr; /* at.ip is the socket IP (F20) */
        uint32_t next_free;
    };
    uint32_t users; /* 0: free */
};

struct sources {
    struct source *at;
    struct hash_index index;
    uint32_t n, capacity;
    uint32_t used_to;    /* records from here on were never used */
    uint32_t first_free; /* HANDLE_NONE: none below used_to */
    struct hash_key hash_key;
};

/* ERR_NO_MEMORY. */
enum err sources_init(struct sources *sources, uint32_t capacity, const struct hash_key *hash_key);
void sources_free(struct sources *sources);

/* Who is about to be looked for. */
void sources_fetch(const struct sources *sources, const struct addr *addr);
/* The handle of this source, or HANDLE_NONE. Counts no user. */
uint32_t sources_find(const struct sources *sources, const struct addr *addr);
/* The same, made if need be, with one more user; HANDLE_NONE when the table is full. */
uint32_t sources_take(struct sources *sources, const struct addr *addr);
/* Whether sources_take would succeed. */
bool sources_has_room(const struct sources *sources, const struct addr *addr);
void sources_release(struct sources *sources, uint32_t handle);

/* For dump.c: a record that was read goes into the lookup table. */
void sources_index(struct sources *sources, uint32_t handle);

/* Static text of the first violated invariant, or NULL. */
const char *sources_check(const struct sources *sources);

#endif
