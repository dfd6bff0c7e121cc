/* Hash map from short fixed-size keys (IDs, endpoints, connection numbers) to 32-bit values,
 * usually indexes. Open addressing, no tombstones. The hash is seeded, so peers who choose keys
 * cannot choose collisions; order is never exposed. */
#ifndef BASE_MAP_H
#define BASE_MAP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define MAP_NONE UINT32_MAX
#define MAP_KEY_MAX 64

struct map {
    uint8_t *keys;
    uint32_t *values; /* MAP_NONE: free slot */
    size_t cap, n, key_size;
    uint64_t seed;
};

/* Takes no memory yet. key_size <= MAP_KEY_MAX. */
void map_init(struct map *map, size_t key_size, uint64_t seed);
void map_free(struct map *map);
/* MAP_NONE: not there. */
uint32_t map_get(const struct map *map, const void *key);
/* Adds or replaces; value must not be MAP_NONE. Replacing takes no memory. false: out of memory,
 * nothing changed. */
bool map_put(struct map *map, const void *key, uint32_t value);
/* Makes room so that the next map_put takes no memory. false: out of memory. */
bool map_reserve(struct map *map);
void map_remove(struct map *map, const void *key);

#endif
