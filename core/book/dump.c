#include "book/dump.h"

#include "addr/code.h"
#include "book/inside.h"
#include <assert.h>
#include <stdlib.h>

/* A field more or less, and this file must know it; for what is written in another way see
 * trace/format.h. */
#if UINTPTR_MAX == UINT64_MAX
static_assert(sizeof(struct book_settings) == 96, "code_settings");
static_assert(sizeof(struct book_entry) == 168, "code_entry");
static_assert(sizeof(struct book) == 3280, "book_code");
#endif

static void code_settings(struct codec *codec, struct book_settings *s)
{
    code_bool(codec, &s->strict);
    uint32_t *const numbers[] = {&s->new_buckets, &s->new_bucket_size, &s->old_buckets,
        &s->old_bucket_size, &s->new_buckets_per_group, &s->old_buckets_per_group,
        &s->new_buckets_per_addr, &s->duplicate_factor, &s->bad_retries, &s->bad_failures,
        &s->need_more, &s->selection_percent, &s->selection_min, &s->selection_max, &s->bans_max};
    for (size_t i = 0; i < sizeof numbers / sizeof *numbers; i++)
        code_u32(codec, numbers[i]);
    code_time(codec, &s->bad_grace_ms);
    code_time(codec, &s->bad_unseen_ms);
    code_time(codec, &s->bad_success_ms);
}

/* ---- sources ---- */

/* Users are not written: they are counted when the entries are read. */
static void code_sources(struct codec *codec, struct sources *sources)
{
    sources->used_to = code_count(codec, sources->used_to, sources->capacity);
    for (uint32_t i = 0; i < sources->used_to && !codec->err; i++) {
        struct source *source = &sources->at[i];
        bool used = source->users > 0;
        code_bool(codec, &used);
        if (used)
            code_addr(codec, &source->addr);
        else
            code_link(codec, &source->next_free, sources->used_to);
        if (codec->reading)
            source->users = 0;
    }
    code_link(codec, &sources->first_free, sources->used_to);
}

static void code_source_ref(
    struct codec *codec, struct sources *sources, struct book_source_ref *ref)
{
    code_below(codec, &ref->source, sources->used_to ? sources->used_to : 1);
    code_u32(codec, &ref->heard_s);
    if (codec->reading && sources->used_to == 0)
        codec_refuse(codec);
    if (codec->reading && !codec->err)
        sources->at[ref->source].users++;
}

/* ---- versions ---- */

static void code_versions(struct codec *codec, struct versions *versions)
{
    versions->n = code_count(codec, versions->n, VERSIONS_MAX);
    for (uint32_t i = 0; i < versions->n && !codec->err; i++)
        code_text(codec, versions->texts[i], sizeof versions->texts[i]);
}

static void code_version(struct codec *codec, struct versions *versions, uint16_t *version)
{
    uint32_t at = *version;
    code_below(codec, &at, versions->n + 1);
    if (!codec->reading)
        return;
    *version = (uint16_t)at;
    if (at > 0)
        versions->users[at - 1]++;
}

/* ---- entries ---- */

static void code_dials(struct codec *codec, struct book_dials *dials)
{
    code_u32(codec, &dials->first_s);
    code_u32(codec, &dials->last_s);
    for (unsigned i = 0; i < BOOK_WINDOWS; i++) {
        code_float(codec, &dials->good[i]);
        code_float(codec, &dials->tries[i]);
    }
}

static void code_known(struct codec *codec, struct book_entry *entry)
{
    code_u8(codec, &entry->last_failure);
    code_bool(codec, &entry->connected);
    code_u8(codec, &entry->bans);
    code_bytes(codec, entry->failures, sizeof entry->failures);
    code_u32(codec, &entry->attempts);
    code_u32(codec, &entry->rtt_ms);
    code_u32(codec, &entry->answers);
    code_time(codec, &entry->first_seen_ms);
    code_time(codec, &entry->last_attempt_ms);
    code_time(codec, &entry->last_success_ms);
    code_time(codec, &entry->last_verified_ms);
    code_time(codec, &entry->last_ban_ms);
    code_dials(codec, &entry->dials);
    if (codec->reading && entry->last_failure >= ERR_COUNT)
        codec_refuse(codec);
}

static void code_entry_sources(struct codec *codec, struct book *book, struct book_entry *entry)
{
    uint32_t n = entry->sources_n;
    code_below(codec, &n, BOOK_SOURCES_MAX + 1);
    entry->sources_n = (uint8_t)n;
    code_source_ref(codec, &book->sources, &entry->source);
    if (n < 2)
        return;
    code_below(codec, &entry->further, book->further_used_to + 1);
    if (codec->err || entry->further == 0)
        codec_refuse(codec);
    for (unsigned i = 0; i + 1 < n && !codec->err; i++)
        code_source_ref(codec, &book->sources, &book->further[entry->further - 1].at[i]);
}

