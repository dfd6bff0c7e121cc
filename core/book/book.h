/* The address book (behaviour.md section 2; fixes F4 - F11, F20, F21, F26).
 *
 * One entry per ID. A *new* entry is known by hearsay and sits in 1 - 4 new buckets, an *old* one
 * was marked good at least once and sits in exactly one old bucket. Which bucket is decided by a
 * keyed hash of address group and source group (placement.h), so that one network can neither fill
 * the book nor choose what it displaces: a source group reaches at most 32 of the 256 new buckets,
 * an address group at most 4 of the 64 old ones, and a pick chooses the bucket before the entry.
 *
 * Invariants, all verified by book_check:
 *  - no entry has our own ID, an endpoint of ours, a private ID, or an ID on the ban list; entries
 *    inside a banned range stay, but are never picked, drawn or selected while the ban holds;
 *  - buckets never exceed their size (F7: 64, not 65); every entry is in at least one;
 *  - every entry has its first source; further ones, up to BOOK_SOURCES_MAX, are kept while the
 *    table of sources has room for them (F26);
 *  - at most new_buckets * new_bucket_size + old_buckets * old_bucket_size entries.
 *
 * In memory only: no clock (struct now is passed in), no I/O, no entropy but at book_new. Times in
 * entries are wall time, since they outlive the process; 0 means never. Whatever is drawn depends
 * only on the calls made, the rng passed in and the settings - not on the index key.
 *
 * Cost: add, find, remove, marks and pick O(1); draws and selections O(number drawn), whatever the
 * size of the book. Memory is taken at book_new and touched as it fills. */
#ifndef BOOK_BOOK_H
#define BOOK_BOOK_H

#include "addr/addr.h"
#include "base/now.h"
#include "base/rng.h"
#include "book/bans.h"
#include "book/reliability.h"
#include "book/versions.h"

#define BOOK_REFS_MAX 4 /* new buckets per address, at most */
#define BOOK_BUCKET_SIZE_MAX 256
#define BOOK_SOURCES_MAX 8        /* sources remembered per address, the first included */
#define BOOK_KEY_MAX 64           /* bytes of the placement key's text, without terminator */
#define BOOK_ENTROPY 28           /* bytes book_new needs */
#define BOOK_SELECTION_LIMIT 4096 /* upper bound of selection_max */

/* Same numbers as addrbook.json's bucket_type. */
enum book_side { BOOK_NEW = 1, BOOK_OLD = 2 };

/* book_settings_default() gives Tendermint's values. */
struct book_settings {
    /* Refuse what is not publicly routable (B31.7, F20), and group by B14 steps 1 - 2. */
    bool strict;

    uint32_t new_buckets, new_bucket_size;
    uint32_t old_buckets, old_bucket_size;
    uint32_t new_buckets_per_group; /* reached by one source group */
    uint32_t old_buckets_per_group; /* reached by one address group */
    uint32_t new_buckets_per_addr;  /* at most BOOK_REFS_MAX */
    /* P24: an address in n new buckets gets another reference with probability 1 / (factor * n);
     * 0: never. */
    uint32_t duplicate_factor;

    /* Bad (B43, P23), new entries only. */
    int64_t bad_grace_ms;   /* tried within this: not bad */
    int64_t bad_unseen_ms;  /* not tried for longer than this: bad */
    uint32_t bad_retries;   /* this many attempts and never a success: bad */
    uint32_t bad_failures;  /* this many attempts ... */
    int64_t bad_success_ms; /* ... and the last success longer ago than this: bad */

    uint32_t need_more; /* fewer entries than this: the book wants more (B40, P7) */

    uint32_t selection_percent, selection_min, selection_max; /* B35 */

    uint32_t bans_max;
};

struct book_settings book_settings_default(void);

/* Who told us an address, and when first. */
struct book_source_ref {
    uint32_t source;  /* for book_source */
    uint32_t heard_s; /* wall time, Unix seconds */
};

