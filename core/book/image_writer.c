#include <assert.h>
#include <math.h>
#include <stdlib.h>

#include "book/image_inside.h"
#include "book/rfc3339.h"

/* What Tendermint's book can hold; larger indexes end its process. */
#define GO_NEW_BUCKETS 256
#define GO_NEW_PER_GROUP 32
#define GO_OLD_BUCKETS 64
#define GO_OLD_PER_GROUP 4
#define GO_BUCKET_SIZE 64

#define PIECE_MAX 8192 /* more than any one entry, ban or peer takes */

struct writing {
    const struct book *book;
    struct image_text *out;
    /* Only when the book has other dimensions than Tendermint's: */
    bool placed_anew;
    struct placement placement;
    uint8_t fill[2][GO_NEW_BUCKETS];
};

void image_text_free(struct image_text *text)
{
    free(text->at);
    *text = (struct image_text){0};
}

/* Room for one more piece. */
static bool reserve(struct image_text *text)
{
    if (text->cap - text->n >= PIECE_MAX)
        return true;
    size_t cap = text->cap * 2 + 2 * PIECE_MAX;
    char *at = realloc(text->at, cap);
    if (!at)
        return false;
    text->at = at;
    text->cap = cap;
    return true;
}

static void put(struct writing *w, const char *text)
{
    size_t n = strlen(text);
    assert(w->out->cap - w->out->n >= n);
    memcpy(w->out->at + w->out->n, text, n);
    w->out->n += n;
}

static void put_char(struct writing *w, char c)
{
    assert(w->out->n < w->out->cap);
    w->out->at[w->out->n++] = c;
}

static void put_number(struct writing *w, uint64_t value)
{
    char digits[21], *at = digits + sizeof digits - 1;
    *at = 0;
    do
        *--at = (char)('0' + value % 10);
    while ((value /= 10) > 0);
    put(w, at);
}

static void put_text(struct writing *w, const char *text)
{
    put_char(w, '"');
    for (; *text; text++) {
        unsigned char c = (unsigned char)*text;
        if (c < 0x20) {
            put(w, "\\u00");
            put_char(w, (char)('0' + c / 16));
            put_char(w, "0123456789abcdef"[c % 16]);
            continue;
        }
        if (c == '"' || c == '\\')
            put_char(w, '\\');
        put_char(w, (char)c);
    }
    put_char(w, '"');
}

static void put_id(struct writing *w, const struct peer_id *id)
{
    char text[PEER_ID_TEXT + 1];
    put_char(w, '"');
    put(w, peer_id_text(id, text));
    put_char(w, '"');
}

static void put_ip(struct writing *w, const struct ip *ip)
{
    char text[IP_TEXT_MAX];
    put_text(w, ip_text(ip, text));
}

static void put_time(struct writing *w, int64_t wall_ms)
{
    char text[RFC3339_MAX];
    put_text(w, rfc3339_text(wall_ms, text));
}

/* An address on lines of its own, as in Go. */
static void put_addr_lines(struct writing *w, const char *name, const struct addr *addr)
{
    put(w, "\t\t\t\"");
    put(w, name);
    put(w, "\": {\n\t\t\t\t\"id\": ");
    put_id(w, &addr->id);
    put(w, ",\n\t\t\t\t\"ip\": ");
    put_ip(w, &addr->at.ip);
    put(w, ",\n\t\t\t\t\"port\": ");
    put_number(w, addr->at.port);
    put(w, "\n\t\t\t},\n");
}

/* The same within a line, without braces. */
static void put_addr_members(struct writing *w, const struct addr *addr)
{
    put(w, "\"id\": ");
    put_id(w, &addr->id);
    put(w, ", \"ip\": ");
    put_ip(w, &addr->at.ip);
    put(w, ", \"port\": ");
    put_number(w, addr->at.port);
}

static void put_named_time(struct writing *w, const char *name, int64_t wall_ms)
{
    put(w, name);
    put_time(w, wall_ms);
}

/* Entries */

static void put_buckets(struct writing *w, const struct book_record *record)
{
    put(w, "\t\t\t\"buckets\": [\n");
    for (uint32_t i = 0; i < record->buckets_n; i++) {
        put(w, "\t\t\t\t");
        put_number(w, record->buckets[i]);
        put(w, i + 1 < record->buckets_n ? ",\n" : "\n");
    }
    put(w, "\t\t\t],\n");
}

