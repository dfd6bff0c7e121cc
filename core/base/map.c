#include "base/map.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

/* Both halves of a product: every bit of the result depends on every bit of both factors. */
static uint64_t fold(uint64_t a, uint64_t b)
{
    __extension__ unsigned __int128 product = a;
    product *= b;
    return (uint64_t)product ^ (uint64_t)(product >> 64);
}

/* The factor is as secret as the seed: with a known one, differences between keys can be chosen
 * that cancel out under every seed. */
static uint64_t hash_of(const struct map *map, const void *key)
{
    const uint8_t *at = key;
    uint64_t factor = fold(map->seed ^ 0xa0761d6478bd642fu, 0xe7037ed1a0b428dbu) | 1;
    uint64_t hash = map->seed ^ map->key_size;
    for (size_t left = map->key_size; left > 0;) {
        size_t n = left < 8 ? left : 8;
        uint64_t word = 0;
        memcpy(&word, at, n);
        hash = fold(hash ^ word, factor) ^ factor;
        at += n;
        left -= n;
    }
    return fold(hash, 0xbf58476d1ce4e5b9u);
}

void map_init(struct map *map, size_t key_size, uint64_t seed)
{
    assert(key_size > 0 && key_size <= MAP_KEY_MAX);
    *map = (struct map){.key_size = key_size, .seed = seed};
}

void map_free(struct map *map)
{
    free(map->keys);
    free(map->values);
    map_init(map, map->key_size, map->seed);
}

static const uint8_t *key_at(const struct map *map, size_t slot)
{
    return map->keys + slot * map->key_size;
}

/* The slot that holds key, or the free slot where it belongs; cap > n always. */
static size_t slot_of(const struct map *map, const void *key)
{
    size_t slot = hash_of(map, key) & (map->cap - 1);
    while (map->values[slot] != MAP_NONE && memcmp(key_at(map, slot), key, map->key_size) != 0)
        slot = (slot + 1) & (map->cap - 1);
    return slot;
}

uint32_t map_get(const struct map *map, const void *key)
{
    return map->cap == 0 ? MAP_NONE : map->values[slot_of(map, key)];
}

static void set_slot(struct map *map, size_t slot, const void *key, uint32_t value)
{
    memcpy(map->keys + slot * map->key_size, key, map->key_size);
    map->values[slot] = value;
}

static bool grow(struct map *map)
{
    struct map next = *map;
    next.cap = map->cap ? map->cap * 2 : 16;
    next.keys = malloc(next.cap * next.key_size);
    next.values = malloc(next.cap * sizeof *next.values);
    if (!next.keys || !next.values) {
        free(next.keys);
        free(next.values);
        return false;
    }
    for (size_t i = 0; i < next.cap; i++)
        next.values[i] = MAP_NONE;
    for (size_t i = 0; i < map->cap; i++)
        if (map->values[i] != MAP_NONE)
            set_slot(&next, slot_of(&next, key_at(map, i)), key_at(map, i), map->values[i]);
    free(map->keys);
    free(map->values);
    *map = next;
    return true;
}

bool map_reserve(struct map *map)
{
    return (map->n + 1) * 4 <= map->cap * 3 || grow(map);
}

bool map_put(struct map *map, const void *key, uint32_t value)
{
    assert(value != MAP_NONE);
    if (map_get(map, key) == MAP_NONE) {
        if (!map_reserve(map))
            return false;
        map->n++;
    }
    set_slot(map, slot_of(map, key), key, value);
    return true;
}

void map_remove(struct map *map, const void *key)
{
    if (map->cap == 0)
        return;
    size_t hole = slot_of(map, key);
    if (map->values[hole] == MAP_NONE)
        return;
    map->values[hole] = MAP_NONE;
    map->n--;
    /* Close the gap: move back every later entry of this run that the hole now hides. */
    size_t mask = map->cap - 1;
    for (size_t slot = (hole + 1) & mask; map->values[slot] != MAP_NONE; slot = (slot + 1) & mask) {
        size_t home = hash_of(map, key_at(map, slot)) & mask;
        if (((slot - home) & mask) < ((slot - hole) & mask))
            continue;
        set_slot(map, hole, key_at(map, slot), map->values[slot]);
        map->values[slot] = MAP_NONE;
        hole = slot;
    }
}