/* Why dials failed. */
enum book_failure {
    BOOK_REFUSED,   /* refused, reset or closed */
    BOOK_TIMED_OUT, /* no answer in time, before or during the handshake */
    BOOK_HANDSHAKE, /* another ID, a broken handshake, another network */
    BOOK_OTHER,
    BOOK_FAILURES,
};

/* What is known about a peer. Read only; borrowed until this entry leaves the book. */
struct book_entry {
    struct addr addr;
    struct group group;   /* of addr */
    uint8_t side;         /* enum book_side */
    uint8_t refs;         /* buckets it is in */
    uint8_t sources_n;    /* 1 .. BOOK_SOURCES_MAX, first heard first */
    uint8_t last_failure; /* enum err of the last failed dial; ERR_OK: none since a success */
    bool connected;       /* book_set_connected */
    uint8_t bans;         /* how often it came back from a ban, saturating */
    uint16_t version;     /* for book_version */
    uint8_t failures[BOOK_FAILURES]; /* failed dials ever, by class, saturating */
    uint32_t attempts;               /* failed dials since the last success */
    uint32_t rtt_ms;                 /* smoothed; 0: unknown */
    uint32_t answers;                /* solicited lists that held something new to us */
    uint32_t further;                /* for book_source */
    struct book_source_ref source;   /* the first one */
    int64_t first_seen_ms;
    int64_t last_attempt_ms; /* a fresh entry counts as tried when heard (B2) */
    int64_t last_success_ms;
    int64_t last_verified_ms; /* we dialed this endpoint and authenticated this ID (P6) */
    int64_t last_ban_ms;      /* end of the last ban */
    struct book_dials dials;  /* for book_reliability */
};

struct book;

/* Life */

/* entropy: from the host; makes the placement key's text (B20) and the index key. ERR_INVALID
 * (settings out of range), ERR_NO_MEMORY. */
enum err book_new(
    const struct book_settings *settings, const uint8_t entropy[BOOK_ENTROPY], struct book **book);
void book_free(struct book *book); /* NULL is fine */
const struct book_settings *book_settings(const struct book *book);
/* The placement key: kept with the entries, so that placement survives a restart (F11). Setting it
 * needs an empty book: ERR_INVALID otherwise, or when longer than BOOK_KEY_MAX. */
const char *book_key(const struct book *book);
enum err book_set_key(struct book *book, struct span text);

/* Who is not to be in the book. Each of these removes what is already there (F10). */

void book_set_own_id(struct book *book, const struct peer_id *id); /* refused anywhere (F20) */
/* Records an address of ours (listen, external, one that led back to us); its endpoint is refused
 * under any ID. The oldest is forgotten beyond BOOK_OWN_MAX. */
#define BOOK_OWN_MAX 64
void book_add_own(struct book *book, const struct addr *addr);
bool book_is_own(const struct book *book, const struct addr *addr);
/* Replaces the set of private IDs (S19). ERR_NO_MEMORY. */
enum err book_set_private(struct book *book, const struct peer_id *ids, size_t n);
bool book_is_private(const struct book *book, const struct peer_id *id);

/* Adding and removing */

enum book_added {
    BOOK_KNOWN,      /* nothing changed but perhaps the list of sources */
    BOOK_REFERENCED, /* a known address got one more bucket */
    BOOK_ADDED,      /* a new entry, or a known ID that moved to this address */
};

