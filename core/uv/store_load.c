#include "uv/store_inside.h"

#include <stdio.h>
#include <string.h>

#define PEERS_MAX (2u << 20) /* rows taken */

#define PEER_COLUMNS                                                                               \
    "id, ip, port, side, buckets, source_id, source_ip, source_port, heard, attempts,"             \
    " last_failure, rtt_ms, answers, bans, first_seen, last_attempt, last_success,"                \
    " last_verified, last_ban, version, refused, timed_out, bad_handshake, other_failures,"        \
    " first_dial, last_dial, good_2h, good_8h, good_1d, good_1w, good_1m, tries_2h, tries_8h,"     \
    " tries_1d, tries_1w, tries_1m"

struct load {
    struct store_file *file;
    struct book *book;
    struct now now;
    struct store_report *report;
    sqlite3_stmt *sources; /* of the peers to come, by id; NULL: none is left */
    enum err err;          /* of another kind than damage */
};

static void note_damage(struct load *load, int code)
{
    char why[STORE_FILE_WHY_MAX];
    enum err err = store_fail(load->file, code, why);
    bool is_expected = load->file->access == STORE_SALVAGE && err == ERR_IO;
    if (err != ERR_CORRUPT && !is_expected && load->err == ERR_OK)
        load->err = err;
    if (!load->report->damaged)
        memcpy(load->report->cause, why, sizeof why);
    load->report->damaged = true;
}

static void end_sources(struct load *load)
{
    sqlite3_finalize(load->sources);
    load->sources = NULL;
}

static void next_source(struct load *load)
{
    int code = sqlite3_step(load->sources);
    if (code == SQLITE_ROW)
        return;
    if (code != SQLITE_DONE)
        note_damage(load, code);
    end_sources(load);
}

static void begin_sources(struct load *load, const char *from)
{
    static const char sql[] = "SELECT id, n, source_id, source_ip, source_port, heard"
                              " FROM sources WHERE id >= ?1 ORDER BY id, n";
    int code = sqlite3_prepare_v2(load->file->db, sql, -1, &load->sources, NULL);
    if (code != SQLITE_OK) {
        note_damage(load, code);
        return;
    }
    sqlite3_bind_text(load->sources, 1, from, -1, SQLITE_STATIC);
    next_source(load);
}

static void take_source(struct load *load, struct book_record *record)
{
    uint8_t n = record->known.sources_n;
    if (n == BOOK_SOURCES_MAX)
        return;
    if (store_read_addr(load->sources, 2, &record->sources[n]) &&
        store_read_u32(load->sources, 5, &record->heard_s[n]))
        record->known.sources_n++;
    else
        load->report->malformed++;
}

/* Both tables are in the order of IDs, so one pass over each is enough. */
static void take_sources(struct load *load, struct book_record *record)
{
    char id[PEER_ID_TEXT + 1];
    peer_id_text(&record->known.addr.id, id);
    while (load->sources) {
        const char *at = (const char *)sqlite3_column_text(load->sources, 0);
        int order = at ? strcmp(at, id) : -1;
        if (order > 0)
            return;
        if (order == 0)
            take_source(load, record);
        next_source(load);
    }
}

static void count_kept(struct store_report *report, enum book_restored how)
{
    report->kept++;
    report->replaced += how == BOOK_REPLACED;
    report->demoted += how == BOOK_DEMOTED;
}

static void take_peer(struct load *load, sqlite3_stmt *row)
{
    struct store_report *report = load->report;
    struct book_record record;
    enum book_restored how;
    if (!store_read_peer(row, &record)) {
        report->malformed++;
        return;
    }
    if (load->file->access == STORE_SALVAGE && book_find(load->book, &record.known.addr.id))
        return; /* read before, or from the other side */
    report->peers++;
    take_sources(load, &record);
    switch (book_restore(load->book, load->now, &record, &how)) {
    case ERR_OK:
        count_kept(report, how);
        break;
    case ERR_DUPLICATE_ID:
        report->duplicate++;
        break;
    case ERR_ADDR_INVALID:
        report->malformed++;
        break;
    case ERR_ADDR_NON_ROUTABLE:
        report->non_routable++;
        break;
    case ERR_BOOK_FULL:
        report->no_room++;
        break;
    default:
        report->excluded++;
        break;
    }
}

