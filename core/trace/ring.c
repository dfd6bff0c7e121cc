#include "trace/ring.h"

#include <assert.h>
#include <stdlib.h>

enum err ring_init(struct ring *ring, uint32_t bytes_max, uint32_t slots_max)
{
    *ring = (struct ring){.bytes_max = bytes_max, .slots_max = slots_max};
    ring->bytes = malloc(bytes_max);
    ring->slots = calloc(slots_max, sizeof *ring->slots);
    if (ring->bytes && ring->slots)
        return ERR_OK;
    ring_free(ring);
    return ERR_NO_MEMORY;
}

void ring_free(struct ring *ring)
{
    free(ring->bytes);
    free(ring->slots);
    *ring = (struct ring){0};
}

static struct ring_slot *slot_at(const struct ring *ring, uint32_t i)
{
    return &ring->slots[(ring->first + i) % ring->slots_max];
}

static void drop_oldest(struct ring *ring)
{
    ring->first = (ring->first + 1) % ring->slots_max;
    ring->count--;
}

/* Drops what lies in [at, at + n), which is the oldest there is, or nothing. */
static void clear(struct ring *ring, uint32_t at, uint32_t n)
{
    while (ring->count > 0) {
        const struct ring_slot *oldest = slot_at(ring, 0);
        if (oldest->at >= at + n || oldest->at + oldest->n <= at)
            return;
        drop_oldest(ring);
    }
}

void ring_put(struct ring *ring, struct span record)
{
    uint32_t n = (uint32_t)record.n;
    if (record.n == 0 || record.n > ring->bytes_max)
        return;
    if (ring->bytes_max - ring->end < n) { /* in one piece: the rest at the end stays unused */
        clear(ring, ring->end, ring->bytes_max - ring->end);
        ring->end = 0;
    }
    clear(ring, ring->end, n);
    if (ring->count == ring->slots_max)
        drop_oldest(ring);
    memcpy(ring->bytes + ring->end, record.at, n);
    *slot_at(ring, ring->count++) = (struct ring_slot){ring->end, n};
    ring->end += n;
}

struct span ring_at(const struct ring *ring, uint32_t i)
{
    assert(i < ring->count);
    const struct ring_slot *slot = slot_at(ring, i);
    return span_of(ring->bytes + slot->at, slot->n);
}