/* Whether the slot is free, so far; then it is the entry's. */
static bool claim_slot(struct buckets *buckets, uint32_t slot, uint32_t handle)
{
    if (slot >= buckets->count * buckets->size || buckets->slots[slot] != 0)
        return false;
    buckets->slots[slot] = handle + 1; /* until all are read */
    buckets->fill[slot / buckets->size]++;
    return true;
}

static void code_slots(struct codec *codec, struct book *book, uint32_t handle)
{
    struct book_entry *entry = &book->entries[handle];
    for (unsigned i = 0; i < entry->refs && !codec->err; i++) {
        uint32_t *slot = &book->places[handle].slots[i];
        code_u32(codec, slot);
        if (codec->reading && !codec->err &&
            !claim_slot(&book->buckets[side_of(entry->side)], *slot, handle))
            codec_refuse(codec);
    }
}

static void code_entry(struct codec *codec, struct book *book, uint32_t handle)
{
    struct book_entry *entry = &book->entries[handle];
    bool old = entry->side == BOOK_OLD;
    code_bool(codec, &old);
    entry->side = old ? BOOK_OLD : BOOK_NEW;
    code_addr(codec, &entry->addr);
    code_known(codec, entry);
    code_version(codec, &book->versions, &entry->version);
    code_entry_sources(codec, book, entry);
    code_slots(codec, book, handle);
    if (!codec->reading || codec->err)
        return;
    entry->group = ip_group(&entry->addr.at.ip, book->settings.strict);
    hash_index_put(&book->ids, entries_hash(book, &entry->addr.id), handle);
}

static void code_entries(struct codec *codec, struct book *book)
{
    book->used_to = code_count(codec, book->used_to, book->capacity);
    for (uint32_t handle = 0; handle < book->used_to && !codec->err; handle++) {
        struct book_entry *entry = &book->entries[handle];
        uint32_t refs = entry->refs;
        code_below(codec, &refs, BOOK_REFS_MAX + 1);
        entry->refs = (uint8_t)refs;
        if (refs > 0)
            code_entry(codec, book, handle);
        else
            code_link(codec, &book->places[handle].member, book->used_to);
    }
    code_link(codec, &book->first_free, book->used_to);
}

/* Those of no entry, which are the free ones. `taken` has a byte for each. */
static void code_free_further(struct codec *codec, struct book *book, uint8_t *taken)
{
    uint32_t cursor = 0;
    for (const struct book_entry *entry; !codec->err && (entry = book_next(book, &cursor));) {
        if (entry->further == 0)
            continue;
        if (taken[entry->further - 1]++ > 0)
            codec_refuse(codec);
    }
    for (uint32_t i = 0; i < book->further_used_to && !codec->err; i++)
        if (!taken[i])
            code_link(codec, &book->further[i].at[0].source, book->further_used_to);
    code_link(codec, &book->further_free, book->further_used_to);
}

static void code_further(struct codec *codec, struct book *book)
{
    uint8_t *taken = calloc(book->further_used_to + 1, 1);
    if (taken)
        code_free_further(codec, book, taken);
    else
        codec->err = ERR_NO_MEMORY;
    free(taken);
}

/* ---- orders ---- */

static void code_members(struct codec *codec, struct book *book, unsigned side)
{
    struct members *members = &book->members[side];
    const struct buckets *buckets = &book->buckets[side];
    members->n = code_count(codec, members->n, buckets->count * buckets->size);
    members->verified_n = code_count(codec, members->verified_n, members->n);
    for (uint32_t i = 0; i < members->n && !codec->err; i++) {
        code_below(codec, &members->at[i], book->used_to ? book->used_to : 1);
        if (!codec->reading || codec->err)
            continue;
        if (book->used_to == 0 || book->entries[members->at[i]].refs == 0)
            codec_refuse(codec);
        else
            book->places[members->at[i]].member = i;
    }
}

static void code_buckets(struct codec *codec, struct buckets *buckets)
{
    buckets->busy_n = code_count(codec, buckets->busy_n, buckets->count);
    for (uint32_t i = 0; i < buckets->busy_n && !codec->err; i++) {
        code_below(codec, &buckets->busy[i], buckets->count);
        if (codec->reading)
            buckets->busy_at[buckets->busy[i]] = i;
    }
    if (!codec->reading)
        return;
    for (uint32_t slot = 0; slot < buckets->count * buckets->size; slot++)
        buckets->slots[slot] -= buckets->slots[slot] > 0; /* see claim_slot */
}