/* Adds an address heard from `source`: source->id is who told us, source->at.ip the *socket* IP it
 * told us from (F20), source->at.port its listen port if known. Checks in B31's order:
 * ERR_ADDR_INVALID, ERR_BANNED, ERR_ADDR_PRIVATE, ERR_ADDR_PRIVATE_SOURCE, ERR_ADDR_SELF,
 * ERR_ADDR_NON_ROUTABLE, then ERR_BOOK_FULL if the bucket refused the newcomer (P21).
 * A known ID keeps its address whatever others announce (B4). Not against its own word, though: B4
 * alone would let anybody hide an honest peer behind a dead endpoint, until 17 dials have failed in
 * 36 hours. So a new entry that was never verified moves when the source *is* that ID, which a
 * source has proven; what was known of the old endpoint is forgotten. Old and verified entries stay
 * where they are (D15). *added may be NULL. */
enum err book_add(struct book *book, struct now now, struct rng *rng, const struct addr *addr,
    const struct addr *source, enum book_added *added);
/* The checks alone (B31.1 - 7), for what is not added but dialed. */
enum err book_admits(
    const struct book *book, struct now now, const struct addr *addr, const struct addr *source);
/* ERR_NOT_FOUND. */
enum err book_remove(struct book *book, const struct peer_id *id);

/* An entry as it was saved. */
struct book_record {
    struct book_entry known; /* as read from the book; refs, group, connected, version, source and
                                further do not matter */
    char version[BOOK_VERSION_MAX + 1];
    struct addr sources[BOOK_SOURCES_MAX]; /* known.sources_n of them */
    uint32_t heard_s[BOOK_SOURCES_MAX];    /* when each was heard first, Unix seconds */
    uint32_t buckets[BOOK_REFS_MAX];
    uint32_t buckets_n; /* 0: to be placed anew */
};

enum book_restored {
    BOOK_RESTORED, /* into at least one of its buckets */
    BOOK_REPLACED, /* none of them was usable: into the one where it belongs */
    BOOK_DEMOTED,  /* no room among the old ones: now new */
};

/* Puts back what was saved; evicts nobody. Times ahead of the clock become now. ERR_DUPLICATE_ID,
 * ERR_BOOK_FULL, or why book_admits refuses the address (its source is not judged). *how may be
 * NULL. */
enum err book_restore(
    struct book *book, struct now now, const struct book_record *record, enum book_restored *how);
/* The other direction. The entry must be of this book. */
void book_record(
    const struct book *book, const struct book_entry *entry, struct book_record *record);

/* Reading */

const struct book_entry *book_find(const struct book *book, const struct peer_id *id); /* or NULL */
/* Old; false if unknown (F9). */
bool book_is_good(const struct book *book, const struct peer_id *id);
/* B43 under these settings. */
bool book_entry_is_bad(
    const struct book_settings *settings, const struct book_entry *entry, struct now now);
/* The address that told us: i < entry->sources_n. Borrowed until the next change. */
const struct addr *book_source(const struct book *book, const struct book_entry *entry, unsigned i);
/* When it told us first, Unix seconds. */
uint32_t book_heard_s(const struct book *book, const struct book_entry *entry, unsigned i);
/* What the peer announced as its version; "" if unknown. Borrowed until the next change. */
const char *book_version(const struct book *book, const struct book_entry *entry);
static inline struct book_reliability book_reliability(
    const struct book_entry *entry, enum book_window window, struct now now)
{
    return dials_reliability(&entry->dials, window, now);
}
uint32_t book_count(const struct book *book);
uint32_t book_count_side(const struct book *book, enum book_side side);
uint32_t book_count_bad(const struct book *book, struct now now);         /* O(book) */
uint32_t book_count_in(const struct book *book, const struct cidr *cidr); /* O(book) */
bool book_need_more(const struct book *book); /* B40; below 32 entries always (P7) */
/* All entries, in a reproducible order: start with *cursor = 0; NULL at the end. */
const struct book_entry *book_next(const struct book *book, uint32_t *cursor);
/* Grows with every change worth saving. */
uint64_t book_revision(const struct book *book);

/* Marks. Each applies to the entry of addr->id only if its endpoint is addr->at: what happened at
 * another endpoint says nothing about this one. ERR_NOT_FOUND otherwise. */

