#include "uv/store_inside.h"

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

static bool read_buckets(sqlite3_stmt *row, struct book_record *record)
{
    struct span text;
    if (!store_read_text(row, PEER_BUCKETS, &text))
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
    if (!store_read_text(row, PEER_SIDE, &text))
        return false;
    known->side = span_equal(text, span_of_text("old")) ? BOOK_OLD : BOOK_NEW;
    return known->side == BOOK_OLD || span_equal(text, span_of_text("new"));
}

static bool read_failure(sqlite3_stmt *row, struct book_entry *known)
{
    struct span text;
    if (sqlite3_column_type(row, PEER_LAST_FAILURE) == SQLITE_NULL)
        return true;
    if (!store_read_text(row, PEER_LAST_FAILURE, &text))
        return false;
    known->last_failure = (uint8_t)store_failure_named(text);
    return true;
}

static bool read_times(sqlite3_stmt *row, struct book_entry *known)
{
    int64_t *const times[] = {&known->first_seen_ms, &known->last_attempt_ms,
        &known->last_success_ms, &known->last_verified_ms, &known->last_ban_ms};
    for (int i = 0; i < 5; i++)
        if (!store_read_integer(row, PEER_TIMES + i, INT64_MAX, times[i]))
            return false;
    return true;
}

static bool read_version(sqlite3_stmt *row, struct book_record *record)
{
    struct span text;
    if (!store_read_text(row, PEER_VERSION, &text) || text.n > BOOK_VERSION_MAX)
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
        if (!store_read_integer(row, PEER_FAILURES + i, UINT8_MAX, &n))
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

static bool read_peer(sqlite3_stmt *row, struct book_record *record)
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
        !store_read_integer(row, PEER_BANS, UINT8_MAX, &bans) || !read_times(row, known) ||
        !read_version(row, record) || !read_dials(row, known))
        return false;
    known->bans = (uint8_t)bans;
    return true;
}

static void read_source(sqlite3_stmt *row, struct book_record *record)
{
    uint8_t n = record->known.sources_n;
    if (n < BOOK_SOURCES_MAX && store_read_addr(row, 0, &record->sources[n]) &&
        store_read_u32(row, 3, &record->heard_s[n]))
        record->known.sources_n++;
}

bool store_old_read_peer(struct store_file *file, sqlite3_stmt *row, struct book_record *record)
{
    char id[PEER_ID_TEXT + 1];
    sqlite3_stmt *sources = store_statement(file, STORE_OLD_SOURCES);
    if (!read_peer(row, record))
        return false;
    sqlite3_bind_text(sources, 1, peer_id_text(&record->known.addr.id, id), -1, SQLITE_STATIC);
    while (sqlite3_step(sources) == SQLITE_ROW)
        read_source(sources, record);
    sqlite3_reset(sources);
    return true;
}
