#include "book/book.h"

#include <assert.h>
#include <stdlib.h>

#include "base/tables.h"
#include "book/inside.h"

#define NEED_MORE_ALWAYS 32 /* P7 */
#define SLOTS_MAX (1u << 24)
#define KEY_BYTES 12 /* of entropy, twice as many characters (B20) */

static_assert(KEY_BYTES + 16 == BOOK_ENTROPY, "entropy makes the key's text and the index key");

/* Life */

struct book_settings book_settings_default(void)
{
    return (struct book_settings){
        .strict = true,
        .new_buckets = 256,
        .new_bucket_size = 64,
        .old_buckets = 64,
        .old_bucket_size = 64,
        .new_buckets_per_group = 32,
        .old_buckets_per_group = 4,
        .new_buckets_per_addr = 4,
        .duplicate_factor = 2,
        .bad_grace_ms = MINUTES_MS(1),
        .bad_unseen_ms = HOURS_MS(7 * 24),
        .bad_retries = 3,
        .bad_failures = 10,
        .bad_success_ms = HOURS_MS(7 * 24),
        .need_more = 1000,
        .selection_percent = 23,
        .selection_min = 32,
        .selection_max = 250,
        .bans_max = 10000,
    };
}

static bool side_is_valid(uint32_t buckets, uint32_t size)
{
    return buckets > 0 && size > 0 && size <= BOOK_BUCKET_SIZE_MAX && buckets <= SLOTS_MAX / size;
}

static bool settings_are_valid(const struct book_settings *settings)
{
    return side_is_valid(settings->new_buckets, settings->new_bucket_size) &&
        side_is_valid(settings->old_buckets, settings->old_bucket_size) &&
        settings->new_buckets_per_group > 0 && settings->old_buckets_per_group > 0 &&
        settings->new_buckets_per_addr > 0 && settings->new_buckets_per_addr <= BOOK_REFS_MAX &&
        settings->selection_percent <= 100 && settings->selection_max > 0 &&
        settings->selection_max <= BOOK_SELECTION_LIMIT;
}

static uint32_t slots_of(const struct book_settings *s, unsigned side)
{
    return side == side_of(BOOK_NEW) ? s->new_buckets * s->new_bucket_size
                                     : s->old_buckets * s->old_bucket_size;
}

static enum err take_memory(struct book *book, const uint8_t secret[16])
{
    const struct book_settings *s = &book->settings;
    uint32_t slots[2] = {slots_of(s, 0), slots_of(s, 1)};
    book->capacity = slots[0] + slots[1];
    book->entries = table_take(book->capacity, sizeof *book->entries);
    book->places = table_take(book->capacity, sizeof *book->places);
    for (unsigned i = 0; i < 2; i++) {
        book->members[i].at = table_take(slots[i], sizeof(uint32_t));
        if (!book->members[i].at)
            return ERR_NO_MEMORY;
    }
    book->further = table_take(book->capacity, sizeof *book->further);
    book->marks = calloc(book->capacity, sizeof *book->marks);
    book->scratch[0] = calloc(slots[0] / 2 + slots[1] / 2 + 2, sizeof *book->scratch[0]);
    if (!book->marks || !book->scratch[0])
        return ERR_NO_MEMORY;
    book->scratch[1] = book->scratch[0] + slots[0] / 2 + 1;
    if (!book->entries || !book->places || !book->further || versions_init(&book->versions) ||
        hash_index_init(&book->ids, book->capacity) ||
        buckets_init(&book->buckets[0], s->new_buckets, s->new_bucket_size) ||
        buckets_init(&book->buckets[1], s->old_buckets, s->old_bucket_size) ||
        unsaved_init(&book->unsaved, book->capacity, sizeof(struct peer_id)) ||
        sources_init(&book->sources, book->capacity + book->capacity / 8, &book->hash_key))
        return ERR_NO_MEMORY;
    return bans_new(s->bans_max, secret, &book->bans);
}

static void make_key(struct placement *placement, const uint8_t entropy[KEY_BYTES])
{
    char text[2 * KEY_BYTES];
    for (unsigned i = 0; i < sizeof text; i++)
        text[i] = "0123456789abcdef"[entropy[i / 2] >> (i % 2 ? 0 : 4) & 15];
    placement_set_key(placement, span_of(text, sizeof text));
}

enum err book_new(
    const struct book_settings *settings, const uint8_t entropy[BOOK_ENTROPY], struct book **out)
{
    if (!settings_are_valid(settings))
        return ERR_INVALID;
    struct book *book = calloc(1, sizeof *book);
    if (!book)
        return ERR_NO_MEMORY;
    book->settings = *settings;
    book->first_free = HANDLE_NONE;
    book->further_free = HANDLE_NONE;
    hash_key_init(&book->hash_key, entropy + KEY_BYTES);
    enum err err = take_memory(book, entropy + KEY_BYTES);
    if (err) {
        book_free(book);
        return err;
    }
    placement_init(&book->placement, settings);
    make_key(&book->placement, entropy);
    *out = book;
    return ERR_OK;
}

