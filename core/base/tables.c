#include "base/tables.h"

#include <stdint.h>
#include <stdlib.h>
#include <sys/mman.h>

#define HUGE ((size_t)2 << 20)

/* Up to the end of a huge page; 0: too much. */
static size_t rounded(size_t n, size_t size)
{
    return n > (SIZE_MAX - 2 * HUGE) / size ? 0 : (n * size + HUGE - 1) & ~(HUGE - 1);
}

/* One huge page more than needed, less what lies in front of the first whole one and behind the
 * last. */
static void *take_huge(size_t bytes)
{
    uint8_t *all = mmap(NULL, bytes + HUGE, PROT_READ | PROT_WRITE,
        MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    if (all == MAP_FAILED)
        return NULL;
    size_t before = (HUGE - ((uintptr_t)all & (HUGE - 1))) & (HUGE - 1);
    if (before > 0)
        munmap(all, before);
    munmap(all + before + bytes, HUGE - before);
    madvise(all + before, bytes, MADV_HUGEPAGE); /* without, it is only slower */
    return all + before;
}

void *table_take(size_t n, size_t size)
{
    if (n < TABLE_LARGE / size)
        return calloc(n, size);
    size_t bytes = rounded(n, size);
    return bytes > 0 ? take_huge(bytes) : NULL;
}

void table_free(void *table, size_t n, size_t size)
{
    if (n < TABLE_LARGE / size)
        free(table);
    else if (table)
        munmap(table, rounded(n, size));
}
