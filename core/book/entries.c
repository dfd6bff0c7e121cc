#include <assert.h>

#include "book/inside.h"

uint32_t entries_hash(const struct book *book, const struct peer_id *id)
{
    return hash_of_name(&book->hash_key, id->bytes, sizeof id->bytes);
}

uint32_t entries_find_by(const struct book *book, const struct peer_id *id, uint32_t hash)
{
    uint32_t at = hash, handle;
    while ((handle = hash_index_next(&book->ids, hash, &at)) != HANDLE_NONE)
        if (peer_id_equal(&book->entries[handle].addr.id, id))
            break;
    return handle;
}

uint32_t entries_find(const struct book *book, const struct peer_id *id)
{
    return entries_find_by(book, id, entries_hash(book, id));
}

/* Drops all sources but the first ones. What is left are at most as many as there are entries. */
static void forget_further_sources(struct book *book)
{
    uint32_t cursor = 0;
    while (book_next(book, &cursor)) {
        if (book->entries[cursor - 1].sources_n > 1)
            book_changed(book, cursor - 1);
        entries_forget_sources(book, cursor - 1, 1);
    }
}

/* Every entry needs its first source. */
static void hear_first(
    struct book *book, struct now now, uint32_t handle, const struct addr *source)
{
    if (!sources_has_room(&book->sources, source))
        forget_further_sources(book);
    entries_heard(book, now, handle, source);
}

uint32_t entries_make(struct book *book, struct now now, const struct addr *addr, uint32_t hash,
    struct group group, const struct addr *source)
{
    uint32_t handle = book->first_free;
    if (handle == HANDLE_NONE)
        handle = book->used_to++;
    else
        book->first_free = book->places[handle].member;
    assert(handle < book->capacity);
    book->entries[handle] = (struct book_entry){
        .addr = *addr,
        .group = group,
        .side = BOOK_NEW,
        .first_seen_ms = now.wall_ms,
        .last_attempt_ms = now.wall_ms,
    };
    book->places[handle] = (struct place){0};
    hash_index_put(&book->ids, hash, handle);
    hear_first(book, now, handle, source);
    return handle;
}

void entries_readdress(struct book *book, struct now now, uint32_t handle, const struct addr *addr,
    struct group group, const struct addr *source)
{
    struct book_entry *entry = &book->entries[handle], before = *entry;
    assert(entry->refs == 0 && peer_id_equal(&entry->addr.id, &addr->id));
    entries_forget_sources(book, handle, 0);
    *entry = (struct book_entry){
        .addr = *addr,
        .group = group,
        .side = BOOK_NEW,
        .connected = before.connected,
        .bans = before.bans,
        .version = before.version,
        .answers = before.answers,
        .first_seen_ms = before.first_seen_ms,
        .last_attempt_ms = now.wall_ms,
        .last_ban_ms = before.last_ban_ms,
    };
    hear_first(book, now, handle, source);
}

/* Members: one dense list for each side, the verified ones first. Every move is one step of
 * "the one at `from` goes to `to`". */

static void member_move(struct book *book, struct members *members, uint32_t from, uint32_t to)
{
    members->at[to] = members->at[from];
    book->places[members->at[to]].member = to;
}

static void member_put(struct book *book, struct members *members, uint32_t handle, uint32_t to)
{
    members->at[to] = handle;
    book->places[handle].member = to;
}

static void member_add(struct book *book, uint32_t handle)
{
    struct members *members = members_of(book, book->entries[handle].side);
    uint32_t to = members->n++;
    if (book->entries[handle].last_verified_ms > 0) {
        if (to != members->verified_n)
            member_move(book, members, members->verified_n, to);
        to = members->verified_n++;
    }
    member_put(book, members, handle, to);
}

static void member_remove(struct book *book, uint32_t handle)
{
    struct members *members = members_of(book, book->entries[handle].side);
    uint32_t gap = book->places[handle].member;
    if (gap < members->verified_n) {
        member_move(book, members, --members->verified_n, gap);
        gap = members->verified_n;
    }
    if (gap != --members->n) /* else there is nobody behind it */
        member_move(book, members, members->n, gap);
}

void entries_verified(struct book *book, uint32_t handle)
{
    struct members *members = members_of(book, book->entries[handle].side);
    uint32_t at = book->places[handle].member;
    if (at < members->verified_n)
        return;
    member_move(book, members, members->verified_n, at);
    member_put(book, members, handle, members->verified_n++);
}

/* Buckets */

void entries_attach(struct book *book, uint32_t handle, enum book_side side, uint32_t bucket)
{
    struct book_entry *entry = &book->entries[handle];
    assert(entry->refs == 0 || (entry->side == side && side == BOOK_NEW));
    assert(entry->refs < BOOK_REFS_MAX);
    uint32_t slot = buckets_put(buckets_of(book, side), bucket, handle);
    book->places[handle].slots[entry->refs++] = slot;
    if (entry->refs == 1) {
        entry->side = (uint8_t)side;
        member_add(book, handle);
    }
    book_changed(book, handle);
}

