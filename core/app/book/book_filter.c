#include "app/book/book_filter.h"

#include <stdlib.h>
#include <string.h>

#define VERIFIED_MAX_MS (10 * 366 * HOURS_MS(24))

bool book_filter_read(const struct flags *flags, struct book_filter *filter)
{
    bool old = flags_has(flags, "old"), new = flags_has(flags, "new");
    *filter = (struct book_filter){0};
    if (old != new)
        filter->side = old ? BOOK_OLD : BOOK_NEW;
    return flags_duration(
        flags, "verified", SECONDS_MS(1), VERIFIED_MAX_MS, &filter->verified_within_ms);
}

bool book_filter_is_empty(const struct book_filter *filter)
{
    return !filter->side && !filter->verified_within_ms && !filter->keep;
}

bool book_filter_takes(
    const struct book_filter *filter, const struct book_entry *entry, struct now now)
{
    if (filter->side && entry->side != filter->side)
        return false;
    if (filter->verified_within_ms &&
        (!entry->last_verified_ms ||
            now.wall_ms - entry->last_verified_ms > filter->verified_within_ms))
        return false;
    return !filter->keep || filter->keep(filter->context, entry);
}

static int latest_first(int64_t a, int64_t b)
{
    return (a < b) - (a > b);
}

static int in_order(const void *a, const void *b)
{
    const struct book_entry *left = *(const struct book_entry *const *)a;
    const struct book_entry *right = *(const struct book_entry *const *)b;
    int order = latest_first(left->last_verified_ms, right->last_verified_ms);
    if (order == 0)
        order = latest_first(left->last_success_ms, right->last_success_ms);
    return order ? order : memcmp(&left->addr.id, &right->addr.id, sizeof left->addr.id);
}

/* Below place i of a heap whose top comes last in the order. */
static void sift(const struct book_entry **heap, size_t n, size_t i)
{
    for (size_t child; (child = 2 * i + 1) < n; i = child) {
        if (child + 1 < n && in_order(&heap[child], &heap[child + 1]) < 0)
            child++;
        if (in_order(&heap[i], &heap[child]) >= 0)
            return;
        const struct book_entry *moved = heap[i];
        heap[i] = heap[child];
        heap[child] = moved;
    }
}

/* A few of thousands are found without putting all in order. */
static void choose(const struct book_entry **list, size_t n, size_t first)
{
    for (size_t i = first / 2; i-- > 0;)
        sift(list, first, i);
    for (size_t i = first; i < n; i++) {
        const struct book_entry *other = list[i];
        if (first == 0 || in_order(&other, &list[0]) >= 0)
            continue;
        list[i] = list[0];
        list[0] = other;
        sift(list, first, 0);
    }
}

const struct book_entry **book_filter_list(const struct book_filter *filter,
    const struct book *book, struct now now, size_t first, size_t *n)
{
    const struct book_entry **list = malloc((book_count(book) + 1) * sizeof *list);
    const struct book_entry *entry;
    uint32_t cursor = 0;
    *n = 0;
    while (list && (entry = book_next(book, &cursor)) != NULL)
        if (book_filter_takes(filter, entry, now))
            list[(*n)++] = entry;
    if (list && first < *n)
        choose(list, *n, first);
    if (list)
        qsort(list, first < *n ? first : *n, sizeof *list, in_order);
    return list;
}