void book_free(struct book *book)
{
    if (!book)
        return;
    table_free(book->entries, book->capacity, sizeof *book->entries);
    table_free(book->places, book->capacity, sizeof *book->places);
    for (unsigned i = 0; i < 2; i++) {
        table_free(book->members[i].at, slots_of(&book->settings, i), sizeof(uint32_t));
        buckets_free(&book->buckets[i]);
    }
    table_free(book->further, book->capacity, sizeof *book->further);
    versions_free(&book->versions);
    free(book->marks);
    free(book->scratch[0]);
    hash_index_free(&book->ids);
    sources_free(&book->sources);
    bans_free(book->bans);
    unsaved_free(&book->unsaved);
    free(book->private);
    free(book);
}

const struct book_settings *book_settings(const struct book *book)
{
    return &book->settings;
}

const char *book_key(const struct book *book)
{
    return book->placement.key;
}

enum err book_set_key(struct book *book, struct span text)
{
    bool has_nul = text.n > 0 && memchr(text.at, 0, text.n);
    if (book_count(book) > 0 || text.n > BOOK_KEY_MAX || has_nul)
        return ERR_INVALID;
    placement_set_key(&book->placement, text);
    book->revision++;
    book->key_unsaved = true;
    return ERR_OK;
}

/* Who is not to be in the book */

void book_set_own_id(struct book *book, const struct peer_id *id)
{
    book->own_id = *id;
    book_remove(book, id);
}

void book_add_own(struct book *book, const struct addr *addr)
{
    for (uint32_t i = 0; i < book->own_n; i++)
        if (addr_equal(&book->own[i], addr))
            return;
    if (book->own_n == BOOK_OWN_MAX)
        memmove(book->own, book->own + 1, --book->own_n * sizeof *book->own);
    book->own[book->own_n++] = *addr;
    uint32_t cursor = 0;
    for (const struct book_entry *entry; (entry = book_next(book, &cursor));)
        if (addr_same(&entry->addr, addr))
            entries_drop(book, handle_of(book, entry));
}

bool book_is_own(const struct book *book, const struct addr *addr)
{
    if (!peer_id_is_none(&book->own_id) && peer_id_equal(&book->own_id, &addr->id))
        return true;
    for (uint32_t i = 0; i < book->own_n; i++)
        if (addr_same(&book->own[i], addr))
            return true;
    return false;
}

static int compare_ids(const void *a, const void *b)
{
    return memcmp(a, b, sizeof(struct peer_id));
}

enum err book_set_private(struct book *book, const struct peer_id *ids, size_t n)
{
    struct peer_id *copy = NULL;
    if (n > 0) {
        copy = calloc(n, sizeof *copy);
        if (!copy)
            return ERR_NO_MEMORY;
        memcpy(copy, ids, n * sizeof *copy);
        qsort(copy, n, sizeof *copy, compare_ids);
    }
    free(book->private);
    book->private = copy;
    book->private_n = n;
    for (size_t i = 0; i < n; i++)
        book_remove(book, &copy[i]);
    return ERR_OK;
}

bool book_is_private(const struct book *book, const struct peer_id *id)
{
    return book->private_n > 0 &&
        bsearch(id, book->private, book->private_n, sizeof *id, compare_ids);
}

/* Reading */

const struct book_entry *book_find(const struct book *book, const struct peer_id *id)
{
    uint32_t handle = entries_find(book, id);
    return handle == HANDLE_NONE ? NULL : &book->entries[handle];
}

bool book_is_good(const struct book *book, const struct peer_id *id)
{
    const struct book_entry *entry = book_find(book, id);
    return entry && entry->side == BOOK_OLD;
}

const struct addr *book_source(const struct book *book, const struct book_entry *entry, unsigned i)
{
    return &book->sources.at[entries_source_ref(book, entry, i)->source].addr;
}

uint32_t book_heard_s(const struct book *book, const struct book_entry *entry, unsigned i)
{
    return entries_source_ref(book, entry, i)->heard_s;
}

const char *book_version(const struct book *book, const struct book_entry *entry)
{
    return versions_text(&book->versions, entry->version);
}

uint32_t book_count(const struct book *book)
{
    return book->members[0].n + book->members[1].n;
}

uint32_t book_count_side(const struct book *book, enum book_side side)
{
    return book->members[side_of(side)].n;
}

uint32_t book_count_bad(const struct book *book, struct now now)
{
    uint32_t n = 0, cursor = 0;
    for (const struct book_entry *entry; (entry = book_next(book, &cursor));)
        n += book_entry_is_bad(&book->settings, entry, now);
    return n;
}

uint32_t book_count_in(const struct book *book, const struct cidr *cidr)
{
    uint32_t n = 0, cursor = 0;
    for (const struct book_entry *entry; (entry = book_next(book, &cursor));)
        n += cidr_contains(cidr, &entry->addr.at.ip);
    return n;
}

bool book_need_more(const struct book *book)
{
    return book_count(book) < book->settings.need_more || book_count(book) < NEED_MORE_ALWAYS;
}

const struct book_entry *book_next(const struct book *book, uint32_t *cursor)
{
    while (*cursor < book->used_to) {
        const struct book_entry *entry = &book->entries[(*cursor)++];
        if (entry->refs > 0)
            return entry;
    }
    return NULL;
}

uint64_t book_revision(const struct book *book)
{
    return book->revision;
}
