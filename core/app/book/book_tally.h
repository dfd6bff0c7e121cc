/* Counts how often keys occur: who named most addresses, which groups are largest. */
#ifndef APP_BOOK_TALLY_H
#define APP_BOOK_TALLY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define TALLY_KEY 16

/* All-zero but for cap. */
struct tally {
    uint8_t (*keys)[TALLY_KEY];
    size_t n, cap;
};

struct tally_count {
    uint8_t key[TALLY_KEY];
    uint32_t n;
};

/* Room for cap keys; false: no memory. */
bool tally_init(struct tally *tally, size_t cap);
void tally_free(struct tally *tally);
/* The first n bytes of key count; beyond cap nothing is counted. */
void tally_add(struct tally *tally, const void *key, size_t n);
/* The most frequent keys, at most top_max, most frequent first; *top_n says how many. Returns how
 * many distinct keys there are. Sorts the keys. */
size_t tally_top(struct tally *tally, struct tally_count *top, size_t top_max, size_t *top_n);

#endif
