#include "book/inside.h"

/* F20: what passes for routable in Go and still cannot be a peer on a public network. */
static bool is_dialable_in_public(const struct addr *addr)
{
    return ip_is_routable(&addr->at.ip) && !ip_is_reserved(&addr->at.ip) && addr->at.port != 0;
}

/* B31.1 - 7. Without a source, what the book already held is judged. */
static enum err judge(
    const struct book *book, struct now now, const struct addr *addr, const struct addr *source)
{
    if (peer_id_is_none(&addr->id) || !ip_is_valid(&addr->at.ip))
        return ERR_ADDR_INVALID;
    const struct ban *ban = bans_by_addr(book->bans, now, addr);
    if (ban && (source || ban->target.kind != BAN_CIDR))
        return ERR_BANNED;
    if (book_is_private(book, &addr->id))
        return ERR_ADDR_PRIVATE;
    if (source && book_is_private(book, &source->id))
        return ERR_ADDR_PRIVATE_SOURCE;
    if (book_is_own(book, addr))
        return ERR_ADDR_SELF;
    if (book->settings.strict && !is_dialable_in_public(addr))
        return ERR_ADDR_NON_ROUTABLE;
    return ERR_OK;
}

enum err book_admits(
    const struct book *book, struct now now, const struct addr *addr, const struct addr *source)
{
    return judge(book, now, addr, source);
}

enum err book_may_hold(const struct book *book, struct now now, const struct addr *addr)
{
    return judge(book, now, addr, NULL);
}

/* What is being added, and where it belongs. */
struct offer {
    const struct addr *addr, *source;
    struct group group, source_group;
    uint32_t bucket;
    uint32_t hash; /* of its ID */
};

static struct offer offer_of(
    const struct book *book, const struct addr *addr, const struct addr *source)
{
    struct offer offer = {
        .addr = addr,
        .source = source,
        .group = ip_group(&addr->at.ip, false), /* strict or not: it was judged routable then */
        .source_group = ip_group(&source->at.ip, book->settings.strict),
    };
    offer.bucket = placement_new(&book->placement, offer.group, offer.source_group);
    return offer;
}

static enum err make_room(
    struct book *book, struct now now, const struct offer *offer, const struct book_entry *known)
{
    struct newcomer newcomer = {offer->addr, offer->source, known, offer->source_group};
    return evict_new(book, now, offer->bucket, &newcomer, false);
}

static enum err add_fresh(struct book *book, struct now now, const struct offer *offer)
{
    enum err err = make_room(book, now, offer, NULL);
    if (err)
        return err;
    uint32_t handle =
        entries_make(book, now, offer->addr, offer->hash, offer->group, offer->source);
    entries_attach(book, handle, BOOK_NEW, offer->bucket);
    entries_forget_spent_ban(book, handle);
    return ERR_OK;
}

enum err book_readdress(struct book *book, struct now now, uint32_t handle, const struct addr *addr,
    const struct addr *source)
{
    const struct book_entry *entry = &book->entries[handle];
    struct offer offer = offer_of(book, addr, source);
    bool stays = entry->side == BOOK_NEW && entries_is_in(book, handle, offer.bucket);
    enum err err = stays ? ERR_OK : make_room(book, now, &offer, entry);
    if (err)
        return err;
    entries_detach_all(book, handle);
    entries_readdress(book, now, handle, addr, offer.group, source);
    entries_attach(book, handle, BOOK_NEW, offer.bucket);
    return ERR_OK;
}

/* Its own word, over a connection that proves its ID, against hearsay. */
static bool speaks_for_itself(
    const struct book_entry *entry, const struct addr *addr, const struct addr *source)
{
    return entry->side == BOOK_NEW && entry->last_verified_ms == 0 &&
        peer_id_equal(&source->id, &addr->id) && !endpoint_equal(&entry->addr.at, &addr->at);
}

/* B31.8 - 10: whether a known entry may get one more bucket. */
static bool wants_reference(
    const struct book *book, struct rng *rng, const struct book_entry *entry)
{
    uint32_t factor = book->settings.duplicate_factor;
    if (entry->side == BOOK_OLD || entry->refs >= book->settings.new_buckets_per_addr ||
        factor == 0)
        return false;
    return rng_below(rng, (uint64_t)factor * entry->refs) == 0;
}

static enum book_added add_known(struct book *book, struct now now, struct rng *rng,
    uint32_t handle, const struct addr *addr, const struct addr *source)
{
    const struct book_entry *entry = &book->entries[handle];
    if (speaks_for_itself(entry, addr, source))
        return book_readdress(book, now, handle, addr, source) ? BOOK_KNOWN : BOOK_ADDED;
    if (endpoint_equal(&entry->addr.at, &addr->at))
        entries_heard(book, now, handle, source);
    if (!wants_reference(book, rng, entry))
        return BOOK_KNOWN;
    struct offer offer = offer_of(book, addr, source);
    if (entries_is_in(book, handle, offer.bucket) || make_room(book, now, &offer, entry))
        return BOOK_KNOWN;
    entries_attach(book, handle, BOOK_NEW, offer.bucket);
    return BOOK_REFERENCED;
}

enum err book_add(struct book *book, struct now now, struct rng *rng, const struct addr *addr,
    const struct addr *source, enum book_added *added)
{
    enum book_added outcome = BOOK_ADDED;
    uint32_t hash = entries_hash(book, &addr->id);
    hash_index_fetch(&book->ids, hash);
    enum err err = book_admits(book, now, addr, source);
    if (err)
        return err;
    sources_fetch(&book->sources, source);
    uint32_t handle = entries_find_by(book, &addr->id, hash);
    if (handle != HANDLE_NONE) {
        outcome = add_known(book, now, rng, handle, addr, source);
    } else {
        struct offer offer = offer_of(book, addr, source);
        offer.hash = hash;
        err = add_fresh(book, now, &offer);
    }
    if (!err && added)
        *added = outcome;
    return err;
}

enum err book_remove(struct book *book, const struct peer_id *id)
{
    uint32_t handle = entries_find(book, id);
    if (handle == HANDLE_NONE)
        return ERR_NOT_FOUND;
    entries_drop(book, handle);
    return ERR_OK;
}
