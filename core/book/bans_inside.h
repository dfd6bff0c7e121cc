/* The inside of a ban list, shared by bans.c and bans_dump.c. */
#ifndef BOOK_BANS_INSIDE_H
#define BOOK_BANS_INSIDE_H

#include <stddef.h>

#include "base/heap.h"
#include "book/bans.h"
#include "book/hash_index.h"
#include "book/unsaved.h"

#define IP_BITS 128

struct ban_record {
    struct heap_item end; /* key: until_ms */
    struct ban ban;
    uint32_t hash;
    uint32_t next_free;
};

struct bans {
    struct ban_record *records;
    struct hash_index index;
    struct heap ends; /* every record in use */
    struct unsaved *unsaved;
    uint32_t max;
    uint32_t used_to;    /* records from here on were never used */
    uint32_t first_free; /* HANDLE_NONE: none below used_to */
    uint8_t hash_key[16];
    /* The prefix lengths of the ranges in the table, and how many ranges have each. */
    uint8_t lengths[IP_BITS + 1];
    uint32_t lengths_n;
    uint32_t length_users[IP_BITS + 1];
};

static inline struct ban_record *ban_record_of(struct heap_item *item)
{
    return (struct ban_record *)((char *)item - offsetof(struct ban_record, end));
}

uint32_t bans_hash(const struct bans *bans, const struct ban_target *target);

#endif
