#include "book/hash_index.h"

#include "base/tables.h"
#include "crypto/hash.h"
#include <assert.h>

void hash_key_init(struct hash_key *key, const uint8_t secret[16])
{
    for (uint8_t i = 0; i < sizeof key->factors / sizeof *key->factors; i++)
        key->factors[i] = siphash(secret, span_of(&i, 1));
}

enum err hash_index_init(struct hash_index *index, uint32_t capacity)
{
    uint32_t slots_n = 16;
    assert(capacity <= UINT32_MAX / 4);
    while (slots_n - slots_n / 8 < capacity + 1)
        slots_n *= 2;
    struct hash_slot *slots = table_take(slots_n, sizeof *slots);
    if (!slots)
        return ERR_NO_MEMORY;
    *index = (struct hash_index){slots, slots_n - 1, 0, capacity};
    return ERR_OK;
}

void hash_index_free(struct hash_index *index)
{
    table_free(index->slots, (size_t)index->mask + 1, sizeof *index->slots);
    *index = (struct hash_index){0};
}

void hash_index_put(struct hash_index *index, uint32_t hash, uint32_t handle)
{
    assert(index->n < index->capacity);
    uint32_t at = hash & index->mask;
    while (index->slots[at].handle != 0)
        at = (at + 1) & index->mask;
    index->slots[at] = (struct hash_slot){hash, handle + 1};
    index->n++;
}

void hash_index_remove(struct hash_index *index, uint32_t hash, uint32_t handle)
{
    struct hash_slot *slots = index->slots;
    uint32_t gap = hash & index->mask;
    while (slots[gap].handle != handle + 1) {
        assert(slots[gap].handle != 0);
        gap = (gap + 1) & index->mask;
    }
    /* Close the gap: whoever was pushed past it by probing moves back into it. */
    for (uint32_t at = gap;;) {
        at = (at + 1) & index->mask;
        if (slots[at].handle == 0)
            break;
        uint32_t pushed = (at - slots[at].hash) & index->mask;
        uint32_t distance = (at - gap) & index->mask;
        if (pushed >= distance) {
            slots[gap] = slots[at];
            gap = at;
        }
    }
    slots[gap] = (struct hash_slot){0};
    index->n--;
}
