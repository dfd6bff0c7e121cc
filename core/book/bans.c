#include "book/bans.h"

#include "base/text.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>

#include "book/bans_inside.h"
#include "book/rfc3339.h"
#include "crypto/hash.h"

#define V4_BITS 96 /* prefixes of IPv4 ranges are at least this long */

static_assert(sizeof(struct ban_target) == 40, "targets are compared and hashed as bytes");

static struct ip masked(const struct ip *ip, unsigned bits)
{
    struct ip out = {{0}};
    memcpy(out.bytes, ip->bytes, bits / 8);
    if (bits % 8)
        out.bytes[bits / 8] = (uint8_t)(ip->bytes[bits / 8] & (0xff00 >> bits % 8));
    return out;
}

struct ban_target ban_of_id(const struct peer_id *id)
{
    return (struct ban_target){.kind = BAN_ID, .id = *id};
}

struct ban_target ban_of_cidr(const struct cidr *cidr)
{
    return (struct ban_target){
        .kind = BAN_CIDR, .bits = cidr->bits, .ip = masked(&cidr->ip, cidr->bits)};
}

struct ban_target ban_of_pair(const struct addr *addr)
{
    return (struct ban_target){
        .kind = BAN_PAIR, .port = addr->at.port, .id = addr->id, .ip = addr->at.ip};
}

char *ban_target_text(const struct ban_target *target, char out[ADDR_TEXT_MAX])
{
    const struct addr pair = {target->id, {target->ip, target->port}};
    if (target->kind == BAN_ID)
        return peer_id_text(&target->id, out);
    if (target->kind == BAN_CIDR)
        return cidr_text(&(struct cidr){target->ip, target->bits}, out);
    return addr_to_text(&pair, out);
}

char *ban_text(const struct ban *ban, char out[BAN_TEXT_MAX])
{
    char target[ADDR_TEXT_MAX], until[RFC3339_MAX];
    int64_t whole_ms = ban->until_ms / 1000 * 1000;
    snprintf(out, BAN_TEXT_MAX, "%s until %s: %s", ban_target_text(&ban->target, target),
        rfc3339_text(whole_ms, until), ban->reason);
    return out;
}

enum err bans_new(uint32_t max, const uint8_t hash_key[16], struct bans **out)
{
    if (max == 0 || max > BANS_LIMIT)
        return ERR_INVALID;
    struct bans *bans = calloc(1, sizeof *bans);
    if (!bans)
        return ERR_NO_MEMORY;
    bans->max = max;
    bans->first_free = HANDLE_NONE;
    memcpy(bans->hash_key, hash_key, sizeof bans->hash_key);
    bans->records = calloc(max, sizeof *bans->records);
    bans->unsaved = calloc(1, sizeof *bans->unsaved);
    if (!bans->records || !bans->unsaved ||
        unsaved_init(bans->unsaved, max, sizeof(struct ban_target)) ||
        hash_index_init(&bans->index, max)) {
        bans_free(bans);
        return ERR_NO_MEMORY;
    }
    *out = bans;
    return ERR_OK;
}

void bans_free(struct bans *bans)
{
    if (!bans)
        return;
    free(bans->records);
    if (bans->unsaved)
        unsaved_free(bans->unsaved);
    free(bans->unsaved);
    hash_index_free(&bans->index);
    heap_free(&bans->ends);
    free(bans);
}

uint32_t bans_hash(const struct bans *bans, const struct ban_target *target)
{
    return (uint32_t)siphash(bans->hash_key, span_of(target, sizeof *target));
}

static bool same_target(const struct ban_target *a, const struct ban_target *b)
{
    return memcmp(a, b, sizeof *a) == 0;
}

static struct ban_record *find(const struct bans *bans, const struct ban_target *target)
{
    if (bans->index.n == 0)
        return NULL;
    uint32_t hash = bans_hash(bans, target), at = hash, handle;
    while ((handle = hash_index_next(&bans->index, hash, &at)) != HANDLE_NONE)
        if (same_target(&bans->records[handle].ban.target, target))
            return &bans->records[handle];
    return NULL;
}

static void count_length(struct bans *bans, const struct ban_target *target)
{
    if (target->kind == BAN_CIDR && bans->length_users[target->bits]++ == 0)
        bans->lengths[bans->lengths_n++] = target->bits;
}

