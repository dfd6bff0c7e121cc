#include <assert.h>

#include "book/inside.h"

#define RTT_WEIGHT 8 /* a new round trip counts for an eighth, as in TCP */

static_assert(ERR_COUNT <= UINT8_MAX, "an entry keeps the cause of its last failure in a byte");

/* The entry of addr->id if it is at addr->at, else NULL. */
static struct book_entry *entry_at(struct book *book, const struct addr *addr)
{
    uint32_t handle = entries_find(book, &addr->id);
    if (handle == HANDLE_NONE || !endpoint_equal(&book->entries[handle].addr.at, &addr->at))
        return NULL;
    book_changed(book, handle);
    return &book->entries[handle];
}

static enum book_failure class_of(enum err cause)
{
    switch (cause) {
    case ERR_REFUSED:
    case ERR_RESET:
    case ERR_CLOSED_BY_PEER:
        return BOOK_REFUSED;
    case ERR_TIMEOUT:
    case ERR_HANDSHAKE_TIMEOUT:
        return BOOK_TIMED_OUT;
    default:
        return cause >= ERR_TRUNCATED && cause <= ERR_NO_COMMON_CHANNEL ? BOOK_HANDSHAKE
                                                                        : BOOK_OTHER;
    }
}

static void note_failure(struct book_entry *entry, struct now now, enum err cause)
{
    uint8_t *count = &entry->failures[class_of(cause)];
    *count = (uint8_t)(*count + (*count < UINT8_MAX));
    entry->last_failure = (uint8_t)cause;
    enum blame blame = err_blame(cause);
    if (blame != BLAME_ENVIRONMENT && blame != BLAME_US)
        dials_note(&entry->dials, now, false);
}

enum err book_mark_attempt(
    struct book *book, struct now now, const struct addr *addr, enum err cause)
{
    struct book_entry *entry = entry_at(book, addr);
    if (!entry)
        return ERR_NOT_FOUND;
    entry->attempts += entry->attempts < INT32_MAX;
    entry->last_attempt_ms = now.wall_ms;
    note_failure(entry, now, cause);
    return ERR_OK;
}

static void note_rtt(struct book_entry *entry, uint32_t rtt_ms)
{
    if (entry->rtt_ms == 0)
        entry->rtt_ms = rtt_ms;
    else if (rtt_ms > 0)
        entry->rtt_ms =
            (uint32_t)(((uint64_t)entry->rtt_ms * (RTT_WEIGHT - 1) + rtt_ms + RTT_WEIGHT / 2) /
                RTT_WEIGHT);
}

static void note_success(struct book_entry *entry, struct now now)
{
    entry->attempts = 0;
    entry->last_attempt_ms = now.wall_ms;
    entry->last_success_ms = now.wall_ms;
    entry->last_failure = ERR_OK;
}

/* The entry of an ID that was proven at addr and never anywhere else, now with that address. */
static struct book_entry *found_elsewhere(
    struct book *book, struct now now, const struct addr *addr)
{
    uint32_t handle = entries_find(book, &addr->id);
    if (handle == HANDLE_NONE || book->entries[handle].last_verified_ms > 0 ||
        book_may_hold(book, now, addr) || book_readdress(book, now, handle, addr, addr))
        return NULL;
    return &book->entries[handle];
}

enum err book_mark_success(
    struct book *book, struct now now, const struct addr *addr, uint32_t rtt_ms)
{
    struct book_entry *entry = entry_at(book, addr);
    if (!entry)
        entry = found_elsewhere(book, now, addr);
    if (!entry)
        return ERR_NOT_FOUND;
    note_success(entry, now);
    note_rtt(entry, rtt_ms);
    dials_note(&entry->dials, now, true);
    entry->last_verified_ms = now.wall_ms;
    entries_verified(book, handle_of(book, entry));
    return ERR_OK;
}

enum err book_mark_answer(struct book *book, const struct addr *addr)
{
    struct book_entry *entry = entry_at(book, addr);
    if (!entry)
        return ERR_NOT_FOUND;
    entry->answers += entry->answers < UINT32_MAX;
    return ERR_OK;
}

enum err book_mark_rtt(struct book *book, const struct addr *addr, uint32_t rtt_ms)
{
    struct book_entry *entry = entry_at(book, addr);
    if (!entry)
        return ERR_NOT_FOUND;
    note_rtt(entry, rtt_ms);
    return ERR_OK;
}

/* B44 with F6: the victim of a full bucket becomes a new entry again instead of getting lost. */
enum err book_promote(struct book *book, struct now now, uint32_t handle)
{
    const struct book_entry *entry = &book->entries[handle];
    uint32_t bucket = placement_old(&book->placement, &entry->addr, entry->group);
    uint32_t victim = HANDLE_NONE;
    if (buckets_full(buckets_of(book, BOOK_OLD), bucket)) {
        victim = evict_old_victim(book, now, bucket, handle);
        if (victim == HANDLE_NONE)
            return ERR_BOOK_FULL;
        entries_detach(book, victim, 0);
    }
    entries_detach_all(book, handle);
    entries_attach(book, handle, BOOK_OLD, bucket);
    if (victim != HANDLE_NONE)
        book_place_new(book, now, victim);
    return ERR_OK;
}

enum err book_mark_good(struct book *book, struct now now, const struct addr *addr)
{
    struct book_entry *entry = entry_at(book, addr);
    if (!entry)
        return ERR_NOT_FOUND;
    note_success(entry, now);
    return entry->side == BOOK_OLD ? ERR_OK : book_promote(book, now, handle_of(book, entry));
}

enum err book_mark_version(struct book *book, const struct addr *addr, struct span version)
{
    uint32_t handle = entries_find(book, &addr->id);
    if (handle == HANDLE_NONE || !endpoint_equal(&book->entries[handle].addr.at, &addr->at))
        return ERR_NOT_FOUND;
    uint16_t *known = &book->entries[handle].version, before = *known;
    *known = versions_take(&book->versions, version);
    versions_release(&book->versions, before);
    if (*known != before)
        book_changed(book, handle);
    return ERR_OK;
}

void book_set_connected(struct book *book, const struct peer_id *id, bool connected)
{
    uint32_t handle = entries_find(book, id);
    if (handle != HANDLE_NONE)
        book->entries[handle].connected = connected;
}
