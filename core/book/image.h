/* addrbook.json, the exchange format of the address book (wire.md 7, behaviour.md B51 - B53, F10).
 *
 *   { "key": text, "addrs": [ {addr, src, buckets, attempts, bucket_type, times} ... ],
 *     "luapex": { "bans": [...], "peers": [...] } }
 *
 * Tab-indented, no newline at the end, entries in a reproducible order. `luapex` holds what Go does
 * not know: bans, and what policies learned about peers; Go ignores it, and drops it when it saves.
 * `src.ip` is the socket IP of the source (F20). Times have millisecond resolution. */
#ifndef BOOK_IMAGE_H
#define BOOK_IMAGE_H

#include "book/book.h"

#define IMAGE_SIZE_MAX (256u << 20)  /* bytes accepted by book_load */
#define IMAGE_ENTRIES_MAX (2u << 20) /* entries looked at, the rest is counted as skipped */

/* What became of a file, for the log and for `luapex book import`. */
struct book_load_report {
    uint32_t listed;   /* entries in the file */
    uint32_t kept;     /* of these, in the book now */
    uint32_t replaced; /* of the kept: put elsewhere, because the stored buckets were unusable */
    uint32_t demoted;  /* of the kept: old in the file, new in the book for want of room */
    /* skipped, by cause */
    uint32_t bad_shape;    /* not an object, or a field of the wrong type or range */
    uint32_t bad_id;       /* not 40 lower-case hex characters (F20) */
    uint32_t bad_address;  /* IP or port missing, unparseable or not valid (B11) */
    uint32_t non_routable; /* in strict mode */
    uint32_t duplicate;    /* ID already in the book or earlier in the file */
    uint32_t excluded;     /* own, private or banned */
    uint32_t no_room;      /* its buckets are full */
    uint32_t too_many;     /* beyond IMAGE_ENTRIES_MAX */
    uint32_t bans_listed, bans_kept;
    bool key_replaced; /* the file's key was missing or unusable: ours was kept */
    /* ERR_CORRUPT: where and why */
    uint32_t line;
    char cause[160];
};

/* Reads an image into an empty book and takes over its key. Stored bucket indexes are kept if they
 * are in range and there is room; other entries are placed anew. Bans that have run out come back
 * with the first book_reinstate_expired. Bytes after the first JSON value and unknown members are
 * ignored, names are matched without regard to case, of equal names the last counts.
 * ERR_CORRUPT (report says line and cause), ERR_TOO_LONG, ERR_NO_MEMORY, ERR_INVALID (not empty):
 * the book is as before. The report is written in any case. */
enum err book_load(
    struct book *book, struct now now, struct span json, struct book_load_report *report);
/* Takes addresses from somebody else's image as hearsay: unknown IDs become new entries with fresh
 * counters in computed buckets, if there is room; what is known stays as it is; key, bans and marks
 * of the file do not count. Errors as above, but the book may have entries. */
enum err book_merge(
    struct book *book, struct now now, struct span json, struct book_load_report *report);

/* A growing text; all-zero is empty. image_text_free releases it. */
struct image_text {
    char *at;
    size_t n, cap;
    uint32_t left_out; /* entries that did not fit Tendermint's dimensions */
};
void image_text_free(struct image_text *text);

/* Appends the image to *out. Tendermint ends its process on bucket indexes beyond its own 256 and
 * 64, so the entries of a book with more or larger buckets are placed anew into those dimensions,
 * and out->left_out counts what did not fit. ERR_NO_MEMORY: *out holds what was written so far. */
enum err book_save(const struct book *book, struct image_text *out);

#endif