static void uncount_length(struct bans *bans, const struct ban_target *target)
{
    if (target->kind != BAN_CIDR || --bans->length_users[target->bits] > 0)
        return;
    uint32_t at = 0;
    while (bans->lengths[at] != target->bits)
        at++;
    bans->lengths[at] = bans->lengths[--bans->lengths_n];
}

static void drop(struct bans *bans, struct ban_record *record)
{
    uint32_t handle = (uint32_t)(record - bans->records);
    uncount_length(bans, &record->ban.target);
    hash_index_remove(&bans->index, record->hash, handle);
    heap_remove(&bans->ends, &record->end);
    unsaved_drop(bans->unsaved, &record->ban.target);
    record->next_free = bans->first_free;
    bans->first_free = handle;
}

/* A record for this target that is not in the table yet; room for it has been made. */
static struct ban_record *make(struct bans *bans, const struct ban *ban)
{
    uint32_t handle = bans->first_free;
    if (handle == HANDLE_NONE)
        handle = bans->used_to++;
    else
        bans->first_free = bans->records[handle].next_free;
    struct ban_record *record = &bans->records[handle];
    *record = (struct ban_record){.ban = *ban, .hash = bans_hash(bans, &ban->target)};
    hash_index_put(&bans->index, record->hash, handle);
    heap_set(&bans->ends, &record->end, ban->until_ms);
    count_length(bans, &ban->target);
    unsaved_put(bans->unsaved, handle);
    return record;
}

static void clean_reason(char reason[BAN_REASON_MAX + 1])
{
    size_t n = strnlen(reason, BAN_REASON_MAX);
    memset(reason + n, 0, BAN_REASON_MAX + 1 - n);
    text_make_printable(reason, n);
}

static void extend(struct bans *bans, struct ban_record *record, const struct ban *ban)
{
    struct ban *kept = &record->ban;
    unsaved_put(bans->unsaved, (uint32_t)(record - bans->records));
    if (ban->has_addr) {
        kept->has_addr = true;
        kept->addr = ban->addr;
        kept->source = ban->source;
    }
    if (ban->until_ms <= kept->until_ms)
        return;
    kept->times += kept->times < UINT32_MAX;
    kept->since_ms = ban->since_ms;
    kept->until_ms = ban->until_ms;
    memcpy(kept->reason, ban->reason, sizeof kept->reason);
    clean_reason(kept->reason);
    heap_set(&bans->ends, &record->end, ban->until_ms);
}

enum err bans_put(struct bans *bans, const struct ban *ban)
{
    struct ban_record *record = find(bans, &ban->target);
    if (record) {
        extend(bans, record, ban);
        return ERR_OK;
    }
    if (bans->index.n == bans->max) {
        struct ban_record *first = ban_record_of(heap_top(&bans->ends));
        if (ban->until_ms <= first->ban.until_ms)
            return ERR_FULL;
        drop(bans, first);
    }
    if (!heap_reserve(&bans->ends, bans->index.n + 1))
        return ERR_NO_MEMORY;
    record = make(bans, ban);
    record->ban.times += record->ban.times == 0;
    clean_reason(record->ban.reason);
    return ERR_OK;
}

enum err bans_lift(struct bans *bans, const struct ban_target *target)
{
    struct ban_record *record = find(bans, target);
    if (!record)
        return ERR_NOT_FOUND;
    drop(bans, record);
    return ERR_OK;
}

static const struct ban *in_force(
    const struct bans *bans, struct now now, const struct ban_target *target)
{
    const struct ban_record *record = find(bans, target);
    return record && now.wall_ms < record->ban.until_ms ? &record->ban : NULL;
}

const struct ban *bans_by_id(const struct bans *bans, struct now now, const struct peer_id *id)
{
    struct ban_target target = ban_of_id(id);
    return in_force(bans, now, &target);
}

const struct ban *bans_by_ip(const struct bans *bans, struct now now, const struct ip *ip)
{
    bool v4 = ip_is_v4(ip);
    for (uint32_t i = 0; i < bans->lengths_n; i++) {
        uint8_t bits = bans->lengths[i];
        if (v4 && bits < V4_BITS)
            continue;
        struct ban_target target = ban_of_cidr(&(struct cidr){*ip, bits});
        const struct ban *ban = in_force(bans, now, &target);
        if (ban)
            return ban;
    }
    return NULL;
}

