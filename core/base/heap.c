#include "base/heap.h"

#include <assert.h>
#include <stdlib.h>

bool heap_reserve(struct heap *heap, uint32_t n)
{
    if (n <= heap->cap)
        return true;
    uint32_t cap = heap->cap ? heap->cap : 16;
    while (cap < n)
        cap = cap > UINT32_MAX / 2 ? n : cap * 2;
    struct heap_item **at = realloc(heap->at, cap * sizeof *at);
    if (!at)
        return false;
    heap->at = at;
    heap->cap = cap;
    return true;
}

static void put(struct heap *heap, uint32_t place, struct heap_item *item)
{
    heap->at[place - 1] = item;
    item->place = place;
}

static bool is_before(const struct heap_item *a, const struct heap_item *b)
{
    return a->key < b->key || (a->key == b->key && a->turn < b->turn);
}

static void rise(struct heap *heap, struct heap_item *item)
{
    uint32_t place = item->place;
    while (place > 1 && is_before(item, heap->at[place / 2 - 1])) {
        put(heap, place, heap->at[place / 2 - 1]);
        place /= 2;
    }
    put(heap, place, item);
}

static void sink(struct heap *heap, struct heap_item *item)
{
    uint32_t place = item->place;
    while (place <= heap->n / 2) {
        uint32_t child = place * 2;
        if (child < heap->n && is_before(heap->at[child], heap->at[child - 1]))
            child++;
        if (!is_before(heap->at[child - 1], item))
            break;
        put(heap, place, heap->at[child - 1]);
        place = child;
    }
    put(heap, place, item);
}

void heap_set(struct heap *heap, struct heap_item *item, int64_t key)
{
    if (item->place == 0) {
        assert(heap->n < heap->cap);
        heap->n++;
        put(heap, heap->n, item);
    }
    item->key = key;
    item->turn = heap->turns++;
    rise(heap, item);
    sink(heap, item);
}

void heap_remove(struct heap *heap, struct heap_item *item)
{
    if (item->place == 0)
        return;
    uint32_t place = item->place;
    struct heap_item *last = heap->at[--heap->n];
    item->place = 0;
    if (last == item)
        return;
    put(heap, place, last);
    rise(heap, last);
    sink(heap, last);
}

struct heap_item *heap_top(const struct heap *heap)
{
    return heap->n ? heap->at[0] : NULL;
}

void heap_free(struct heap *heap)
{
    free(heap->at);
    *heap = (struct heap){0};
}
