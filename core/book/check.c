#include "book/inside.h"

static const char *check_slots(const struct book *book, uint32_t handle)
{
    const struct book_entry *entry = &book->entries[handle];
    const struct place *place = &book->places[handle];
    const struct buckets *buckets = &book->buckets[side_of(entry->side)];
    uint32_t refs_max = entry->side == BOOK_OLD ? 1 : book->settings.new_buckets_per_addr;
    if (entry->refs > refs_max)
        return "an entry is in too many buckets";
    for (unsigned i = 0; i < entry->refs; i++) {
        uint32_t slot = place->slots[i], bucket = slot / buckets->size;
        if (bucket >= buckets->count || slot % buckets->size >= buckets->fill[bucket] ||
            buckets->slots[slot] != handle)
            return "an entry is not in the slot it names";
        for (unsigned j = 0; j < i; j++)
            if (place->slots[j] / buckets->size == bucket)
                return "an entry is in one bucket twice";
    }
    return NULL;
}

static const char *check_member(const struct book *book, uint32_t handle)
{
    const struct book_entry *entry = &book->entries[handle];
    const struct members *members = &book->members[side_of(entry->side)];
    uint32_t at = book->places[handle].member;
    if (at >= members->n || members->at[at] != handle)
        return "an entry is not listed among its side";
    if ((at < members->verified_n) != (entry->last_verified_ms > 0))
        return "an entry is in the wrong part of its side's list";
    return NULL;
}

static const char *check_exclusions(const struct book *book, const struct book_entry *entry)
{
    struct ban_target id = ban_of_id(&entry->addr.id);
    if (peer_id_is_none(&entry->addr.id) || !ip_is_valid(&entry->addr.at.ip))
        return "an invalid address is in the book";
    if (book_is_own(book, &entry->addr))
        return "an address of our own is in the book";
    if (book_is_private(book, &entry->addr.id))
        return "a private peer is in the book";
    if (bans_find(book->bans, &id))
        return "a banned peer is in the book";
    return NULL;
}

static const char *check_entry(const struct book *book, uint32_t handle)
{
    const struct book_entry *entry = &book->entries[handle];
    if (entry->side != BOOK_NEW && entry->side != BOOK_OLD)
        return "an entry is of no side";
    if (entries_find(book, &entry->addr.id) != handle)
        return "an entry is not found under its ID";
    if (!group_equal(entry->group, ip_group(&entry->addr.at.ip, book->settings.strict)))
        return "an entry has a group that is not its own";
    if (entry->sources_n == 0 || entry->sources_n > BOOK_SOURCES_MAX)
        return "an entry has no source, or too many";
    if ((entry->further > 0) != (entry->sources_n > 1))
        return "an entry has a place for further sources and none, or the other way round";
    const char *broken = check_slots(book, handle);
    if (!broken)
        broken = check_member(book, handle);
    return broken ? broken : check_exclusions(book, entry);
}

/* Every entry in use, and the sums over them. */
struct totals {
    uint32_t entries, refs[2], sides[2], verified[2], sources, further, versions;
};

static const char *check_entries(const struct book *book, struct totals *totals)
{
    for (uint32_t handle = 0; handle < book->used_to; handle++) {
        const struct book_entry *entry = &book->entries[handle];
        if (entry->refs == 0)
            continue;
        const char *broken = check_entry(book, handle);
        if (broken)
            return broken;
        unsigned side = side_of(entry->side);
        totals->entries++;
        totals->refs[side] += entry->refs;
        totals->sides[side]++;
        totals->verified[side] += entry->last_verified_ms > 0;
        totals->sources += entry->sources_n;
        totals->further += entry->further > 0;
        totals->versions += entry->version != VERSION_UNKNOWN;
    }
    return NULL;
}

static const char *check_totals(const struct book *book, const struct totals *totals)
{
    for (unsigned side = 0; side < 2; side++) {
        const struct buckets *buckets = &book->buckets[side];
        uint32_t filled = 0;
        for (uint32_t bucket = 0; bucket < buckets->count; bucket++)
            filled += buckets->fill[bucket];
        if (filled != totals->refs[side])
            return "buckets hold what no entry knows of";
        if (book->members[side].n != totals->sides[side])
            return "the number of entries of a side is wrong";
        if (book->members[side].verified_n != totals->verified[side])
            return "the number of verified entries is wrong";
    }
    if (book->ids.n != totals->entries)
        return "the index of IDs has another size than the book";
    uint32_t users = 0;
    for (uint32_t i = 0; i < book->sources.used_to; i++)
        users += book->sources.at[i].users;
    if (users != totals->sources)
        return "the users of sources are miscounted";
    users = 0;
    for (uint32_t i = 0; i < book->versions.n; i++)
        users += book->versions.users[i];
    return users == totals->versions ? NULL : "the users of versions are miscounted";
}

static const char *check_free_list(const struct book *book)
{
    uint32_t n = 0, handle = book->first_free;
    for (; handle != HANDLE_NONE; handle = book->places[handle].member) {
        if (handle >= book->used_to || book->entries[handle].refs > 0 || n++ == book->used_to)
            return "the list of free entries is broken";
    }
    return n + book->ids.n == book->used_to ? NULL : "an entry is neither free nor in use";
}

static const char *check_further(const struct book *book, const struct totals *totals)
{
    uint32_t n = 0, at = book->further_free;
    for (; at != HANDLE_NONE; at = book->further[at].at[0].source)
        if (at >= book->further_used_to || n++ == book->further_used_to)
            return "the list of free places for further sources is broken";
    if (n + totals->further != book->further_used_to)
        return "a place for further sources is neither free nor in use";
    return NULL;
}

const char *book_check(const struct book *book)
{
    struct totals totals = {0};
    const char *broken = buckets_check(&book->buckets[0]);
    if (!broken)
        broken = buckets_check(&book->buckets[1]);
    if (!broken)
        broken = check_entries(book, &totals);
    if (!broken)
        broken = check_totals(book, &totals);
    if (!broken)
        broken = check_free_list(book);
    if (!broken)
        broken = check_further(book, &totals);
    if (!broken)
        broken = sources_check(&book->sources);
    return broken ? broken : bans_check(book->bans);
}
