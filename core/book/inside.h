/* The inside of a book, shared by the files that implement book.h and by nobody else.
 *
 * An entry has a handle: its index in `entries` and `places`, stable while it is in the book.
 *
 *   ids      hash index       ID -> handle
 *   entries  what is known    (struct book_entry, public)
 *   places   where it is      (bucket slots, position among the members of its side)
 *   marks    seen in this draw
 *   members  [new], [old]     the handles of one side, densely; the verified ones first
 *   buckets  [new], [old]     the slots
 */
#ifndef BOOK_INSIDE_H
#define BOOK_INSIDE_H

#include "book/book.h"
#include "book/buckets.h"
#include "book/placement.h"
#include "book/sources.h"
#include "book/unsaved.h"

struct place {
    uint32_t slots[BOOK_REFS_MAX]; /* the first entry->refs of them */
    uint32_t member;               /* position in members, or the next free handle */
};

/* The sources of an entry behind the first one. */
struct further {
    struct book_source_ref at[BOOK_SOURCES_MAX - 1]; /* free: at[0].source is the next free one */
};

struct members {
    uint32_t *at; /* [0, verified_n) were verified at some time, [verified_n, n) never */
    uint32_t n, verified_n;
};

struct book {
    struct book_settings settings;
    struct placement placement;
    struct hash_key hash_key; /* of IDs */

    struct hash_index ids;
    struct book_entry *entries; /* refs 0: free */
    struct place *places;
    uint32_t capacity;
    uint32_t used_to;    /* handles from here on were never used */
    uint32_t first_free; /* HANDLE_NONE: none below used_to */

    struct members members[2]; /* by side_of */
    struct buckets buckets[2];
    struct sources sources;
    struct further *further; /* entry->further is a position here plus one; 0: none */
    uint32_t further_used_to, further_free; /* as of the entries */
    struct versions versions;
    struct bans *bans;

    struct peer_id own_id;
    struct addr own[BOOK_OWN_MAX];
    uint32_t own_n;
    struct peer_id *private; /* sorted */
    size_t private_n;

    book_evict_fn evict;
    void *evict_context;
    const struct peer_id *leaving; /* who is to be replaced, during book_replace; else NULL */

    uint16_t *marks; /* by handle; equal to mark: already looked at in this operation */
    uint16_t mark;
    uint32_t *scratch[2]; /* for walks; half as long as the members, and in one piece */

    uint64_t revision;
    struct unsaved unsaved; /* entries; names are IDs */
    bool key_unsaved;
    bool forget_unsaved; /* a take that puts everything has not begun yet */
};

static inline unsigned side_of(enum book_side side)
{
    return (unsigned)side - BOOK_NEW;
}

static inline struct members *members_of(struct book *book, enum book_side side)
{
    return &book->members[side_of(side)];
}

static inline struct buckets *buckets_of(struct book *book, enum book_side side)
{
    return &book->buckets[side_of(side)];
}

static inline uint32_t handle_of(const struct book *book, const struct book_entry *entry)
{
    return (uint32_t)(entry - book->entries);
}

/* An entry is no longer what was saved. */
static inline void book_changed(struct book *book, uint32_t handle)
{
    book->revision++;
    unsaved_put(&book->unsaved, handle);
}

/* A saved time ahead of the clock becomes now. */
static inline int64_t book_not_ahead(int64_t time_ms, struct now now)
{
    return time_ms < now.wall_ms ? time_ms : now.wall_ms;
}

/* Wall time as the seconds of struct book_source_ref. */
static inline uint32_t book_seconds(int64_t wall_ms)
{
    int64_t seconds = wall_ms / 1000;
    return seconds < 0 ? 0 : seconds > UINT32_MAX ? UINT32_MAX : (uint32_t)seconds;
}

/* entries.c: the structures kept in step. None of these decides anything. */

uint32_t entries_find(const struct book *book, const struct peer_id *id); /* or HANDLE_NONE */
/* The same in two steps, for who goes on to make the entry if there is none. */
uint32_t entries_hash(const struct book *book, const struct peer_id *id);
uint32_t entries_find_by(const struct book *book, const struct peer_id *id, uint32_t hash);
/* A fresh entry (B2) in no bucket yet. There is room for it whenever a bucket has room. */
uint32_t entries_make(struct book *book, struct now now, const struct addr *addr, uint32_t hash,
    struct group group, const struct addr *source);
/* Puts an entry into one more bucket of a side; the bucket has room, and the entry is in no bucket
 * of the other side. */
void entries_attach(struct book *book, uint32_t handle, enum book_side side, uint32_t bucket);
/* Takes it out of its i-th bucket; at none left it is still an entry, but a member of no side. */
void entries_detach(struct book *book, uint32_t handle, unsigned i);
void entries_detach_all(struct book *book, uint32_t handle);
/* Takes it out of all buckets and forgets it. */
void entries_drop(struct book *book, uint32_t handle);
bool entries_is_in(const struct book *book, uint32_t handle, uint32_t bucket);
/* Moves a member to the verified part of its side; its last_verified_ms must be set. */
void entries_verified(struct book *book, uint32_t handle);
/* Remembers that this source named the entry, if it is a new one and there is room. */
void entries_heard(struct book *book, struct now now, uint32_t handle, const struct addr *source);
/* Gives an entry that is in no bucket another endpoint, and forgets what was about the old one. */
void entries_readdress(struct book *book, struct now now, uint32_t handle, const struct addr *addr,
    struct group group, const struct addr *source);
/* Notes on an entry that it had been banned. */
void entries_came_back(struct book *book, uint32_t handle, const struct ban *ban);
/* Who is announced again after a ban ran out needs no reinstatement any more. */
void entries_forget_spent_ban(struct book *book, uint32_t handle);
/* i < entry->sources_n */
const struct book_source_ref *entries_source_ref(
    const struct book *book, const struct book_entry *entry, unsigned i);
/* Forgets all sources but the first `left`. */
void entries_forget_sources(struct book *book, uint32_t handle, unsigned left);
/* The group its first source counts in. */
struct group entries_source_group(const struct book *book, const struct book_entry *entry);

/* adding.c: what book_admits asks, for what the book already held: the source does not matter, and
 * entries inside a banned range may stay. */
enum err book_may_hold(const struct book *book, struct now now, const struct addr *addr);

/* Moves a known ID to another endpoint, and there to the new bucket where it belongs.
 * ERR_BOOK_FULL: it was refused there and stays what it is. */
enum err book_readdress(struct book *book, struct now now, uint32_t handle, const struct addr *addr,
    const struct addr *source);

/* evict.c: making room. */

/* Frees a slot in a new bucket if it is full (B38 or the policy's choice) for this newcomer;
 * ERR_BOOK_FULL: it is refused. With `must` the policy is not asked. */
struct newcomer {
    const struct addr *addr, *source;
    const struct book_entry *known; /* or NULL */
    struct group source_group;
};
enum err evict_new(
    struct book *book, struct now now, uint32_t bucket, const struct newcomer *newcomer, bool must);
/* The handle that should leave a full old bucket (B44, P22), or HANDLE_NONE. */
uint32_t evict_old_victim(struct book *book, struct now now, uint32_t bucket, uint32_t newcomer);

/* marks.c: moves a new entry to the old ones. ERR_BOOK_FULL: it was refused. */
enum err book_promote(struct book *book, struct now now, uint32_t handle);

/* Puts an entry that is in no bucket into the new bucket where it belongs, making room. */
void book_place_new(struct book *book, struct now now, uint32_t handle);

#endif
