/* What changed in a book since it was last saved: the rows of a store.
 *
 * Every change of an entry, a ban or the placement key is remembered at once, in O(1): what is
 * there by a mark on it, what vanished by its name. Taking costs time proportional to the changes.
 * One take holds at most one row for each ID, each ban target and the key, with the newest state.
 *
 *   store, once a second         book_take_changes(book, max, &changes); write; book_free_changes
 *   ... that could not write     book_unsaved for every batch of the transaction, try again later
 *   start from a store           book_set_key, book_restore, book_restore_ban for its rows;
 *                                book_all_saved, unless something did not come back as it was
 *   a store made anew            book_all_unsaved
 *
 * Rows are to be applied in order. A batch with `more` is not the end: what follows in the next
 * take belongs to the same transaction, because a row of kind BOOK_FORGET_ALL may have come first.
 * That row starts every take after book_new and book_all_unsaved, and after more than
 * BOOK_VANISHED_MAX names vanished between two takes: then the whole book follows.
 *
 * A book whose changes nobody takes stays within the same bounds. Connections are not saved. */
#ifndef BOOK_CHANGES_H
#define BOOK_CHANGES_H

#include "book/book.h"

#define BOOK_VANISHED_MAX 65536 /* names of vanished entries and bans that are remembered */

enum book_change_kind {
    BOOK_FORGET_ALL = 1, /* empty the store */
    BOOK_PUT_KEY,        /* `key` */
    BOOK_DROP_ENTRY,     /* the entry of `id`; it need not be in the store */
    BOOK_PUT_ENTRY,      /* `record`, in place of what the store has of record.known.addr.id */
    BOOK_DROP_BAN,       /* the ban of `target`; it need not be in the store */
    BOOK_PUT_BAN,        /* `ban`, in place of what the store has of ban.target */
};

struct book_change {
    enum book_change_kind kind;
    union {
        char key[BOOK_KEY_MAX + 1];
        struct peer_id id;
        struct book_record record;
        struct ban_target target;
        struct ban ban;
    };
};

struct book_changes {
    struct book_change *at; /* owned; independent of the book from now on */
    uint32_t n;
    bool more; /* max was reached: take again before committing */
};

/* Moves at most `max` (> 0) changes out of the book, oldest first within each kind. ERR_NO_MEMORY:
 * book and *changes are as before. */
enum err book_take_changes(struct book *book, uint32_t max, struct book_changes *changes);
void book_free_changes(struct book_changes *changes); /* all-zero is fine, and what it leaves */
/* Gives back what could not be saved: all it names counts as changed again, in its newest state. */
void book_unsaved(struct book *book, const struct book_changes *changes);

bool book_has_changes(const struct book *book);
/* How many entries and bans changed or vanished since they were saved. O(book). */
void book_count_unsaved(const struct book *book, uint32_t *entries, uint32_t *bans);
/* What is in the book now is what the store has. */
void book_all_saved(struct book *book);
/* The store has nothing, or nothing to rely on. */
void book_all_unsaved(struct book *book);

#endif
