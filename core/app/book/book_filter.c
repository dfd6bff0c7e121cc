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

const struct book_entry **book_filter_list(
    const struct book_filter *filter, const struct book *book, struct now now, size_t *n)
{
    const struct book_entry **list = malloc((book_count(book) + 1) * sizeof *list);
    const struct book_entry *entry;
    uint32_t cursor = 0;
    *n = 0;
    while (list && (entry = book_next(book, &cursor)) != NULL)
        if (book_filter_takes(filter, entry, now))
            list[(*n)++] = entry;
    if (list)
        qsort(list, *n, sizeof *list, in_order);
    return list;
}
