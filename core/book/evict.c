#include <assert.h>

#include "book/inside.h"

/* One full bucket under decision. */
struct candidates {
    const struct book_entry *entries[BOOK_BUCKET_SIZE_MAX];
    uint32_t n;
};

bool book_entry_is_bad(
    const struct book_settings *settings, const struct book_entry *entry, struct now now)
{
    if (entry->side == BOOK_OLD)
        return false;
    int64_t untried_ms = now.wall_ms - entry->last_attempt_ms;
    if (untried_ms < settings->bad_grace_ms)
        return false;
    if (untried_ms > settings->bad_unseen_ms)
        return true;
    if (entry->last_success_ms == 0)
        return entry->attempts >= settings->bad_retries;
    return now.wall_ms - entry->last_success_ms > settings->bad_success_ms &&
        entry->attempts >= settings->bad_failures;
}

static void collect(
    const struct book *book, enum book_side side, uint32_t bucket, struct candidates *full)
{
    const struct buckets *buckets = &book->buckets[side_of(side)];
    full->n = buckets->fill[bucket];
    for (uint32_t i = 0; i < full->n; i++) {
        full->entries[i] = &book->entries[buckets->slots[bucket * buckets->size + i]];
        __builtin_prefetch(&full->entries[i]->last_attempt_ms);
    }
}

static uint32_t ask(const struct book *book, struct now now, enum book_side side, uint32_t bucket,
    const struct candidates *full, const struct addr *newcomer, struct group source)
{
    if (!book->evict)
        return BOOK_EVICT_DEFAULT;
    struct book_full view = {
        .side = side,
        .bucket = bucket,
        .n = full->n,
        .entries = full->entries,
        .newcomer = newcomer,
        .source_group = source,
    };
    uint32_t choice = book->evict(book->evict_context, now, &view);
    return choice < full->n || choice == BOOK_EVICT_REFUSE ? choice : BOOK_EVICT_DEFAULT;
}

static uint32_t first_bad(const struct book *book, struct now now, const struct candidates *full)
{
    uint32_t i = 0;
    while (i < full->n && !book_entry_is_bad(&book->settings, full->entries[i], now))
        i++;
    return i;
}

/* The index of the entry tried longest ago, of those allowed; full->n if there is none. */
static uint32_t oldest(const struct candidates *full, bool connected_too)
{
    uint32_t best = full->n;
    for (uint32_t i = 0; i < full->n; i++) {
        if (full->entries[i]->connected && !connected_too)
            continue;
        if (best == full->n ||
            full->entries[i]->last_attempt_ms < full->entries[best]->last_attempt_ms)
            best = i;
    }
    return best;
}

static void leave_bucket(struct book *book, const struct book_entry *victim, uint32_t bucket)
{
    uint32_t handle = handle_of(book, victim), size = book->buckets[side_of(BOOK_NEW)].size;
    if (victim->refs == 1) {
        entries_drop(book, handle);
        return;
    }
    unsigned i = 0;
    while (book->places[handle].slots[i] / size != bucket)
        i++;
    entries_detach(book, handle, i);
}

enum err evict_new(struct book *book, struct now now, uint32_t bucket, const struct addr *newcomer,
    struct group source, bool must)
{
    if (!buckets_full(&book->buckets[side_of(BOOK_NEW)], bucket))
        return ERR_OK;
    struct candidates full;
    collect(book, BOOK_NEW, bucket, &full);
    uint32_t choice = BOOK_EVICT_DEFAULT;
    if (!must)
        choice = ask(book, now, BOOK_NEW, bucket, &full, newcomer, source);
    if (choice == BOOK_EVICT_REFUSE)
        return ERR_BOOK_FULL;
    if (choice == BOOK_EVICT_DEFAULT)
        choice = first_bad(book, now, &full);
    if (choice == full.n)
        choice = oldest(&full, true);
    leave_bucket(book, full.entries[choice], bucket);
    return ERR_OK;
}

uint32_t evict_old_victim(struct book *book, struct now now, uint32_t bucket, uint32_t newcomer)
{
    const struct book_entry *entry = &book->entries[newcomer];
    struct candidates full;
    collect(book, BOOK_OLD, bucket, &full);
    uint32_t choice =
        ask(book, now, BOOK_OLD, bucket, &full, &entry->addr, entries_source_group(book, entry));
    if (choice == BOOK_EVICT_REFUSE)
        return HANDLE_NONE;
    if (choice == BOOK_EVICT_DEFAULT || full.entries[choice]->connected)
        choice = oldest(&full, false);
    return choice == full.n ? HANDLE_NONE : handle_of(book, full.entries[choice]);
}

void book_place_new(struct book *book, struct now now, uint32_t handle)
{
    const struct book_entry *entry = &book->entries[handle];
    struct group source = entries_source_group(book, entry);
    uint32_t bucket = placement_new(&book->placement, entry->group, source);
    enum err err = evict_new(book, now, bucket, &entry->addr, source, true);
    assert(err == ERR_OK);
    (void)err;
    entries_attach(book, handle, BOOK_NEW, bucket);
}