static void put_entry(struct writing *w, const struct book_record *record)
{
    const struct book_entry *known = &record->known;
    put(w, "\t\t{\n");
    put_addr_lines(w, "addr", &known->addr);
    put_addr_lines(w, "src", &record->sources[0]);
    put_buckets(w, record);
    put(w, "\t\t\t\"attempts\": ");
    put_number(w, known->attempts);
    put(w, ",\n\t\t\t\"bucket_type\": ");
    put_number(w, known->side);
    put_named_time(w, ",\n\t\t\t\"last_attempt\": ", known->last_attempt_ms);
    put_named_time(w, ",\n\t\t\t\"last_success\": ", known->last_success_ms);
    put_named_time(w, ",\n\t\t\t\"last_ban_time\": ", known->last_ban_ms);
    put(w, "\n\t\t}");
}

static bool fits_tendermint(const struct book_settings *settings)
{
    return settings->new_buckets <= GO_NEW_BUCKETS && settings->old_buckets <= GO_OLD_BUCKETS &&
        settings->new_bucket_size <= GO_BUCKET_SIZE && settings->old_bucket_size <= GO_BUCKET_SIZE;
}

static void plan(struct writing *w)
{
    struct book_settings settings = w->book->settings;
    w->placed_anew = !fits_tendermint(&settings);
    if (!w->placed_anew)
        return;
    settings.new_buckets = GO_NEW_BUCKETS;
    settings.new_buckets_per_group = GO_NEW_PER_GROUP;
    settings.old_buckets = GO_OLD_BUCKETS;
    settings.old_buckets_per_group = GO_OLD_PER_GROUP;
    placement_init(&w->placement, &settings);
    placement_set_key(&w->placement, span_of_text(book_key(w->book)));
}

/* Gives the record a bucket that Tendermint has; false if that one is full. */
static bool place_anew(struct writing *w, struct book_record *record)
{
    const struct book_entry *known = &record->known;
    struct group source = ip_group(&record->sources[0].at.ip, w->book->settings.strict);
    uint32_t bucket = known->side == BOOK_NEW
        ? placement_new(&w->placement, known->group, source)
        : placement_old(&w->placement, &known->addr, known->group);
    uint8_t *fill = &w->fill[side_of(known->side)][bucket];
    if (*fill == GO_BUCKET_SIZE)
        return false;
    ++*fill;
    record->buckets[0] = bucket;
    record->buckets_n = 1;
    return true;
}

static enum err put_entries(struct writing *w)
{
    uint32_t cursor = 0;
    const char *before = "\n";
    struct book_record record;
    for (const struct book_entry *entry; (entry = book_next(w->book, &cursor));) {
        book_record(w->book, entry, &record);
        if (w->placed_anew && !place_anew(w, &record)) {
            w->out->left_out++;
            continue;
        }
        if (!reserve(w->out))
            return ERR_NO_MEMORY;
        put(w, before);
        put_entry(w, &record);
        before = ",\n";
    }
    put(w, *before == ',' ? "\n\t]" : "]");
    return ERR_OK;
}

/* Our own part */

static void put_ban(struct writing *w, const struct ban *ban)
{
    const struct ban_target *target = &ban->target;
    char text[IP_TEXT_MAX + 4];
    put(w, "\t\t\t{");
    if (target->kind == BAN_ID) {
        put(w, "\"id\": ");
        put_id(w, &target->id);
    } else if (target->kind == BAN_CIDR) {
        put(w, "\"cidr\": ");
        put_text(w, cidr_text(&(struct cidr){target->ip, target->bits}, text));
    } else {
        put(w, "\"pair\": {");
        put_addr_members(w, &(struct addr){target->id, {target->ip, target->port}});
        put_char(w, '}');
    }
    put_named_time(w, ", \"since\": ", ban->since_ms);
    put_named_time(
        w, ", \"until\": ", ban->until_ms < RFC3339_LATEST_MS ? ban->until_ms : RFC3339_LATEST_MS);
    put(w, ", \"times\": ");
    put_number(w, ban->times);
    put(w, ", \"reason\": ");
    put_text(w, ban->reason);
    if (ban->has_addr) {
        put(w, ", \"addr\": {");
        put_addr_members(w, &ban->addr);
        put(w, "}, \"src\": {");
        put_addr_members(w, &ban->source);
        put_char(w, '}');
    }
    put_char(w, '}');
}

static enum err put_bans(struct writing *w)
{
    const struct bans *bans = w->book->bans;
    const char *before = "\n";
    for (uint32_t i = 0; i < bans_count(bans); i++) {
        if (!reserve(w->out))
            return ERR_NO_MEMORY;
        put(w, before);
        put_ban(w, bans_at(bans, i));
        before = ",\n";
    }
    put(w, *before == ',' ? "\n\t\t]" : "]");
    return ERR_OK;
}