/* A dial failed for this cause (B42). Causes that blame the environment or us do not count against
 * the peer's reliability. */
enum err book_mark_attempt(
    struct book *book, struct now now, const struct addr *addr, enum err cause);
/* We dialed it and authenticated its ID (F21): attempts 0, success and verified now. An entry that
 * was never verified where it is, new or old, moves here and is new then (against B4, as above). */
enum err book_mark_success(
    struct book *book, struct now now, const struct addr *addr, uint32_t rtt_ms);
/* It was useful: B41, and promotion of a new entry (B44). Whom a full old bucket demotes goes back
 * to the new buckets (F6). ERR_BOOK_FULL: it stays new, because the old bucket refused it. */
enum err book_mark_good(struct book *book, struct now now, const struct addr *addr);
enum err book_mark_answer(struct book *book, const struct addr *addr); /* a useful list */
enum err book_mark_rtt(struct book *book, const struct addr *addr, uint32_t rtt_ms);
/* What it announced; cut and cleaned as in versions.h. */
enum err book_mark_version(struct book *book, const struct addr *addr, struct span version);
/* By ID. A connected peer is never the victim of a full old bucket (P22). */
void book_set_connected(struct book *book, const struct peer_id *id, bool connected);

/* The wall clock was set back to now: what happened later than that happened now, and a ban holds
 * for its whole length again but no longer. O(book). */
void book_clock_set_back(struct book *book, struct now now);

/* Sampling (sample.c) */

/* B34: one entry with a bias of new_percent (clamped to 0..100) towards new ones; NULL if the
 * chosen side is empty. Entries in banned ranges are passed over. */
const struct book_entry *book_pick(
    struct book *book, struct now now, struct rng *rng, double new_percent);

/* What to draw. All-zero but for count: old entries preferred as by a bias of 0. */
struct book_draw {
    uint32_t count;             /* how many are wanted */
    double new_percent;         /* as for book_pick */
    uint8_t sides;              /* 0: by new_percent; BOOK_NEW or BOOK_OLD: only that side */
    int64_t verified_within_ms; /* 0: whenever or never */
    bool (*keep)(void *context, const struct book_entry *entry); /* NULL: all */
    void *context;
};

/* Distinct entries, each as book_pick would choose it but without replacement; out has room for
 * count. A side of no weight gives none, as in B34. Looks at no more than
 * BOOK_DRAW_LOOKS * count + 64 entries, so a filter that refuses nearly everything can leave the
 * result short in a large book. Returns how many. */
#define BOOK_DRAW_LOOKS 8
size_t book_draw(struct book *book, struct now now, struct rng *rng, const struct book_draw *draw,
    const struct book_entry **out);

/* What to share with a peer (P13). All-zero is B36. */
struct book_selection {
    uint32_t count;               /* how many are wanted; 0: B35's number */
    uint32_t count_max;           /* of them; 0: selection_max */
    bool biased;                  /* B37 with new_percent, else B36 */
    double new_percent;           /* share of new entries, clamped to 0..100 */
    int64_t verified_within_ms;   /* 0: whenever or never */
    const struct peer_id *except; /* the requester; NULL: nobody */
};

/* How many that is: never more than there are entries. */
uint32_t book_selection_size(const struct book *book, const struct book_selection *selection);

/* Distinct addresses: exactly as many as wanted or available (F8), never more than count_max, for
 * which out has room. Biased: new ones first. The bound on looks of book_draw holds here too, for
 * verified_within_ms and banned ranges. Returns how many. */
size_t book_select(struct book *book, struct now now, struct rng *rng,
    const struct book_selection *selection, struct addr *out);

/* Bans. The list itself is read through bans.h; changes go through the book, which removes and
 * reinstates entries. */

const struct bans *book_bans(const struct book *book);
/* Bans until now + duration_ms (or the later end it already had). An ID leaves the book and its
 * address and source are kept in the ban; a pair leaves it if that is its endpoint. ERR_FULL. */