const struct ban *bans_by_addr(const struct bans *bans, struct now now, const struct addr *addr)
{
    if (bans->index.n == 0)
        return NULL;
    struct ban_target pair = ban_of_pair(addr);
    const struct ban *ban = bans_by_id(bans, now, &addr->id);
    if (!ban)
        ban = in_force(bans, now, &pair);
    return ban ? ban : bans_by_ip(bans, now, &addr->at.ip);
}

bool bans_clock_set_back(struct bans *bans, struct now now)
{
    bool changed = false;
    for (uint32_t i = 0; i < bans->used_to; i++) {
        struct ban_record *record = &bans->records[i];
        struct ban *ban = &record->ban;
        if (record->end.place == 0 || ban->since_ms <= now.wall_ms)
            continue;
        if (ban->until_ms != NEVER_MS)
            ban->until_ms -= ban->since_ms - now.wall_ms;
        ban->since_ms = now.wall_ms;
        heap_set(&bans->ends, &record->end, ban->until_ms);
        unsaved_put(bans->unsaved, i);
        changed = true;
    }
    return changed;
}

const struct ban *bans_find(const struct bans *bans, const struct ban_target *target)
{
    const struct ban_record *record = find(bans, target);
    return record ? &record->ban : NULL;
}

const struct ban *bans_expired(const struct bans *bans, struct now now)
{
    struct heap_item *top = heap_top(&bans->ends);
    return top && top->key <= now.wall_ms ? &ban_record_of(top)->ban : NULL;
}

uint32_t bans_count(const struct bans *bans)
{
    return bans->index.n;
}

const struct ban *bans_at(const struct bans *bans, uint32_t i)
{
    assert(i < bans->ends.n);
    return &ban_record_of(bans->ends.at[i])->ban;
}

struct unsaved *bans_unsaved(const struct bans *bans)
{
    return bans->unsaved;
}

uint32_t bans_handle(const struct bans *bans, const struct ban *ban)
{
    const char *record = (const char *)ban - offsetof(struct ban_record, ban);
    return (uint32_t)((const struct ban_record *)record - bans->records);
}

const struct ban *bans_of(const struct bans *bans, uint32_t handle)
{
    const struct ban_record *record = &bans->records[handle];
    return record->end.place > 0 ? &record->ban : NULL;
}

bool bans_has_ranges(const struct bans *bans)
{
    return bans->lengths_n > 0;
}

static const char *check_record(const struct bans *bans, const struct ban_record *record)
{
    const struct ban *ban = &record->ban;
    if (record->end.key != ban->until_ms)
        return "a ban is queued under another end than its own";
    if (find(bans, &ban->target) != record)
        return "a ban is not found under its target";
    if (ban->target.kind < BAN_ID || ban->target.kind > BAN_PAIR || ban->times == 0)
        return "a ban is malformed";
    if (ban->has_addr && !peer_id_equal(&ban->addr.id, &ban->target.id))
        return "a ban keeps the address of another peer";
    return NULL;
}

static const char *check_free_list(const struct bans *bans)
{
    uint32_t n = 0, handle = bans->first_free;
    for (; handle != HANDLE_NONE; handle = bans->records[handle].next_free)
        if (handle >= bans->used_to || bans_of(bans, handle) || n++ == bans->used_to)
            return "the list of free bans is broken";
    return n + bans->index.n == bans->used_to ? NULL : "a ban is neither free nor in use";
}

const char *bans_check(const struct bans *bans)
{
    uint32_t ranges = 0, counted = 0;
    if (bans->ends.n != bans->index.n || bans->index.n > bans->max)
        return "the number of bans is wrong";
    for (uint32_t i = 0; i < bans->ends.n; i++) {
        const struct ban_record *record = ban_record_of(bans->ends.at[i]);
        const char *broken = check_record(bans, record);
        if (broken)
            return broken;
        if (i > 0 && bans->ends.at[(i - 1) / 2]->key > record->end.key)
            return "bans are not in the order of their ends";
        ranges += record->ban.target.kind == BAN_CIDR;
    }
    for (uint32_t i = 0; i < bans->lengths_n; i++)
        counted += bans->length_users[bans->lengths[i]];
    if (ranges != counted)
        return "the prefix lengths of banned ranges are miscounted";
    return check_free_list(bans);
}
