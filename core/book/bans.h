/* Bans: who is kept out, why, and until when (behaviour.md F5, F3, B45, P11, P17).
 *
 * A ban names an ID, a CIDR range, or one ID-endpoint pair (F3: a proven wrong ID blocks the pair,
 * never the claimed ID). It does not need the peer to be in the book. Ends are wall time, because
 * bans outlive the process. A ban whose end has passed no longer bans; its record stays until it is
 * lifted, so that the address it carries can be reinstated (P11).
 *
 * Lookups cost one hash probe for an ID, one for a pair, and one for each distinct prefix length
 * among the ranges in force. The table is bounded; when it is full the record with the earliest end
 * goes first. */
#ifndef BOOK_BANS_H
#define BOOK_BANS_H

#include "addr/addr.h"
#include "base/now.h"

#define BAN_REASON_MAX 80 /* bytes, without terminator */

enum ban_kind { BAN_ID = 1, BAN_CIDR, BAN_PAIR };

/* Canonical and without padding: two targets are the same exactly when their bytes are. */
struct ban_target {
    uint8_t kind;
    uint8_t bits;  /* CIDR: prefix length as in struct cidr */
    uint16_t port; /* pair */
    struct peer_id id;
    struct ip ip; /* CIDR, pair */
};

struct ban_target ban_of_id(const struct peer_id *id);
struct ban_target ban_of_cidr(const struct cidr *cidr); /* bits below the mask are cleared */
struct ban_target ban_of_pair(const struct addr *addr);
/* "ID", "10.0.0.0/8" or "ID@ip:port" */
char *ban_target_text(const struct ban_target *target, char out[ADDR_TEXT_MAX]);

struct ban {
    struct ban_target target;
    int64_t since_ms; /* wall time */
    int64_t until_ms; /* wall time; the ban holds while now < until_ms */
    uint32_t times;   /* how often this target was banned, this one included */
    bool has_addr;    /* BAN_ID: `addr` and `source` are what to reinstate */
    struct addr addr;
    struct addr source; /* at.ip is the socket IP, as in book_add */
    char reason[BAN_REASON_MAX + 1];
};

/* "10.0.0.0/8 until 2026-01-02T03:04:05Z: spam" */
#define BAN_TEXT_MAX (ADDR_TEXT_MAX + BAN_REASON_MAX + 40)
char *ban_text(const struct ban *ban, char out[BAN_TEXT_MAX]);

struct bans;

/* hash_key keys the lookup tables, so that nobody can choose colliding IDs. ERR_INVALID (max is 0
 * or above BANS_LIMIT), ERR_NO_MEMORY. */
#define BANS_LIMIT 1000000
enum err bans_new(uint32_t max, const uint8_t hash_key[16], struct bans **bans);
void bans_free(struct bans *bans);

/* Copies *ban. For a target that is already banned the end is the later of the two (B45: never
 * shortened), the reason follows the end that is kept, `times` grows by one with a later end, and
 * an address is kept if either has one. In the reason, what is no printable character becomes '?'.
 * ERR_FULL: the
 * table is full and this ban would end before all others. */
enum err bans_put(struct bans *bans, const struct ban *ban);
/* Drops the record, expired or not. ERR_NOT_FOUND. */
enum err bans_lift(struct bans *bans, const struct ban_target *target);
/* The wall clock was set back to now: a ban made later than that begins now, as long as it was.
 * True: there was one. O(bans). */
bool bans_clock_set_back(struct bans *bans, struct now now);

/* The ban in force, or NULL. Borrowed until the next change of the table, as all below. */
const struct ban *bans_by_id(const struct bans *bans, struct now now, const struct peer_id *id);
const struct ban *bans_by_ip(const struct bans *bans, struct now now, const struct ip *ip);
/* By ID, by ID-endpoint pair, or by range: the question before a dial and before an insertion. */
const struct ban *bans_by_addr(const struct bans *bans, struct now now, const struct addr *addr);

/* The record of exactly this target, expired or not, or NULL. */
const struct ban *bans_find(const struct bans *bans, const struct ban_target *target);
/* The record whose end passed longest ago, or NULL when none has passed. */
const struct ban *bans_expired(const struct bans *bans, struct now now);

/* Records, expired ones included, in no particular but reproducible order: i < bans_count. */
uint32_t bans_count(const struct bans *bans);
const struct ban *bans_at(const struct bans *bans, uint32_t i);
bool bans_has_ranges(const struct bans *bans);

/* For the book alone: what is unsaved here, by handle; names are targets. A free handle has no ban.
 */
struct unsaved;
struct unsaved *bans_unsaved(const struct bans *bans);
uint32_t bans_handle(const struct bans *bans, const struct ban *ban);
const struct ban *bans_of(const struct bans *bans, uint32_t handle);

/* Static text of the first violated invariant, or NULL. */
const char *bans_check(const struct bans *bans);

#endif
