#include "book/image_inside.h"

/* Bans */

struct ban_reading {
    struct ban ban;
    struct addr_reading addr, src;
    struct cidr cidr;
    struct peer_id id;
    bool has_id, has_cidr, is_pair, bad;
};

static bool read_reason(struct json *json, char reason[BAN_REASON_MAX + 1])
{
    size_t n;
    if (!json_text(json, reason, BAN_REASON_MAX, &n))
        return false;
    reason[n] = 0;
    return true;
}

static bool read_ban_member(struct json *json, const char *name, struct ban_reading *r)
{
    if (image_is(name, "id"))
        return r->has_id = image_id(json, &r->id);
    if (image_is(name, "cidr"))
        return r->has_cidr = image_cidr(json, &r->cidr);
    if (image_is(name, "since"))
        return image_time(json, &r->ban.since_ms);
    if (image_is(name, "until"))
        return image_time(json, &r->ban.until_ms);
    if (image_is(name, "times"))
        return image_u32(json, UINT32_MAX, &r->ban.times);
    if (image_is(name, "reason"))
        return read_reason(json, r->ban.reason);
    if (image_is(name, "src"))
        image_addr(json, &r->src);
    else if (image_is(name, "addr") || image_is(name, "pair"))
        image_addr(json, &r->addr);
    else
        json_skip(json);
    r->is_pair |= image_is(name, "pair");
    return true;
}

/* The target that was read, and what to reinstate; false if they do not make sense together. */
static bool finish_ban(struct ban_reading *r)
{
    bool has_addr = addr_reading_is_good(&r->addr), has_src = addr_reading_is_good(&r->src);
    if (r->bad || r->has_id + r->has_cidr + r->is_pair != 1)
        return false;
    if (r->has_cidr)
        r->ban.target = ban_of_cidr(&r->cidr);
    else if (r->is_pair)
        r->ban.target = ban_of_pair(&r->addr.addr);
    else
        r->ban.target = ban_of_id(&r->id);
    if (r->has_id && has_addr && has_src && peer_id_equal(&r->id, &r->addr.addr.id)) {
        r->ban.has_addr = true;
        r->ban.addr = r->addr.addr;
        r->ban.source = r->src.addr;
    }
    return !r->is_pair || has_addr;
}

static void take_ban(struct loading *l, struct json *json)
{
    char name[IMAGE_NAME_MAX];
    struct ban_reading r = {.addr = ADDR_UNREAD, .src = ADDR_UNREAD};
    l->report->bans_listed++;
    if (!json_open(json, JSON_OBJECT))
        return;
    while (json_member(json, name, sizeof name))
        if (!read_ban_member(json, name, &r))
            r.bad = true;
    if (finish_ban(&r) && bans_put(l->book->bans, &r.ban) == ERR_OK)
        l->report->bans_kept++;
}

void image_take_bans(struct loading *l)
{
    struct json json = l->bans;
    if (!json.at || !json_open(&json, JSON_ARRAY))
        return;
    while (json_element(&json))
        take_ban(l, &json);
}

/* What was learned about peers */

static void read_small(struct json *json, uint8_t *value)
{
    uint32_t wide;
    if (image_u32(json, UINT8_MAX, &wide))
        *value = (uint8_t)wide;
}

struct peer_reading {
    struct peer_id id;
    struct book_entry known;
    struct json sources; /* at is NULL: none listed */
    char version[BOOK_VERSION_MAX];
    size_t version_n;
};

static void read_failures(struct json *json, uint8_t failures[BOOK_FAILURES])
{
    char name[IMAGE_NAME_MAX];
    if (!json_open(json, JSON_OBJECT))
        return;
    while (json_member(json, name, sizeof name)) {
        unsigned i = 0;
        while (i < BOOK_FAILURES && !image_is(name, image_failures[i]))
            i++;
        if (i < BOOK_FAILURES)
            read_small(json, &failures[i]);
        else
            json_skip(json);
    }
}

/* A list of [good, tries], shortest window first, in millionths. */
static void read_windows(struct json *json, struct book_dials *dials)
{
    unsigned i = 0, j;
    int64_t millionths;
    if (!json_open(json, JSON_ARRAY))
        return;
    for (; json_element(json); i++) {
        if (i >= BOOK_WINDOWS || json_kind(json) != JSON_ARRAY) {
            json_skip(json);
            continue;
        }
        json_open(json, JSON_ARRAY);
        for (j = 0; json_element(json); j++)
            if (json_whole_number(json, 0, INT64_MAX, &millionths) && j < 2)
                *(j == 0 ? &dials->good[i] : &dials->tries[i]) =
                    (float)((double)millionths / IMAGE_MILLION);
    }
}

