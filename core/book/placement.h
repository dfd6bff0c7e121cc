/* Which bucket an address belongs to (behaviour.md B20 - B25).
 *
 * Placement is a keyed hash of group texts, so that nobody outside knows which addresses share a
 * bucket, and the same after a restart because the key is saved with the entries (F11). */
#ifndef BOOK_PLACEMENT_H
#define BOOK_PLACEMENT_H

#include "addr/addr.h"
#include "book/book.h"

struct placement {
    char key[BOOK_KEY_MAX + 1];
    size_t key_n;
    uint8_t sip_key[16];
    uint32_t new_buckets, new_buckets_per_group;
    uint32_t old_buckets, old_buckets_per_group;
    /* H of the formulas; siphash (B24) but in tests. */
    uint64_t (*hash)(const struct placement *placement, struct span data);
};

void placement_init(struct placement *placement, const struct book_settings *settings);
/* At most BOOK_KEY_MAX bytes, without NUL. */
void placement_set_key(struct placement *placement, struct span text);

uint32_t placement_new(const struct placement *placement, struct group addr, struct group source);
uint32_t placement_old(
    const struct placement *placement, const struct addr *addr, struct group group);

#endif