static void slot_moved(struct book *book, uint32_t handle, uint32_t from, uint32_t to)
{
    uint32_t *slots = book->places[handle].slots;
    unsigned i = 0;
    while (slots[i] != from)
        i++;
    assert(i < book->entries[handle].refs);
    slots[i] = to;
}

void entries_detach(struct book *book, uint32_t handle, unsigned i)
{
    struct book_entry *entry = &book->entries[handle];
    uint32_t *slots = book->places[handle].slots, slot = slots[i], from = 0;
    assert(i < entry->refs);
    slots[i] = slots[--entry->refs];
    uint32_t moved = buckets_take(buckets_of(book, entry->side), slot, &from);
    if (moved != HANDLE_NONE)
        slot_moved(book, moved, from, slot);
    if (entry->refs == 0)
        member_remove(book, handle);
    book_changed(book, handle);
}

void entries_detach_all(struct book *book, uint32_t handle)
{
    while (book->entries[handle].refs > 0)
        entries_detach(book, handle, 0);
}

void entries_drop(struct book *book, uint32_t handle)
{
    struct book_entry *entry = &book->entries[handle];
    struct place *place = &book->places[handle];
    entries_detach_all(book, handle);
    entries_forget_sources(book, handle, 0);
    versions_release(&book->versions, entry->version);
    hash_index_remove(&book->ids, entries_hash(book, &entry->addr.id), handle);
    unsaved_drop(&book->unsaved, &entry->addr.id);
    place->member = book->first_free;
    book->first_free = handle;
}

bool entries_is_in(const struct book *book, uint32_t handle, uint32_t bucket)
{
    const struct book_entry *entry = &book->entries[handle];
    uint32_t size = book->buckets[side_of(entry->side)].size;
    for (unsigned i = 0; i < entry->refs; i++)
        if (book->places[handle].slots[i] / size == bucket)
            return true;
    return false;
}

/* Sources */

const struct book_source_ref *entries_source_ref(
    const struct book *book, const struct book_entry *entry, unsigned i)
{
    assert(i < entry->sources_n);
    return i == 0 ? &entry->source : &book->further[entry->further - 1].at[i - 1];
}

void entries_forget_sources(struct book *book, uint32_t handle, unsigned left)
{
    struct book_entry *entry = &book->entries[handle];
    while (entry->sources_n > left) {
        uint32_t source = entries_source_ref(book, entry, entry->sources_n - 1u)->source;
        sources_release(&book->sources, source);
        entry->sources_n--;
    }
    if (entry->sources_n > 1 || entry->further == 0)
        return;
    book->further[entry->further - 1].at[0].source = book->further_free;
    book->further_free = entry->further - 1;
    entry->further = 0;
}

/* Where an entry's second source goes, and those behind it. There is one for each entry. */
static void make_further(struct book *book, struct book_entry *entry)
{
    uint32_t at = book->further_free;
    if (at == HANDLE_NONE)
        at = book->further_used_to++;
    else
        book->further_free = book->further[at].at[0].source;
    entry->further = at + 1;
}

static void append_source(struct book *book, struct book_entry *entry, struct book_source_ref ref)
{
    if (entry->sources_n == 0) {
        entry->source = ref;
    } else {
        if (entry->sources_n == 1)
            make_further(book, entry);
        book->further[entry->further - 1].at[entry->sources_n - 1] = ref;
    }
    entry->sources_n++;
}

/* Half of the table is kept for first sources, because every entry needs one. */
static bool has_room_for_another(const struct book *book, const struct addr *source)
{
    return book->sources.n < book->sources.capacity / 2 ||
        sources_find(&book->sources, source) != HANDLE_NONE;
}

static bool has_heard_from(
    const struct book *book, const struct book_entry *entry, const struct addr *source)
{
    for (unsigned i = 0; i < entry->sources_n; i++)
        if (addr_equal(book_source(book, entry, i), source))
            return true;
    return false;
}

void entries_heard(struct book *book, struct now now, uint32_t handle, const struct addr *source)
{
    struct book_entry *entry = &book->entries[handle];
    if (entry->sources_n == BOOK_SOURCES_MAX || has_heard_from(book, entry, source))
        return;
    if (entry->sources_n > 0 && !has_room_for_another(book, source))
        return;
    uint32_t taken = sources_take(&book->sources, source);
    assert(taken != HANDLE_NONE);
    append_source(book, entry, (struct book_source_ref){taken, book_seconds(now.wall_ms)});
    book_changed(book, handle);
}

void entries_came_back(struct book *book, uint32_t handle, const struct ban *ban)
{
    struct book_entry *entry = &book->entries[handle];
    entry->bans = (uint8_t)(ban->times < UINT8_MAX ? ban->times : UINT8_MAX);
    entry->last_ban_ms = ban->until_ms;
    book_changed(book, handle);
}

void entries_forget_spent_ban(struct book *book, uint32_t handle)
{
    struct ban_target target = ban_of_id(&book->entries[handle].addr.id);
    const struct ban *ban = bans_find(book->bans, &target);
    if (!ban)
        return;
    entries_came_back(book, handle, ban);
    bans_lift(book->bans, &target);
}

struct group entries_source_group(const struct book *book, const struct book_entry *entry)
{
    return ip_group(&book_source(book, entry, 0)->at.ip, book->settings.strict);
}