static void read_dials(struct json *json, struct book_dials *dials)
{
    char name[IMAGE_NAME_MAX];
    int64_t ms;
    if (!json_open(json, JSON_OBJECT))
        return;
    while (json_member(json, name, sizeof name)) {
        if (image_is(name, "windows"))
            read_windows(json, dials);
        else if (image_is(name, "first") && image_time(json, &ms))
            dials->first_s = book_seconds(ms);
        else if (image_is(name, "last") && image_time(json, &ms))
            dials->last_s = book_seconds(ms);
        else if (!image_is(name, "first") && !image_is(name, "last"))
            json_skip(json);
    }
}

static void read_peer_member(struct json *json, const char *name, struct peer_reading *r)
{
    struct book_entry *known = &r->known;
    if (image_is(name, "id"))
        image_id(json, &r->id);
    else if (image_is(name, "first_seen"))
        image_time(json, &known->first_seen_ms);
    else if (image_is(name, "last_verified"))
        image_time(json, &known->last_verified_ms);
    else if (image_is(name, "rtt_ms"))
        image_u32(json, UINT32_MAX, &known->rtt_ms);
    else if (image_is(name, "answers"))
        image_u32(json, UINT32_MAX, &known->answers);
    else if (image_is(name, "bans"))
        read_small(json, &known->bans);
    else if (image_is(name, "last_failure"))
        image_failure(json, &known->last_failure);
    else if (image_is(name, "failures"))
        read_failures(json, known->failures);
    else if (image_is(name, "dials"))
        read_dials(json, &known->dials);
    else if (image_is(name, "version"))
        json_text(json, r->version, sizeof r->version, &r->version_n);
    else {
        if (image_is(name, "sources"))
            r->sources = *json;
        json_skip(json);
    }
}

static void take_source(struct loading *l, struct json *json, uint32_t handle)
{
    char name[IMAGE_NAME_MAX];
    struct addr_reading r = ADDR_UNREAD;
    int64_t heard_ms = 0;
    if (!json_open(json, JSON_OBJECT))
        return;
    while (json_member(json, name, sizeof name)) {
        if (image_is(name, "heard"))
            image_time(json, &heard_ms);
        else
            image_addr_member(json, name, &r);
    }
    if (addr_reading_is_good(&r))
        entries_heard(l->book, (struct now){.wall_ms = heard_ms}, handle, &r.addr);
}

static void apply_peer(struct loading *l, struct peer_reading *r, uint32_t handle)
{
    struct book_entry *entry = &l->book->entries[handle];
    const struct book_entry *known = &r->known;
    if (known->first_seen_ms > 0)
        entry->first_seen_ms = book_not_ahead(known->first_seen_ms, l->now);
    entry->source.heard_s = book_seconds(entry->first_seen_ms);
    entry->rtt_ms = known->rtt_ms;
    entry->answers = known->answers;
    entry->bans = known->bans;
    entry->last_failure = known->last_failure;
    if (known->last_verified_ms > 0) {
        entry->last_verified_ms = book_not_ahead(known->last_verified_ms, l->now);
        entries_verified(l->book, handle);
    }
    memcpy(entry->failures, known->failures, sizeof entry->failures);
    entry->dials = known->dials;
    dials_repair(&entry->dials, l->now);
    versions_release(&l->book->versions, entry->version);
    entry->version = versions_take(&l->book->versions, span_of(r->version, r->version_n));
    book_changed(l->book, handle);
    if (r->sources.at && json_open(&r->sources, JSON_ARRAY))
        while (json_element(&r->sources))
            take_source(l, &r->sources, handle);
}

void image_take_peers(struct loading *l)
{
    struct json json = l->peers;
    char name[IMAGE_NAME_MAX];
    if (!json.at || !json_open(&json, JSON_ARRAY))
        return;
    while (json_element(&json)) {
        struct peer_reading r = {0};
        if (!json_open(&json, JSON_OBJECT))
            continue;
        while (json_member(&json, name, sizeof name))
            read_peer_member(&json, name, &r);
        uint32_t handle = entries_find(l->book, &r.id);
        if (handle != HANDLE_NONE)
            apply_peer(l, &r, handle);
    }
}
