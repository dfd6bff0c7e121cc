#include "book/inside.h"

const struct bans *book_bans(const struct book *book)
{
    return book->bans;
}

static int64_t end_of(struct now now, int64_t duration_ms)
{
    return duration_ms > NEVER_MS - now.wall_ms ? NEVER_MS : now.wall_ms + duration_ms;
}

/* The entry that a ban throws out of the book, or HANDLE_NONE. */
static uint32_t banned_entry(const struct book *book, const struct ban_target *target)
{
    if (target->kind == BAN_CIDR)
        return HANDLE_NONE;
    uint32_t handle = entries_find(book, &target->id);
    if (handle == HANDLE_NONE || target->kind == BAN_ID)
        return handle;
    struct endpoint at = {target->ip, target->port};
    return endpoint_equal(&book->entries[handle].addr.at, &at) ? handle : HANDLE_NONE;
}

enum err book_ban(struct book *book, struct now now, const struct ban_target *target,
    int64_t duration_ms, const char *reason)
{
    struct ban ban = {
        .target = *target,
        .since_ms = now.wall_ms,
        .until_ms = end_of(now, duration_ms),
    };
    size_t reason_n = strnlen(reason, BAN_REASON_MAX);
    memcpy(ban.reason, reason, reason_n);
    uint32_t handle = banned_entry(book, target);
    if (handle != HANDLE_NONE && target->kind == BAN_ID) {
        const struct book_entry *entry = &book->entries[handle];
        ban.has_addr = true;
        ban.addr = entry->addr;
        ban.source = *book_source(book, entry, 0);
        ban.times = entry->bans + 1u;
    }
    enum err err = bans_put(book->bans, &ban);
    if (err)
        return err;
    if (handle != HANDLE_NONE)
        entries_drop(book, handle);
    book->revision++;
    return ERR_OK;
}

static bool makes_sense(const struct ban *ban)
{
    const struct ban_target *target = &ban->target;
    struct ban_target canonical;
    if (target->kind == BAN_ID)
        canonical = ban_of_id(&target->id);
    else if (target->kind == BAN_CIDR && target->bits <= 128)
        canonical = ban_of_cidr(&(struct cidr){target->ip, target->bits});
    else if (target->kind == BAN_PAIR)
        canonical = ban_of_pair(&(struct addr){target->id, {target->ip, target->port}});
    else
        return false;
    if (memcmp(&canonical, target, sizeof canonical) != 0)
        return false;
    return !ban->has_addr || (target->kind == BAN_ID && peer_id_equal(&ban->addr.id, &target->id));
}

enum err book_restore_ban(struct book *book, const struct ban *ban)
{
    if (!makes_sense(ban))
        return ERR_INVALID;
    enum err err = bans_put(book->bans, ban);
    if (err)
        return err;
    uint32_t handle = banned_entry(book, &ban->target);
    if (handle != HANDLE_NONE)
        entries_drop(book, handle);
    book->revision++;
    return ERR_OK;
}

enum err book_lift_ban(struct book *book, const struct ban_target *target)
{
    enum err err = bans_lift(book->bans, target);
    book->revision += err == ERR_OK;
    return err;
}

enum err book_reinstate(
    struct book *book, struct now now, struct rng *rng, const struct ban_target *target, bool early)
{
    const struct ban *found = bans_find(book->bans, target);
    if (!found)
        return ERR_NOT_FOUND;
    if (now.wall_ms < found->until_ms && !early)
        return ERR_INVALID;
    struct ban ban = *found;
    book_lift_ban(book, &ban.target);
    if (!ban.has_addr)
        return ERR_OK;
    enum err err = book_add(book, now, rng, &ban.addr, &ban.source, NULL);
    uint32_t handle = entries_find(book, &ban.addr.id);
    if (err || handle == HANDLE_NONE)
        return err;
    entries_came_back(book, handle, &ban);
    return ERR_OK;
}

uint32_t book_reinstate_expired(struct book *book, struct now now, struct rng *rng)
{
    uint32_t before = book_count(book);
    for (const struct ban *ban; (ban = bans_expired(book->bans, now));) {
        struct ban_target target = ban->target;
        book_reinstate(book, now, rng, &target, false);
    }
    return book_count(book) - before;
}
