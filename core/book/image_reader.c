#include <stdio.h>

#include "book/image_inside.h"

struct entry_reading {
    struct book_record record;
    struct addr_reading addr, src;
    bool bad_shape;
};

/* Go's attempts may be below zero; for us that is none. */
static bool take_attempts(struct json *json, uint32_t *attempts)
{
    int64_t wide;
    if (!json_whole_number(json, INT32_MIN, INT32_MAX, &wide))
        return false;
    *attempts = wide > 0 ? (uint32_t)wide : 0;
    return true;
}

/* More buckets than an entry can be in, or such as no book has, mean: place it anew. */
static bool read_buckets(struct json *json, struct book_record *record)
{
    int64_t bucket;
    uint32_t n = 0;
    if (!json_open(json, JSON_ARRAY))
        return false;
    for (; json_element(json); n++) {
        if (!json_whole_number(json, INT32_MIN, INT32_MAX, &bucket))
            bucket = UINT32_MAX;
        if (n < BOOK_REFS_MAX)
            record->buckets[n] = bucket < 0 ? UINT32_MAX : (uint32_t)bucket;
    }
    record->buckets_n = n <= BOOK_REFS_MAX ? n : 0;
    return true;
}

static bool read_side(struct json *json, uint8_t *side)
{
    uint32_t value;
    if (!image_u32(json, BOOK_OLD, &value) || value < BOOK_NEW)
        return false;
    *side = (uint8_t)value;
    return true;
}

static bool read_entry_member(struct json *json, const char *name, struct entry_reading *r)
{
    struct book_entry *known = &r->record.known;
    if (image_is(name, "addr"))
        image_addr(json, &r->addr);
    else if (image_is(name, "src"))
        image_addr(json, &r->src);
    else if (json_take_null(json))
        return true;
    else if (image_is(name, "buckets"))
        return read_buckets(json, &r->record);
    else if (image_is(name, "attempts"))
        return take_attempts(json, &known->attempts);
    else if (image_is(name, "bucket_type"))
        return read_side(json, &known->side);
    else if (image_is(name, "last_attempt"))
        return image_time(json, &known->last_attempt_ms);
    else if (image_is(name, "last_success"))
        return image_time(json, &known->last_success_ms);
    else if (image_is(name, "last_ban_time"))
        return image_time(json, &known->last_ban_ms);
    else
        json_skip(json);
    return true;
}

static void read_entry(struct json *json, struct entry_reading *r)
{
    char name[IMAGE_NAME_MAX];
    *r = (struct entry_reading){.addr = {.bad_shape = true}, .src = ADDR_UNREAD};
    r->bad_shape = !json_open(json, JSON_OBJECT);
    if (r->bad_shape)
        return;
    while (json_member(json, name, sizeof name))
        if (!read_entry_member(json, name, r))
            r->bad_shape = true;
    r->bad_shape |= r->addr.bad_shape || r->record.known.side == 0;
}

/* Without a usable source an entry counts as announced by itself. */
static void finish_record(const struct loading *l, struct entry_reading *r)
{
    struct book_entry *known = &r->record.known;
    if (l->merge) {
        *known = (struct book_entry){.side = BOOK_NEW, .last_attempt_ms = l->now.wall_ms};
        r->record.buckets_n = 0;
    }
    known->addr = r->addr.addr;
    known->sources_n = 1;
    known->first_seen_ms = known->last_attempt_ms > 0 ? known->last_attempt_ms : l->now.wall_ms;
    r->record.heard_s[0] = book_seconds(known->first_seen_ms);
    r->record.sources[0] = addr_reading_is_good(&r->src) ? r->src.addr : r->addr.addr;
}

static void count_kept(struct loading *l, enum book_restored how)
{
    l->report->kept++;
    l->report->replaced += !l->merge && how == BOOK_REPLACED;
    l->report->demoted += how == BOOK_DEMOTED;
}

