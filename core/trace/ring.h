/* The newest records of a stream in a fixed piece of memory: what comes in pushes out the oldest.
 * Records are bytes in one piece each; bytes and number of records are bounded. */
#ifndef TRACE_RING_H
#define TRACE_RING_H

#include "base/err.h"
#include "base/span.h"

struct ring_slot {
    uint32_t at, n;
};

struct ring {
    uint8_t *bytes;
    struct ring_slot *slots; /* count of them from `first` on, around the end */
    uint32_t bytes_max, slots_max;
    uint32_t first, count;
    uint32_t end; /* where the next record goes */
};

/* ERR_NO_MEMORY. All-zero is a ring of nothing. */
enum err ring_init(struct ring *ring, uint32_t bytes_max, uint32_t slots_max);
void ring_free(struct ring *ring);
/* A record longer than the whole ring is not kept. */
void ring_put(struct ring *ring, struct span record);
/* 0: the oldest. i < count; valid until the next ring_put. */
struct span ring_at(const struct ring *ring, uint32_t i);

#endif
