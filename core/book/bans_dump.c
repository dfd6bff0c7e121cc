#include "addr/code.h"
#include "book/bans_inside.h"
#include "book/dump.h"
#include <assert.h>

#if UINTPTR_MAX == UINT64_MAX
static_assert(sizeof(struct ban) == 224, "code_ban");
static_assert(sizeof(struct bans) == 744, "bans_code");
#endif

static void code_target(struct codec *codec, struct ban_target *target)
{
    uint32_t kind = target->kind, bits = target->bits;
    code_below(codec, &kind, BAN_PAIR + 1);
    code_below(codec, &bits, IP_BITS + 1);
    target->kind = (uint8_t)kind;
    target->bits = (uint8_t)bits;
    code_u16(codec, &target->port);
    code_peer_id(codec, &target->id);
    code_ip(codec, &target->ip);
}

static void code_ban(struct codec *codec, struct ban *ban)
{
    code_target(codec, &ban->target);
    code_i64(codec, &ban->since_ms);
    code_i64(codec, &ban->until_ms);
    code_u32(codec, &ban->times);
    code_bool(codec, &ban->has_addr);
    if (ban->has_addr) {
        code_addr(codec, &ban->addr);
        code_addr(codec, &ban->source);
    }
    code_text(codec, ban->reason, sizeof ban->reason);
}

/* The record at a place of the heap, and its handle. */
static void code_record(struct codec *codec, struct bans *bans, uint32_t place)
{
    uint32_t handle = 0;
    if (!codec->reading)
        handle = (uint32_t)(ban_record_of(bans->ends.at[place]) - bans->records);
    code_below(codec, &handle, bans->used_to ? bans->used_to : 1);
    struct ban_record *record = &bans->records[handle];
    if (codec->err || bans->used_to == 0 || (codec->reading && record->end.place > 0)) {
        codec_refuse(codec);
        return;
    }
    code_u64(codec, &record->end.turn);
    code_ban(codec, &record->ban);
    if (!codec->reading)
        return;
    record->end.key = record->ban.until_ms;
    record->end.place = place + 1;
    bans->ends.at[place] = &record->end;
    bans->ends.n = place + 1;
    record->hash = bans_hash(bans, &record->ban.target);
    hash_index_put(&bans->index, record->hash, handle);
}

static void code_records(struct codec *codec, struct bans *bans)
{
    uint32_t n = code_count(codec, bans->ends.n, bans->used_to);
    code_u64(codec, &bans->ends.turns);
    if (codec->reading && !heap_reserve(&bans->ends, n))
        codec->err = ERR_NO_MEMORY;
    for (uint32_t i = 0; i < n && !codec->err; i++)
        code_record(codec, bans, i);
}

static void code_free_list(struct codec *codec, struct bans *bans)
{
    for (uint32_t i = 0; i < bans->used_to && !codec->err; i++)
        if (bans->records[i].end.place == 0)
            code_link(codec, &bans->records[i].next_free, bans->used_to);
    code_link(codec, &bans->first_free, bans->used_to);
}

/* The order in which ranges are looked up. */
static void code_lengths(struct codec *codec, struct bans *bans)
{
    bans->lengths_n = code_count(codec, bans->lengths_n, IP_BITS + 1);
    for (uint32_t i = 0; i < bans->lengths_n && !codec->err; i++) {
        uint32_t bits = bans->lengths[i];
        code_below(codec, &bits, IP_BITS + 1);
        bans->lengths[i] = (uint8_t)bits;
    }
    for (uint32_t i = 0; codec->reading && i < bans->ends.n; i++) {
        const struct ban_target *target = &ban_record_of(bans->ends.at[i])->ban.target;
        bans->length_users[target->bits] += target->kind == BAN_CIDR;
    }
}

void bans_code(struct codec *codec, struct bans *bans)
{
    bans->used_to = code_count(codec, bans->used_to, bans->max);
    code_records(codec, bans);
    code_free_list(codec, bans);
    code_lengths(codec, bans);
    unsaved_code(codec, bans->unsaved, bans->used_to);
}

/* The heap points to records. */
static void point_to_copies(struct bans *copy, const struct bans *bans)
{
    for (uint32_t i = 0; i < bans->ends.n; i++)
        copy->ends.at[i] = &copy->records[ban_record_of(bans->ends.at[i]) - bans->records].end;
}

struct bans *bans_copy(struct copier *copier, const struct bans *bans)
{
    struct bans copy = *bans;
    struct unsaved unsaved = *bans->unsaved;
    COPY_ARRAY(copier, copy.records, bans->used_to);
    COPY_ARRAY(copier, copy.ends.at, bans->ends.n);
    if (copier->room)
        point_to_copies(&copy, bans);
    unsaved_copy(copier, &unsaved, bans->used_to);
    copy.unsaved = copier_put(copier, &unsaved, sizeof unsaved);
    return copier_put(copier, &copy, sizeof copy);
}
