#include "uv/store_inside.h"

#include <limits.h>
#include <stdlib.h>
#include <string.h>

enum peer_column {
    PEER_ID,
    PEER_IP,
    PEER_PORT,
    PEER_SIDE,
    PEER_BUCKETS,
    PEER_SOURCE, /* three of them */
    PEER_HEARD = PEER_SOURCE + 3,
    PEER_ATTEMPTS,
    PEER_LAST_FAILURE,
    PEER_RTT,
    PEER_ANSWERS,
    PEER_BANS,
    PEER_TIMES, /* five of them */
    PEER_VERSION = PEER_TIMES + 5,
    PEER_FAILURES, /* BOOK_FAILURES */
    PEER_FIRST_DIAL = PEER_FAILURES + BOOK_FAILURES,
    PEER_LAST_DIAL,
    PEER_GOOD,                             /* BOOK_WINDOWS */
    PEER_TRIES = PEER_GOOD + BOOK_WINDOWS, /* BOOK_WINDOWS */
};
static bool read_text(sqlite3_stmt *row, int column, struct span *text)
{
    if (sqlite3_column_type(row, column) != SQLITE_TEXT)
        return false;
    text->at = sqlite3_column_text(row, column);
    text->n = (size_t)sqlite3_column_bytes(row, column);
    return text->at != NULL;
}

static bool read_integer(sqlite3_stmt *row, int column, int64_t max, int64_t *value)
{
    if (sqlite3_column_type(row, column) != SQLITE_INTEGER)
        return false;
    *value = sqlite3_column_int64(row, column);
    return *value >= 0 && *value <= max;
}

bool store_read_u32(sqlite3_stmt *row, int column, uint32_t *value)
{
    int64_t wide;
    bool good = read_integer(row, column, UINT32_MAX, &wide);
    if (good)
        *value = (uint32_t)wide;
    return good;
}

/* Three columns: id, ip, port. */
bool store_read_addr(sqlite3_stmt *row, int column, struct addr *addr)
{
    struct span id, ip;
    int64_t port;
    if (!read_text(row, column, &id) || !read_text(row, column + 1, &ip) ||
        !read_integer(row, column + 2, UINT16_MAX, &port))
        return false;
    addr->at.port = (uint16_t)port;
    return peer_id_parse(id, &addr->id) == ERR_OK && ip_parse(ip, &addr->at.ip) == ERR_OK;
}

static bool read_buckets(sqlite3_stmt *row, struct book_record *record)
{
    struct span text;
    if (!read_text(row, PEER_BUCKETS, &text))
        return false;
    const char *at = (const char *)text.at;
    while (*at && record->buckets_n < BOOK_REFS_MAX) {
        char *end;
        unsigned long bucket = strtoul(at, &end, 10);
        if (end == at || (*end != ' ' && *end != 0) || bucket > UINT32_MAX)
            return false;
        record->buckets[record->buckets_n++] = (uint32_t)bucket;
        at = *end ? end + 1 : end;
    }
    return *at == 0;
}

static bool read_side(sqlite3_stmt *row, struct book_entry *known)
{
    struct span text;
    if (!read_text(row, PEER_SIDE, &text))
        return false;
    known->side = span_equal(text, span_of_text("old")) ? BOOK_OLD : BOOK_NEW;
    return known->side == BOOK_OLD || span_equal(text, span_of_text("new"));
}

static bool read_failure(sqlite3_stmt *row, struct book_entry *known)
{
    struct span text;
    if (sqlite3_column_type(row, PEER_LAST_FAILURE) == SQLITE_NULL)
        return true;
    if (!read_text(row, PEER_LAST_FAILURE, &text))
        return false;
    for (int err = 1; err < ERR_COUNT; err++)
        if (strcmp((const char *)text.at, err_name((enum err)err)) == 0)
            known->last_failure = (uint8_t)err;
    return true; /* a name that another version knew is no damage */
}

static bool read_times(sqlite3_stmt *row, struct book_entry *known)
{
    int64_t *const times[] = {&known->first_seen_ms, &known->last_attempt_ms,
        &known->last_success_ms, &known->last_verified_ms, &known->last_ban_ms};
    for (int i = 0; i < 5; i++)
        if (!read_integer(row, PEER_TIMES + i, INT64_MAX, times[i]))
            return false;
    return true;
}

