/* Arrays copied one behind another into one piece of memory: so something with many pointers is
 * copied in one go, kept for long and given back at once. The same description counts and copies:
 *
 *     static void copy_list(struct copier *copier, struct list *list)
 *     {
 *         COPY_ARRAY(copier, list->at, list->n);
 *     }
 *
 * turns a list whose pointers are another's into one of its own. Without room it only counts the
 * bytes that are needed, and the pointers become NULL.
 */
#ifndef BASE_COPIER_H
#define BASE_COPIER_H

#include <stddef.h>
#include <stdint.h>
#include <string.h>

#define COPIER_ALIGNMENT 16

struct copier {
    uint8_t *room; /* aligned as malloc does; NULL: it counts */
    size_t n;      /* bytes used */
};

/* The copy, or NULL while it counts. */
static inline void *copier_put(struct copier *copier, const void *from, size_t n)
{
    uint8_t *to = copier->room ? copier->room + copier->n : NULL;
    copier->n += (n + COPIER_ALIGNMENT - 1) / COPIER_ALIGNMENT * COPIER_ALIGNMENT;
    if (to && n > 0)
        memcpy(to, from, n);
    return to;
}

#define COPY_ARRAY(copier, pointer, count)                                                         \
    ((pointer) = copier_put((copier), (pointer), (size_t)(count) * sizeof *(pointer)))

#endif
