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

static uint32_t row_of(const struct candidates *full, const struct peer_id *id)
{
    uint32_t i = 0;
    while (i < full->n && !peer_id_equal(&full->entries[i]->addr.id, id))
        i++;
    return i;
}

static uint32_t ask(const struct book *book, struct now now, enum book_side side, uint32_t bucket,
    const struct candidates *full, const struct newcomer *newcomer)
{
    if (!book->evict && !book->leaving)
        return BOOK_EVICT_DEFAULT;
    struct book_full view = {
        .side = side,
        .bucket = bucket,
        .n = full->n,
        .entries = full->entries,
        .newcomer = newcomer->addr,
        .source = newcomer->source,
        .known = newcomer->known,
        .source_group = newcomer->source_group,
    };
    if (book->leaving) {
        uint32_t row = row_of(full, book->leaving);
        return book_may_leave(&view, row) ? row : BOOK_EVICT_REFUSE;
    }
    uint32_t choice = book->evict(book->evict_context, now, &view);
    return choice == BOOK_EVICT_REFUSE || book_may_leave(&view, choice) ? choice
                                                                        : BOOK_EVICT_DEFAULT;
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

/* B38, B44; full->n: nobody may leave. */
static uint32_t by_rule(
    const struct book *book, struct now now, enum book_side side, const struct candidates *full)
{
    if (side == BOOK_OLD)
        return oldest(full, false);
    uint32_t bad = first_bad(book, now, full);
    return bad < full->n ? bad : oldest(full, true);
}

uint32_t book_evict_default(const struct book *book, struct now now, const struct book_full *full)
{
    struct candidates same = {.n = full->n};
    memcpy(same.entries, full->entries, full->n * sizeof *full->entries);
    uint32_t row = by_rule(book, now, full->side, &same);
    return row < full->n ? row : BOOK_EVICT_REFUSE;
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

enum err evict_new(
    struct book *book, struct now now, uint32_t bucket, const struct newcomer *newcomer, bool must)
{
    if (!buckets_full(&book->buckets[side_of(BOOK_NEW)], bucket))
        return ERR_OK;
    struct candidates full;
    collect(book, BOOK_NEW, bucket, &full);
    uint32_t choice = BOOK_EVICT_DEFAULT;
    if (!must)
        choice = ask(book, now, BOOK_NEW, bucket, &full, newcomer);
    if (choice == BOOK_EVICT_REFUSE)
        return ERR_BOOK_FULL;
    if (choice == BOOK_EVICT_DEFAULT)
        choice = by_rule(book, now, BOOK_NEW, &full);
    leave_bucket(book, full.entries[choice], bucket);
    return ERR_OK;
}

static struct newcomer newcomer_of(const struct book *book, const struct book_entry *entry)
{
    return (struct newcomer){
        .addr = &entry->addr,
        .source = book_source(book, entry, 0),
        .known = entry,
        .source_group = entries_source_group(book, entry),
    };
}

uint32_t evict_old_victim(struct book *book, struct now now, uint32_t bucket, uint32_t handle)
{
    struct newcomer newcomer = newcomer_of(book, &book->entries[handle]);
    struct candidates full;
    collect(book, BOOK_OLD, bucket, &full);
    uint32_t choice = ask(book, now, BOOK_OLD, bucket, &full, &newcomer);
    if (choice == BOOK_EVICT_REFUSE)
        return HANDLE_NONE;
    if (choice == BOOK_EVICT_DEFAULT)
        choice = by_rule(book, now, BOOK_OLD, &full);
    return choice == full.n ? HANDLE_NONE : handle_of(book, full.entries[choice]);
}

void book_place_new(struct book *book, struct now now, uint32_t handle)
{
    struct newcomer newcomer = newcomer_of(book, &book->entries[handle]);
    uint32_t bucket = placement_new(&book->placement, newcomer.known->group, newcomer.source_group);
    enum err err = evict_new(book, now, bucket, &newcomer, true);
    assert(err == ERR_OK);
    (void)err;
    entries_attach(book, handle, BOOK_NEW, bucket);
}

void book_set_evict(struct book *book, book_evict_fn evict, void *context)
{
    book->evict = evict;
    book->evict_context = context;
}

static enum err promote_at(struct book *book, struct now now, const struct addr *addr)
{
    uint32_t handle = entries_find(book, &addr->id);
    if (handle == HANDLE_NONE || !endpoint_equal(&book->entries[handle].addr.at, &addr->at))
        return ERR_NOT_FOUND;
    return book->entries[handle].side == BOOK_OLD ? ERR_OK : book_promote(book, now, handle);
}

enum err book_replace(struct book *book, struct now now, struct rng *rng, enum book_side side,
    const struct peer_id *victim, const struct addr *newcomer, const struct addr *source)
{
    book->leaving = victim;
    enum err err = side == BOOK_OLD ? promote_at(book, now, newcomer)
                                    : book_add(book, now, rng, newcomer, source, NULL);
    book->leaving = NULL;
    return err;
}