/* Whether Go's fields say all there is to know. */
static bool is_plain(const struct book_entry *entry)
{
    static const uint8_t none[BOOK_FAILURES];
    return entry->last_verified_ms == 0 && entry->rtt_ms == 0 && entry->answers == 0 &&
        entry->bans == 0 && entry->last_failure == ERR_OK && entry->sources_n == 1 &&
        entry->version == VERSION_UNKNOWN && entry->dials.last_s == 0 &&
        memcmp(entry->failures, none, sizeof none) == 0 &&
        entry->first_seen_ms == entry->last_attempt_ms;
}

static void put_sources(struct writing *w, const struct book_entry *entry)
{
    put(w, ", \"sources\": [");
    for (unsigned i = 1; i < entry->sources_n; i++) {
        put(w, i > 1 ? ", {" : "{");
        put_addr_members(w, book_source(w->book, entry, i));
        put_named_time(w, ", \"heard\": ", SECONDS_MS(book_heard_s(w->book, entry, i)));
        put_char(w, '}');
    }
    put_char(w, ']');
}

static void put_failures(struct writing *w, const struct book_entry *entry)
{
    put(w, ", \"failures\": {");
    for (unsigned i = 0; i < BOOK_FAILURES; i++) {
        put(w, i > 0 ? ", " : "");
        put_text(w, image_failures[i]);
        put(w, ": ");
        put_number(w, entry->failures[i]);
    }
    put_char(w, '}');
}

static void put_millionths(struct writing *w, float value)
{
    put_number(w, (uint64_t)llround((double)value * IMAGE_MILLION));
}

static void put_dials(struct writing *w, const struct book_dials *dials)
{
    put_named_time(w, ", \"dials\": {\"first\": ", SECONDS_MS(dials->first_s));
    put_named_time(w, ", \"last\": ", SECONDS_MS(dials->last_s));
    put(w, ", \"windows\": [");
    for (unsigned i = 0; i < BOOK_WINDOWS; i++) {
        put(w, i > 0 ? ", [" : "[");
        put_millionths(w, dials->good[i]);
        put(w, ", ");
        put_millionths(w, dials->tries[i]);
        put_char(w, ']');
    }
    put(w, "]}");
}

static void put_peer(struct writing *w, const struct book_entry *entry)
{
    put(w, "\t\t\t{\"id\": ");
    put_id(w, &entry->addr.id);
    put_named_time(w, ", \"first_seen\": ", entry->first_seen_ms);
    put_named_time(w, ", \"last_verified\": ", entry->last_verified_ms);
    put(w, ", \"rtt_ms\": ");
    put_number(w, entry->rtt_ms);
    put(w, ", \"answers\": ");
    put_number(w, entry->answers);
    put(w, ", \"bans\": ");
    put_number(w, entry->bans);
    put(w, ", \"last_failure\": ");
    put_text(w, err_name((enum err)entry->last_failure));
    put_failures(w, entry);
    if (entry->version != VERSION_UNKNOWN) {
        put(w, ", \"version\": ");
        put_text(w, book_version(w->book, entry));
    }
    if (entry->dials.last_s > 0)
        put_dials(w, &entry->dials);
    if (entry->sources_n > 1)
        put_sources(w, entry);
    put_char(w, '}');
}

static enum err put_peers(struct writing *w)
{
    uint32_t cursor = 0;
    const char *before = "\n";
    for (const struct book_entry *entry; (entry = book_next(w->book, &cursor));) {
        if (is_plain(entry))
            continue;
        if (!reserve(w->out))
            return ERR_NO_MEMORY;
        put(w, before);
        put_peer(w, entry);
        before = ",\n";
    }
    put(w, *before == ',' ? "\n\t\t]" : "]");
    return ERR_OK;
}

enum err book_save(const struct book *book, struct image_text *out)
{
    struct writing w = {.book = book, .out = out};
    out->left_out = 0;
    plan(&w);
    if (!reserve(out))
        return ERR_NO_MEMORY;
    put(&w, "{\n\t\"key\": ");
    put_text(&w, book_key(book));
    put(&w, ",\n\t\"addrs\": [");
    enum err err = put_entries(&w);
    if (err || !reserve(out))
        return ERR_NO_MEMORY;
    put(&w, ",\n\t\"luapex\": {\n\t\t\"bans\": [");
    err = put_bans(&w);
    if (err || !reserve(out))
        return ERR_NO_MEMORY;
    put(&w, ",\n\t\t\"peers\": [");
    err = put_peers(&w);
    if (err || !reserve(out))
        return ERR_NO_MEMORY;
    put(&w, "\n\t}\n}");
    return ERR_OK;
}
