#include "book/inside.h"

static bool not_ahead(int64_t *time_ms, struct now now)
{
    int64_t before = *time_ms;
    *time_ms = book_not_ahead(before, now);
    return *time_ms != before;
}

static void take_back(struct book *book, struct now now, uint32_t handle)
{
    struct book_entry *entry = &book->entries[handle];
    int64_t *const times[] = {&entry->first_seen_ms, &entry->last_attempt_ms,
        &entry->last_success_ms, &entry->last_verified_ms};
    bool changed = entry->dials.last_s > book_seconds(now.wall_ms);
    for (size_t i = 0; i < sizeof times / sizeof *times; i++)
        changed |= not_ahead(times[i], now);
    if (!changed)
        return;
    dials_repair(&entry->dials, now);
    book_changed(book, handle);
}

void book_clock_set_back(struct book *book, struct now now)
{
    for (uint32_t handle = 0; handle < book->used_to; handle++)
        if (book->entries[handle].refs > 0)
            take_back(book, now, handle);
    if (bans_clock_set_back(book->bans, now))
        book->revision++;
}