/* ---- the rest ---- */

static void code_exclusions(struct codec *codec, struct book *book)
{
    code_peer_id(codec, &book->own_id);
    book->own_n = code_count(codec, book->own_n, BOOK_OWN_MAX);
    for (uint32_t i = 0; i < book->own_n && !codec->err; i++)
        code_addr(codec, &book->own[i]);
    uint32_t n = code_count(codec, (uint32_t)book->private_n, DUMP_SLOTS_MAX);
    if (codec->reading && n > 0) {
        if (n > codec->in.n / PEER_ID_SIZE)
            codec_refuse(codec);
        book->private = codec->err ? NULL : calloc(n, sizeof *book->private);
        if (!book->private && !codec->err)
            codec->err = ERR_NO_MEMORY;
        book->private_n = book->private ? n : 0;
    }
    for (uint32_t i = 0; i < n && !codec->err; i++)
        code_peer_id(codec, &book->private[i]);
}

/* used_to is what unsaved_code checks handles against. */
static void code_body(struct codec *codec, struct book *book)
{
    code_exclusions(codec, book);
    code_versions(codec, &book->versions);
    code_sources(codec, &book->sources);
    book->further_used_to = code_count(codec, book->further_used_to, book->capacity);
    code_entries(codec, book);
    code_further(codec, book);
    for (unsigned side = 0; side < 2; side++) {
        code_members(codec, book, side);
        code_buckets(codec, &book->buckets[side]);
    }
    bans_code(codec, book->bans);
    code_u64(codec, &book->revision);
    code_bool(codec, &book->key_unsaved);
    code_bool(codec, &book->forget_unsaved);
    unsaved_code(codec, &book->unsaved, book->used_to);
}

static void index_sources(struct codec *codec, struct sources *sources)
{
    for (uint32_t i = 0; i < sources->used_to && !codec->err; i++)
        if (sources->at[i].users > 0)
            sources_index(sources, i);
}

static struct book *new_book(struct codec *codec)
{
    static const uint8_t no_entropy[BOOK_ENTROPY];
    struct book_settings settings = {0};
    struct book *book = NULL;
    code_settings(codec, &settings);
    uint64_t slots = (uint64_t)settings.new_buckets * settings.new_bucket_size +
        (uint64_t)settings.old_buckets * settings.old_bucket_size;
    if (slots > DUMP_SLOTS_MAX)
        codec_refuse(codec);
    if (!codec->err && book_new(&settings, no_entropy, &book) == ERR_NO_MEMORY)
        codec->err = ERR_NO_MEMORY;
    if (!book)
        codec_refuse(codec);
    return book;
}

static void read_book(struct codec *codec, struct book **out)
{
    char key[BOOK_KEY_MAX + 1];
    struct book *book = new_book(codec);
    code_text(codec, key, sizeof key);
    if (codec->err) {
        book_free(book);
        return;
    }
    placement_set_key(&book->placement, span_of_text(key));
    code_body(codec, book);
    index_sources(codec, &book->sources);
    if (!codec->err && book_check(book))
        codec_refuse(codec);
    if (codec->err)
        book_free(book);
    else
        *out = book;
}

void book_code(struct codec *codec, struct book **book)
{
    if (codec->reading) {
        read_book(codec, book);
        return;
    }
    if ((*book)->capacity > DUMP_SLOTS_MAX && !codec->err)
        codec->err = ERR_FULL;
    code_settings(codec, &(*book)->settings);
    code_text(codec, (*book)->placement.key, BOOK_KEY_MAX + 1);
    code_body(codec, *book);
}

struct book *book_copy(struct copier *copier, const struct book *book)
{
    struct book copy = *book;
    COPY_ARRAY(copier, copy.private, book->private_n);
    COPY_ARRAY(copier, copy.versions.texts, book->versions.n);
    COPY_ARRAY(copier, copy.sources.at, book->sources.used_to);
    COPY_ARRAY(copier, copy.further, book->further_used_to);
    COPY_ARRAY(copier, copy.entries, book->used_to);
    COPY_ARRAY(copier, copy.places, book->used_to);
    for (unsigned side = 0; side < 2; side++) {
        COPY_ARRAY(copier, copy.members[side].at, book->members[side].n);
        COPY_ARRAY(copier, copy.buckets[side].busy, book->buckets[side].busy_n);
    }
    copy.bans = bans_copy(copier, book->bans);
    unsaved_copy(copier, &copy.unsaved, book->used_to);
    return copier_put(copier, &copy, sizeof copy);
}