enum err book_ban(struct book *book, struct now now, const struct ban_target *target,
    int64_t duration_ms, const char *reason);
/* Puts back a ban as it was saved; an entry it names leaves the book. ERR_INVALID: not a ban.
 * ERR_FULL as above. */
enum err book_restore_ban(struct book *book, const struct ban *ban);
/* Ends a ban early or forgets an expired one, without bringing anything back. ERR_NOT_FOUND. */
enum err book_lift_ban(struct book *book, const struct ban_target *target);
/* Ends it and, if it has run out (P11) or `early` is set by an operator, adds the address it kept
 * as a new entry with fresh counters (F4, F6). ERR_NOT_FOUND; ERR_INVALID if it still holds; or
 * why book_add refused the address. */
enum err book_reinstate(struct book *book, struct now now, struct rng *rng,
    const struct ban_target *target, bool early);
/* Reinstates everything that ran out; returns how many entries came back. */
uint32_t book_reinstate_expired(struct book *book, struct now now, struct rng *rng);

/* Eviction as a policy (P21, P22)
 *
 * Without a callback B38 and B44 decide. With one, it is asked each time somebody wants into a full
 * bucket: a fresh address or one more reference of a known one (new), a promotion (old). What the
 * book itself must place - the victim of an old bucket (F6), what a store or file holds - never
 * asks.
 *
 * Test before evict: the callback notes newcomer, source, side and the ID of the entry it doubts,
 * has that entry dialed, and refuses for now. If the dial fails, book_replace lets the newcomer in;
 * if not, there is nothing to do. The book keeps no list of who waits. */

#define BOOK_EVICT_REFUSE UINT32_MAX        /* refuse the newcomer: ERR_BOOK_FULL */
#define BOOK_EVICT_DEFAULT (UINT32_MAX - 1) /* B38, B44 */

/* A full bucket: entries[0 .. n) and who wants in. Borrowed for the call. */
struct book_full {
    enum book_side side;
    uint32_t bucket;
    uint32_t n;
    const struct book_entry *const *entries;
    const struct addr *newcomer;
    const struct addr *source;      /* who named it, as in book_add; its first source for old */
    const struct book_entry *known; /* the newcomer's entry; NULL: a fresh address */
    struct group source_group;      /* of source */
};

/* Whether the core lets entries[row] be the victim: a connected peer never leaves an old bucket. */
static inline bool book_may_leave(const struct book_full *full, uint32_t row)
{
    return row < full->n && !(full->side == BOOK_OLD && full->entries[row]->connected);
}

/* Returns a row that may leave, or one of the two values above; anything else counts as default.
 * Must not change the book. */
typedef uint32_t (*book_evict_fn)(void *context, struct now now, const struct book_full *full);
/* Whom BOOK_EVICT_DEFAULT would choose: a row, or BOOK_EVICT_REFUSE. */
uint32_t book_evict_default(const struct book *book, struct now now, const struct book_full *full);
/* NULL restores the default. */
void book_set_evict(struct book *book, book_evict_fn evict, void *context);
/* Adds (BOOK_NEW, as book_add does) or promotes (BOOK_OLD, stamping nothing) the newcomer without
 * asking the callback. If its bucket is still full, `victim` leaves it: for good if it was its last
 * new bucket, to the new ones from an old one (F6). ERR_BOOK_FULL: `victim` is not in that bucket
 * any more, or is connected and old. ERR_NOT_FOUND: no such entry to promote. Else as book_add.
 * Promotion needs no rng or source: NULL will do. */
enum err book_replace(struct book *book, struct now now, struct rng *rng, enum book_side side,
    const struct peer_id *victim, const struct addr *newcomer, const struct addr *source);

/* Static text of the first violated invariant, or NULL. O(book). */
const char *book_check(const struct book *book);

#endif
