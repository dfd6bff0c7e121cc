#include "app/book/book_tally.h"

#include <stdlib.h>
#include <string.h>

bool tally_init(struct tally *tally, size_t cap)
{
    *tally = (struct tally){.keys = malloc((cap + 1) * sizeof *tally->keys), .cap = cap};
    return tally->keys != NULL;
}

void tally_free(struct tally *tally)
{
    free(tally->keys);
}

void tally_add(struct tally *tally, const void *key, size_t n)
{
    if (tally->n == tally->cap)
        return;
    memset(tally->keys[tally->n], 0, TALLY_KEY);
    memcpy(tally->keys[tally->n++], key, n);
}

static int by_bytes(const void *a, const void *b)
{
    return memcmp(a, b, TALLY_KEY);
}

/* Where a count belongs among those so far; the smallest falls out when there is no room. */
static void insert(
    const struct tally_count *count, struct tally_count *top, size_t top_max, size_t *top_n)
{
    size_t at = *top_n;
    while (at > 0 && top[at - 1].n < count->n)
        at--;
    if (at == top_max)
        return;
    if (*top_n < top_max)
        ++*top_n;
    memmove(top + at + 1, top + at, (*top_n - at - 1) * sizeof *top);
    top[at] = *count;
}

size_t tally_top(struct tally *tally, struct tally_count *top, size_t top_max, size_t *top_n)
{
    size_t distinct = 0;
    *top_n = 0;
    qsort(tally->keys, tally->n, TALLY_KEY, by_bytes);
    for (size_t first = 0, next; first < tally->n; first = next) {
        for (next = first + 1; next < tally->n; next++)
            if (by_bytes(tally->keys[first], tally->keys[next]) != 0)
                break;
        struct tally_count count = {.n = (uint32_t)(next - first)};
        memcpy(count.key, tally->keys[first], TALLY_KEY);
        insert(&count, top, top_max, top_n);
        distinct++;
    }
    return distinct;
}
