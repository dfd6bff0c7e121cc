/* A whole book as bytes, exactly: a book read back behaves like the one written in every respect,
 * down to what a draw with the same generator gives and which entry is displaced. For traces; an
 * image (image.h) and a store (changes.h) keep what is worth keeping, this keeps where it lies.
 *
 * Not in it: the key of the lookup tables, which shows in nothing (a book that was read has
 * another one), and the callback of book_set_evict. Not between a book_take_changes and its
 * outcome: rows on their way to a store are their holder's. */
#ifndef BOOK_DUMP_H
#define BOOK_DUMP_H

#include "base/codec.h"
#include "base/copier.h"
#include "book/book.h"

#define DUMP_SLOTS_MAX (1u << 23) /* places of a book that can be written and read back */

/* A writer takes *book; ERR_FULL: it has too many places. A reader makes it, the caller's:
 * codec->err tells whether it did; bytes that make no book in order (book_check) are refused. */
void book_code(struct codec *codec, struct book **book);
/* A book that can be written, by any thread, and nothing else. NULL while it counts. */
struct book *book_copy(struct copier *copier, const struct book *book);

/* Parts of both. */

struct unsaved;
void bans_code(struct codec *codec, struct bans *bans);
struct bans *bans_copy(struct copier *copier, const struct bans *bans);
void unsaved_code(struct codec *codec, struct unsaved *unsaved, uint32_t used_to);
void unsaved_copy(struct copier *copier, struct unsaved *unsaved, uint32_t used_to);

/* A handle below used_to, or HANDLE_NONE. */
static inline void code_link(struct codec *codec, uint32_t *handle, uint32_t used_to)
{
    uint32_t shifted = *handle + 1;
    code_below(codec, &shifted, used_to + 1);
    if (codec->reading)
        *handle = shifted - 1;
}

#endif