static bool read_version(sqlite3_stmt *row, struct book_record *record)
{
    struct span text;
    if (!read_text(row, PEER_VERSION, &text) || text.n > BOOK_VERSION_MAX)
        return false;
    memcpy(record->version, text.at, text.n);
    return true;
}

/* Impossible numbers are the book's to repair. */
static bool read_dials(sqlite3_stmt *row, struct book_entry *known)
{
    struct book_dials *dials = &known->dials;
    for (int i = 0; i < BOOK_FAILURES; i++) {
        int64_t n;
        if (!read_integer(row, PEER_FAILURES + i, UINT8_MAX, &n))
            return false;
        known->failures[i] = (uint8_t)n;
    }
    if (!store_read_u32(row, PEER_FIRST_DIAL, &dials->first_s) ||
        !store_read_u32(row, PEER_LAST_DIAL, &dials->last_s))
        return false;
    if (dials->last_s == 0)
        return true; /* never dialed */
    for (int i = 0; i < BOOK_WINDOWS; i++) {
        dials->good[i] = (float)sqlite3_column_double(row, PEER_GOOD + i);
        dials->tries[i] = (float)sqlite3_column_double(row, PEER_TRIES + i);
    }
    return true;
}

bool store_read_peer(sqlite3_stmt *row, struct book_record *record)
{
    struct book_entry *known = &record->known;
    int64_t bans;
    *record = (struct book_record){.known.sources_n = 1};
    if (!store_read_addr(row, PEER_ID, &known->addr) || !read_side(row, known) ||
        !read_buckets(row, record) || !store_read_addr(row, PEER_SOURCE, &record->sources[0]) ||
        !store_read_u32(row, PEER_HEARD, &record->heard_s[0]) ||
        !store_read_u32(row, PEER_ATTEMPTS, &known->attempts) || !read_failure(row, known) ||
        !store_read_u32(row, PEER_RTT, &known->rtt_ms) ||
        !store_read_u32(row, PEER_ANSWERS, &known->answers) ||
        !read_integer(row, PEER_BANS, UINT8_MAX, &bans) || !read_times(row, known) ||
        !read_version(row, record) || !read_dials(row, known))
        return false;
    known->bans = (uint8_t)bans;
    return true;
}

/* Two columns, ip and port, and three of the source; all NULL: there is nothing to reinstate. */
static bool read_reinstated(sqlite3_stmt *row, int column, struct ban *ban)
{
    struct span ip;
    int64_t port;
    if (sqlite3_column_type(row, column) == SQLITE_NULL)
        return true;
    ban->has_addr = true;
    ban->addr.id = ban->target.id;
    if (!read_text(row, column, &ip) || ip_parse(ip, &ban->addr.at.ip) != ERR_OK ||
        !read_integer(row, column + 1, UINT16_MAX, &port))
        return false;
    ban->addr.at.port = (uint16_t)port;
    return ban->target.kind == BAN_ID && store_read_addr(row, column + 2, &ban->source);
}

static bool read_target(sqlite3_stmt *row, struct ban_target *target)
{
    struct span kind, text;
    struct peer_id id;
    struct cidr range;
    struct addr pair;
    if (!read_text(row, 0, &kind) || !read_text(row, 1, &text))
        return false;
    if (span_equal(kind, span_of_text("id")) && peer_id_parse(text, &id) == ERR_OK)
        *target = ban_of_id(&id);
    else if (span_equal(kind, span_of_text("range")) && cidr_parse(text, &range) == ERR_OK)
        *target = ban_of_cidr(&range);
    else if (span_equal(kind, span_of_text("pair")) && addr_parse(text, &pair, NULL) == ERR_OK)
        *target = ban_of_pair(&pair);
    else
        return false;
    return true;
}

bool store_read_ban(sqlite3_stmt *row, struct ban *ban)
{
    struct span reason;
    *ban = (struct ban){0};
    if (!read_target(row, &ban->target) || !read_integer(row, 2, INT64_MAX, &ban->since_ms) ||
        !read_integer(row, 3, INT64_MAX, &ban->until_ms) || !store_read_u32(row, 4, &ban->times) ||
        !read_text(row, 5, &reason) || reason.n > BAN_REASON_MAX || !read_reinstated(row, 6, ban))
        return false;
    memcpy(ban->reason, reason.at, reason.n);
    return true;
}
