/* Bounded table of records by key: when it is full, the record touched longest ago makes room
 * (F26). Memory grows with use up to the bound. Records are plain data of one size. */
#ifndef BASE_RECENT_H
#define BASE_RECENT_H

#include "base/codec.h"
#include "base/copier.h"
#include "base/map.h"

struct recent_links {
    uint32_t newer, older;
};

struct recent {
    struct map index;
    uint8_t *keys;
    uint8_t *records;
    struct recent_links *links;
    size_t record_size;
    uint32_t n, cap, max;
    uint32_t newest, oldest;
};

/* Takes no memory yet. */
void recent_init(
    struct recent *recent, size_t key_size, size_t record_size, uint32_t max, uint64_t seed);
void recent_free(struct recent *recent);
/* The record of this key, or NULL. Valid until the next touch or remove. */
void *recent_find(const struct recent *recent, const void *key);
/* The record of this key, made all-zero if there was none, now the newest. NULL: out of memory. */
void *recent_touch(struct recent *recent, const void *key);
void recent_remove(struct recent *recent, const void *key);
/* The record touched longest ago, NULL when there is none; and its end. */
const void *recent_oldest(const struct recent *recent);
void recent_forget_oldest(struct recent *recent);
/* The records with their keys, from the one touched longest ago on; a reader's table is empty. */
void recent_code(struct codec *codec, struct recent *recent,
    void (*code_record)(struct codec *codec, void *record));
/* All that a writer of these reads becomes its own; nothing is found in it any more. */
void recent_copy(struct copier *copier, struct recent *recent);

#endif
