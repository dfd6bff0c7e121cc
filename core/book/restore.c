#include "book/inside.h"

struct destination {
    struct group group;
    enum book_side side;
    uint32_t buckets[BOOK_REFS_MAX];
    uint32_t n;
};

static bool has(const struct destination *to, uint32_t bucket)
{
    for (uint32_t i = 0; i < to->n; i++)
        if (to->buckets[i] == bucket)
            return true;
    return false;
}

static void try_bucket(const struct book *book, struct destination *to, uint32_t bucket)
{
    const struct buckets *buckets = &book->buckets[side_of(to->side)];
    if (bucket < buckets->count && !buckets_full(buckets, bucket) && !has(to, bucket))
        to->buckets[to->n++] = bucket;
}

static void try_stored(
    const struct book *book, struct destination *to, const struct book_record *record)
{
    uint32_t max = to->side == BOOK_OLD ? 1 : book->settings.new_buckets_per_addr;
    if (record->buckets_n > max)
        return;
    for (uint32_t i = 0; i < record->buckets_n; i++)
        try_bucket(book, to, record->buckets[i]);
}

static void try_computed(
    const struct book *book, struct destination *to, const struct book_record *record)
{
    if (to->side == BOOK_OLD) {
        try_bucket(book, to, placement_old(&book->placement, &record->known.addr, to->group));
        return;
    }
    struct group source = ip_group(&record->sources[0].at.ip, book->settings.strict);
    try_bucket(book, to, placement_new(&book->placement, to->group, source));
}

static enum err find_room(const struct book *book, const struct book_record *record,
    struct destination *to, enum book_restored *how)
{
    *to = (struct destination){
        .group = ip_group(&record->known.addr.at.ip, book->settings.strict),
        .side = record->known.side,
    };
    *how = BOOK_RESTORED;
    try_stored(book, to, record);
    if (to->n == 0) {
        *how = BOOK_REPLACED;
        try_computed(book, to, record);
    }
    if (to->n == 0 && to->side == BOOK_OLD) {
        *how = BOOK_DEMOTED;
        to->side = BOOK_NEW;
        try_computed(book, to, record);
    }
    return to->n > 0 ? ERR_OK : ERR_BOOK_FULL;
}

static void copy_known(struct book_entry *entry, const struct book_entry *known, struct now now)
{
    entry->last_failure = known->last_failure;
    entry->bans = known->bans;
    entry->attempts = known->attempts;
    entry->rtt_ms = known->rtt_ms;
    entry->answers = known->answers;
    entry->first_seen_ms = book_not_ahead(known->first_seen_ms, now);
    entry->last_attempt_ms = book_not_ahead(known->last_attempt_ms, now);
    entry->last_success_ms = book_not_ahead(known->last_success_ms, now);
    entry->last_verified_ms = book_not_ahead(known->last_verified_ms, now);
    entry->last_ban_ms = known->last_ban_ms;
    memcpy(entry->failures, known->failures, sizeof entry->failures);
    entry->dials = known->dials;
    dials_repair(&entry->dials, now);
}

static void copy_sources(struct book *book, uint32_t handle, const struct book_record *record)
{
    const uint32_t *heard_s = record->heard_s;
    struct book_entry *entry = &book->entries[handle];
    entry->source.heard_s = heard_s[0];
    for (unsigned i = 1; i < record->known.sources_n && i < BOOK_SOURCES_MAX; i++)
        entries_heard(
            book, (struct now){.wall_ms = SECONDS_MS(heard_s[i])}, handle, &record->sources[i]);
}

enum err book_restore(
    struct book *book, struct now now, const struct book_record *record, enum book_restored *how)
{
    const struct addr *addr = &record->known.addr;
    struct destination to;
    enum book_restored placed;
    enum err err = book_may_hold(book, now, addr);
    if (err)
        return err;
    uint32_t hash = entries_hash(book, &addr->id);
    if (entries_find_by(book, &addr->id, hash) != HANDLE_NONE)
        return ERR_DUPLICATE_ID;
    err = find_room(book, record, &to, &placed);
    if (err)
        return err;
    uint32_t handle = entries_make(book, now, addr, hash, to.group, &record->sources[0]);
    copy_known(&book->entries[handle], &record->known, now);
    copy_sources(book, handle, record);
    size_t version_n = strnlen(record->version, BOOK_VERSION_MAX);
    book->entries[handle].version =
        versions_take(&book->versions, span_of(record->version, version_n));
    for (uint32_t i = 0; i < to.n; i++)
        entries_attach(book, handle, to.side, to.buckets[i]);
    entries_forget_spent_ban(book, handle);
    if (how)
        *how = placed;
    return ERR_OK;
}

void book_record(
    const struct book *book, const struct book_entry *entry, struct book_record *record)
{
    const struct place *place = &book->places[handle_of(book, entry)];
    uint32_t size = book->buckets[side_of(entry->side)].size;
    *record = (struct book_record){.known = *entry, .buckets_n = entry->refs};
    for (unsigned i = 0; i < entry->refs; i++)
        record->buckets[i] = place->slots[i] / size;
    for (unsigned i = 0; i < entry->sources_n; i++) {
        record->sources[i] = *book_source(book, entry, i);
        record->heard_s[i] = book_heard_s(book, entry, i);
    }
    memcpy(record->version, book_version(book, entry), strlen(book_version(book, entry)));
}
