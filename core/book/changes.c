#include "book/changes.h"

#include <stdlib.h>

#include "book/inside.h"

/* Rows being filled. */
struct taking {
    struct book *book;
    struct book_change *at;
    uint32_t n, max;
};

static bool is_unsaved_whole(const struct book *book)
{
    return book->unsaved.all || bans_unsaved(book->bans)->all;
}

bool book_has_changes(const struct book *book)
{
    return is_unsaved_whole(book) || book->key_unsaved || unsaved_count(&book->unsaved) > 0 ||
        unsaved_count(bans_unsaved(book->bans)) > 0;
}

void book_count_unsaved(const struct book *book, uint32_t *entries, uint32_t *bans)
{
    const struct unsaved *unsaved_bans = bans_unsaved(book->bans);
    bool whole = is_unsaved_whole(book);
    uint32_t cursor = 0;
    *entries = unsaved_count_gone(&book->unsaved);
    while (book_next(book, &cursor))
        *entries += whole || unsaved_has(&book->unsaved, cursor - 1);
    *bans = unsaved_count_gone(unsaved_bans);
    for (uint32_t i = 0; i < bans_count(book->bans); i++) {
        uint32_t handle = bans_handle(book->bans, bans_at(book->bans, i));
        *bans += whole || unsaved_has(unsaved_bans, handle);
    }
}

/* An upper bound of the rows to come. */
static uint64_t count_rows(const struct book *book)
{
    if (is_unsaved_whole(book))
        return 2 + (uint64_t)book_count(book) + bans_count(book->bans);
    return (uint64_t)book->forget_unsaved + book->key_unsaved + unsaved_count(&book->unsaved) +
        unsaved_count(bans_unsaved(book->bans));
}

/* From "all of it" to a list of all of it. */
static void list_everything(struct book *book)
{
    struct unsaved *bans = bans_unsaved(book->bans);
    uint32_t cursor = 0;
    unsaved_none(&book->unsaved);
    unsaved_none(bans);
    while (book_next(book, &cursor))
        unsaved_put(&book->unsaved, cursor - 1);
    for (uint32_t i = 0; i < bans_count(book->bans); i++)
        unsaved_put(bans, bans_handle(book->bans, bans_at(book->bans, i)));
    book->forget_unsaved = true;
    book->key_unsaved = true;
}

static struct book_change *row(struct taking *t, enum book_change_kind kind)
{
    struct book_change *change = &t->at[t->n++];
    change->kind = kind;
    return change;
}

static void take_whole(struct taking *t)
{
    if (t->book->forget_unsaved && t->n < t->max) {
        row(t, BOOK_FORGET_ALL);
        t->book->forget_unsaved = false;
    }
    if (t->book->key_unsaved && t->n < t->max) {
        memcpy(row(t, BOOK_PUT_KEY)->key, book_key(t->book), BOOK_KEY_MAX + 1);
        t->book->key_unsaved = false;
    }
}

static void take_entries(struct taking *t)
{
    struct unsaved *unsaved = &t->book->unsaved;
    const struct peer_id *id;
    while (t->n < t->max && (id = unsaved_next_gone(unsaved)))
        if (entries_find(t->book, id) == HANDLE_NONE)
            row(t, BOOK_DROP_ENTRY)->id = *id;
    uint32_t handle;
    while (t->n < t->max && (handle = unsaved_next(unsaved)) != HANDLE_NONE) {
        const struct book_entry *entry = &t->book->entries[handle];
        if (entry->refs > 0)
            book_record(t->book, entry, &row(t, BOOK_PUT_ENTRY)->record);
    }
}

static void take_bans(struct taking *t)
{
    const struct bans *bans = t->book->bans;
    struct unsaved *unsaved = bans_unsaved(bans);
    const struct ban_target *target;
    while (t->n < t->max && (target = unsaved_next_gone(unsaved)))
        if (!bans_find(bans, target))
            row(t, BOOK_DROP_BAN)->target = *target;
    uint32_t handle;
    while (t->n < t->max && (handle = unsaved_next(unsaved)) != HANDLE_NONE) {
        const struct ban *ban = bans_of(bans, handle);
        if (ban)
            row(t, BOOK_PUT_BAN)->ban = *ban;
    }
}

enum err book_take_changes(struct book *book, uint32_t max, struct book_changes *changes)
{
    uint64_t wanted = count_rows(book);
    struct taking t = {.book = book, .max = wanted < max ? (uint32_t)wanted : max};
    if (wanted == 0 || max == 0) {
        *changes = (struct book_changes){.more = wanted > 0};
        return ERR_OK;
    }
    t.at = calloc(t.max, sizeof *t.at);
    if (!t.at)
        return ERR_NO_MEMORY;
    if (is_unsaved_whole(book))
        list_everything(book);
    take_whole(&t);
    take_entries(&t);
    take_bans(&t);
    *changes = (struct book_changes){.at = t.at, .n = t.n, .more = book_has_changes(book)};
    return ERR_OK;
}

void book_free_changes(struct book_changes *changes)
{
    free(changes->at);
    *changes = (struct book_changes){0};
}

static void give_back_entry(struct book *book, const struct peer_id *id)
{
    uint32_t handle = entries_find(book, id);
    if (handle == HANDLE_NONE)
        unsaved_drop(&book->unsaved, id);
    else
        unsaved_put(&book->unsaved, handle);
}

static void give_back_ban(struct book *book, const struct ban_target *target)
{
    const struct ban *ban = bans_find(book->bans, target);
    if (ban)
        unsaved_put(bans_unsaved(book->bans), bans_handle(book->bans, ban));
    else
        unsaved_drop(bans_unsaved(book->bans), target);
}

void book_unsaved(struct book *book, const struct book_changes *changes)
{
    for (uint32_t i = 0; i < changes->n; i++) {
        const struct book_change *change = &changes->at[i];
        switch (change->kind) {
        case BOOK_FORGET_ALL:
            book_all_unsaved(book);
            return;
        case BOOK_PUT_KEY:
            book->key_unsaved = true;
            break;
        case BOOK_DROP_ENTRY:
            give_back_entry(book, &change->id);
            break;
        case BOOK_PUT_ENTRY:
            give_back_entry(book, &change->record.known.addr.id);
            break;
        case BOOK_DROP_BAN:
            give_back_ban(book, &change->target);
            break;
        case BOOK_PUT_BAN:
            give_back_ban(book, &change->ban.target);
            break;
        }
    }
}

void book_all_saved(struct book *book)
{
    unsaved_none(&book->unsaved);
    unsaved_none(bans_unsaved(book->bans));
    book->key_unsaved = false;
    book->forget_unsaved = false;
}

void book_all_unsaved(struct book *book)
{
    unsaved_all(&book->unsaved);
}
