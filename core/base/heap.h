/* Binary min-heap of deadlines, intrusive: whoever has a deadline embeds a heap_item, and the heap
 * only keeps pointers. Moving or removing an item costs O(log n) without any search.
 *
 * All-zero is an empty heap, and an item outside of any heap. Items of equal keys come in the order
 * in which they were set. */
#ifndef BASE_HEAP_H
#define BASE_HEAP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct heap_item {
    int64_t key;    /* read it freely, change it through heap_set */
    uint64_t turn;  /* grows with every heap_set */
    uint32_t place; /* 1-based position in the heap; 0: in none */
};

struct heap {
    struct heap_item **at;
    uint32_t n, cap;
    uint64_t turns;
};

/* Makes room for n items in total, so that heap_set cannot fail; false when out of memory. */
bool heap_reserve(struct heap *heap, uint32_t n);
/* Puts the item in, or moves it to its new key. Room for it must have been reserved. */
void heap_set(struct heap *heap, struct heap_item *item, int64_t key);
/* Takes the item out; nothing happens when it is in no heap. */
void heap_remove(struct heap *heap, struct heap_item *item);
/* The item with the smallest key, NULL when empty. */
struct heap_item *heap_top(const struct heap *heap);
/* Frees the array; items still inside are forgotten, not touched. */
void heap_free(struct heap *heap);

#endif