static void take_entry(struct loading *l, struct json *json)
{
    struct book_load_report *report = l->report;
    struct entry_reading r;
    enum book_restored how;
    read_entry(json, &r);
    if (r.bad_shape || r.addr.bad_id || r.addr.bad_ip) {
        uint32_t *cause = r.bad_shape ? &report->bad_shape
            : r.addr.bad_id           ? &report->bad_id
                                      : &report->bad_address;
        ++*cause;
        return;
    }
    finish_record(l, &r);
    switch (book_restore(l->book, l->now, &r.record, &how)) {
    case ERR_OK:
        count_kept(l, how);
        break;
    case ERR_DUPLICATE_ID:
        report->duplicate++;
        break;
    case ERR_BOOK_FULL:
        report->no_room++;
        break;
    case ERR_ADDR_NON_ROUTABLE:
        report->non_routable++;
        break;
    case ERR_ADDR_INVALID:
        report->bad_address++;
        break;
    default:
        report->excluded++;
    }
}

static void take_entries(struct loading *l, struct json json)
{
    if (!json.at || !json_open(&json, JSON_ARRAY))
        return;
    while (json_element(&json)) {
        if (l->report->listed++ < IMAGE_ENTRIES_MAX) {
            take_entry(l, &json);
        } else {
            l->report->too_many++;
            json_skip(&json);
        }
    }
}

/* The whole */

static void take_key(struct loading *l)
{
    char text[BOOK_KEY_MAX];
    size_t n;
    l->report->key_replaced = !l->key.at || !json_text(&l->key, text, sizeof text, &n) ||
        book_set_key(l->book, span_of(text, n)) != ERR_OK;
}

static void find_ours(struct loading *l, struct json json)
{
    char name[IMAGE_NAME_MAX];
    if (!json_open(&json, JSON_OBJECT))
        return;
    while (json_member(&json, name, sizeof name)) {
        if (image_is(name, "bans"))
            l->bans = json;
        else if (image_is(name, "peers"))
            l->peers = json;
        json_skip(&json);
    }
}

static enum err corrupt(struct loading *l, uint32_t line, const char *cause)
{
    l->report->line = line;
    snprintf(l->report->cause, sizeof l->report->cause, "%s", cause);
    return ERR_CORRUPT;
}

static uint32_t line_of(const struct loading *l, const uint8_t *to)
{
    uint32_t line = 1;
    for (const uint8_t *at = l->from; at < to; at++)
        line += *at == '\n';
    return line;
}

static enum err find_members(struct loading *l, struct json json)
{
    char name[IMAGE_NAME_MAX];
    if (!json_open(&json, JSON_OBJECT))
        return corrupt(l, 1, "not a JSON object");
    while (json_member(&json, name, sizeof name)) {
        if (image_is(name, "key"))
            l->key = json;
        else if (image_is(name, "addrs"))
            l->addrs = json;
        else if (image_is(name, "luapex"))
            find_ours(l, json);
        json_skip(&json);
    }
    enum json_kind kind = l->addrs.at ? json_kind(&l->addrs) : JSON_NULL;
    if (kind != JSON_NULL && kind != JSON_ARRAY)
        return corrupt(l, line_of(l, l->addrs.at), "addrs is not a list");
    return ERR_OK;
}

static enum err load(struct loading *l, struct span text)
{
    struct json json;
    struct json_fault fault;
    *l->report = (struct book_load_report){0};
    if (text.n > IMAGE_SIZE_MAX)
        return ERR_TOO_LONG;
    if (json_check(text, &json, &fault))
        return corrupt(l, fault.line, fault.cause);
    l->from = text.at;
    enum err err = find_members(l, json);
    if (err)
        return err;
    if (!l->merge) {
        take_key(l);
        image_take_bans(l);
    }
    take_entries(l, l->addrs);
    if (!l->merge)
        image_take_peers(l);
    l->book->revision++;
    return ERR_OK;
}

enum err book_load(
    struct book *book, struct now now, struct span text, struct book_load_report *report)
{
    struct loading l = {.book = book, .now = now, .report = report};
    if (book_count(book) == 0)
        return load(&l, text);
    *report = (struct book_load_report){0};
    return ERR_INVALID;
}

enum err book_merge(
    struct book *book, struct now now, struct span text, struct book_load_report *report)
{
    struct loading l = {.book = book, .now = now, .report = report, .merge = true};
    return load(&l, text);
}
