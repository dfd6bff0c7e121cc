#include "book/buckets.h"

#include <assert.h>
#include <stdlib.h>

#include "base/tables.h"

enum err buckets_init(struct buckets *buckets, uint32_t count, uint32_t size)
{
    *buckets = (struct buckets){
        .count = count,
        .size = size,
        .slots = table_take((size_t)count * size, sizeof(uint32_t)),
        .fill = calloc(count, sizeof(uint16_t)),
        .busy = calloc(count, sizeof(uint32_t)),
        .busy_at = calloc(count, sizeof(uint32_t)),
    };
    if (buckets->slots && buckets->fill && buckets->busy && buckets->busy_at)
        return ERR_OK;
    buckets_free(buckets);
    return ERR_NO_MEMORY;
}

void buckets_free(struct buckets *buckets)
{
    table_free(buckets->slots, (size_t)buckets->count * buckets->size, sizeof(uint32_t));
    free(buckets->fill);
    free(buckets->busy);
    free(buckets->busy_at);
    *buckets = (struct buckets){0};
}

uint32_t buckets_put(struct buckets *buckets, uint32_t bucket, uint32_t handle)
{
    assert(bucket < buckets->count && !buckets_full(buckets, bucket));
    if (buckets->fill[bucket] == 0) {
        buckets->busy_at[bucket] = buckets->busy_n;
        buckets->busy[buckets->busy_n++] = bucket;
    }
    uint32_t slot = bucket * buckets->size + buckets->fill[bucket]++;
    buckets->slots[slot] = handle;
    return slot;
}

uint32_t buckets_take(struct buckets *buckets, uint32_t slot, uint32_t *moved_from)
{
    uint32_t bucket = slot / buckets->size;
    uint32_t last = bucket * buckets->size + --buckets->fill[bucket];
    assert(slot <= last);
    if (buckets->fill[bucket] == 0) {
        uint32_t at = buckets->busy_at[bucket];
        uint32_t other = buckets->busy[--buckets->busy_n];
        buckets->busy[at] = other;
        buckets->busy_at[other] = at;
    }
    if (slot == last)
        return HANDLE_NONE;
    *moved_from = last;
    return buckets->slots[slot] = buckets->slots[last];
}

/* Most books have few empty buckets or none: so any bucket first, and one of the list instead if
 * that is empty. */
uint32_t buckets_pick(const struct buckets *buckets, struct rng *rng)
{
    uint32_t bucket = rng_index(rng, buckets->count);
    if (buckets->fill[bucket] == 0)
        bucket = buckets->busy[rng_index(rng, buckets->busy_n)];
    return buckets->slots[bucket * buckets->size + rng_index(rng, buckets->fill[bucket])];
}

const char *buckets_check(const struct buckets *buckets)
{
    uint32_t busy_n = 0;
    for (uint32_t bucket = 0; bucket < buckets->count; bucket++) {
        if (buckets->fill[bucket] > buckets->size)
            return "a bucket exceeds its size";
        if (buckets->fill[bucket] == 0)
            continue;
        busy_n++;
        uint32_t at = buckets->busy_at[bucket];
        if (at >= buckets->busy_n || buckets->busy[at] != bucket)
            return "a bucket in use is not listed as such";
    }
    return busy_n == buckets->busy_n ? NULL : "an empty bucket is listed as in use";
}