/* One walk over a part of the peers. */
static bool load_peers(struct load *load, const char *sql, const char *from, const char *to)
{
    sqlite3_stmt *row;
    int code = sqlite3_prepare_v2(load->file->db, sql, -1, &row, NULL);
    if (code != SQLITE_OK) {
        note_damage(load, code);
        return false;
    }
    sqlite3_bind_text(row, 1, from, -1, SQLITE_STATIC);
    sqlite3_bind_text(row, 2, to, -1, SQLITE_STATIC);
    while ((code = sqlite3_step(row)) == SQLITE_ROW && load->report->peers < PEERS_MAX)
        take_peer(load, row);
    sqlite3_finalize(row);
    if (code != SQLITE_DONE && code != SQLITE_ROW)
        note_damage(load, code);
    return code == SQLITE_DONE;
}

#define PEERS "SELECT " PEER_COLUMNS " FROM peers WHERE id >= ?1 AND id < ?2 ORDER BY id"

static void load_all_peers(struct load *load)
{
    begin_sources(load, "");
    load_peers(load, PEERS, "", "g");
    end_sources(load);
}

/* What lies behind a damaged page is reached from its other side, except for sources. */
static void salvage_peers(struct load *load)
{
    for (unsigned first = 0; first < 0x1000; first++) {
        char from[4], to[4];
        snprintf(from, sizeof from, "%03x", first);
        snprintf(to, sizeof to, first == 0xfff ? "g" : "%03x", first + 1);
        begin_sources(load, from);
        bool whole = load_peers(load, PEERS, from, to);
        end_sources(load);
        if (!whole)
            load_peers(load, PEERS " DESC", from, to);
    }
}

static void load_bans(struct load *load)
{
    static const char sql[] = "SELECT kind, target, since, until, times, reason, ip, port,"
                              " source_id, source_ip, source_port FROM bans ORDER BY kind, target";
    sqlite3_stmt *row;
    struct ban ban;
    int code = sqlite3_prepare_v2(load->file->db, sql, -1, &row, NULL);
    while (code == SQLITE_OK || code == SQLITE_ROW) {
        code = sqlite3_step(row);
        if (code != SQLITE_ROW)
            break;
        bool good = store_read_ban(row, &ban);
        load->report->bans++;
        load->report->malformed += !good;
        if (good && book_restore_ban(load->book, &ban) == ERR_OK)
            load->report->bans_kept++;
    }
    sqlite3_finalize(row);
    if (code != SQLITE_DONE)
        note_damage(load, code);
}

static void load_key(struct load *load)
{
    char key[BOOK_KEY_MAX + 1];
    if (book_count(load->book) > 0)
        return; /* it was read before */
    int code = store_get_meta(load->file, STORE_META_KEY, key, sizeof key);
    if (code != SQLITE_ROW && code != SQLITE_DONE)
        note_damage(load, code);
    if (code == SQLITE_ROW && book_set_key(load->book, span_of_text(key)) != ERR_OK)
        load->report->malformed++;
}

enum err store_file_load(
    struct store_file *file, struct book *book, struct now now, struct store_report *report)
{
    *report = (struct store_report){0};
    struct load load = {.file = file, .book = book, .now = now, .report = report};
    load_key(&load);
    load_bans(&load);
    if (file->access == STORE_SALVAGE)
        salvage_peers(&load);
    else
        load_all_peers(&load);
    if (load.err)
        return load.err;
    if (report->malformed > 0 && !report->damaged)
        snprintf(report->cause, sizeof report->cause, "rows that make no sense");
    bool sound = !report->damaged && report->malformed == 0 && file->access != STORE_SALVAGE;
    return sound ? ERR_OK : ERR_CORRUPT;
}
