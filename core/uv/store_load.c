#include "uv/store_inside.h"

#include <stdio.h>
#include <string.h>

#define PEERS_MAX (2u << 20) /* rows taken */

#define PEERS(columns) "SELECT " columns " FROM peers WHERE id >= ?1 AND id < ?2 ORDER BY id"

struct load {
    struct store_file *file;
    struct book *book;
    struct now now;
    struct store_report *report;
    bool is_old;  /* layout 1 */
    enum err err; /* of another kind than damage */
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

static bool read_peer(struct load *load, sqlite3_stmt *row, struct book_record *record)
{
    if (load->is_old)
        return store_old_read_peer(load->file, row, record);
    if (sqlite3_column_type(row, 0) != SQLITE_BLOB)
        return false;
    const void *bytes = sqlite3_column_blob(row, 0);
    return bytes && store_unpack(span_of(bytes, (size_t)sqlite3_column_bytes(row, 0)), record);
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
    if (!read_peer(load, row, &record)) {
        report->malformed++;
        return;
    }
    if (load->file->access == STORE_SALVAGE && book_find(load->book, &record.known.addr.id))
        return; /* read before, or from the other side */
    report->peers++;
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

/* One walk over the peers, or over those with IDs in [from, to). */
static bool load_peers(struct load *load, const char *sql, const char *from, const char *to)
{
    sqlite3_stmt *row;
    int code = sqlite3_prepare_v2(load->file->db, sql, -1, &row, NULL);
    if (code != SQLITE_OK) {
        note_damage(load, code);
        return false;
    }
    if (from) {
        sqlite3_bind_text(row, 1, from, -1, SQLITE_STATIC);
        sqlite3_bind_text(row, 2, to, -1, SQLITE_STATIC);
    }
    while ((code = sqlite3_step(row)) == SQLITE_ROW && load->report->peers < PEERS_MAX)
        take_peer(load, row);
    sqlite3_finalize(row);
    if (code != SQLITE_DONE && code != SQLITE_ROW)
        note_damage(load, code);
    return code == SQLITE_DONE;
}

/* Without bounds, which would be compared with each row; the order is that of the IDs. */
static void load_all_peers(struct load *load)
{
    const char *all =
        load->is_old ? "SELECT " STORE_OLD_COLUMNS " FROM peers" : "SELECT record FROM peers";
    load_peers(load, all, NULL, NULL);
}

/* What lies behind a damaged page is reached from its other side. */
static void salvage_peers(struct load *load)
{
    const char *up = load->is_old ? PEERS(STORE_OLD_COLUMNS) : PEERS("record");
    const char *down = load->is_old ? PEERS(STORE_OLD_COLUMNS) " DESC" : PEERS("record") " DESC";
    for (unsigned first = 0; first < 0x1000; first++) {
        char from[4], to[4];
        snprintf(from, sizeof from, "%03x", first);
        snprintf(to, sizeof to, first == 0xfff ? "g" : "%03x", first + 1);
        if (!load_peers(load, up, from, to))
            load_peers(load, down, from, to);
    }
}

/* By what is there: the version of a damaged file says little. */
static bool has_old_layout(struct store_file *file)
{
    sqlite3_stmt *row = NULL;
    bool is_old = sqlite3_prepare_v2(file->db, PEERS("record"), -1, &row, NULL) != SQLITE_OK &&
        sqlite3_finalize(row) == SQLITE_OK &&
        sqlite3_prepare_v2(file->db, PEERS(STORE_OLD_COLUMNS), -1, &row, NULL) == SQLITE_OK;
    sqlite3_finalize(row);
    return is_old;
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
    load.is_old = has_old_layout(file);
    load_key(&load);
    load_bans(&load);
    if (file->access == STORE_SALVAGE)
        salvage_peers(&load);
    else
        load_all_peers(&load);
    /* What only the setting addr_book_strict refuses stays in the file: it may be set by mistake.
     */
    report->outdated = load.is_old || report->replaced + report->demoted > 0 ||
        report->kept + report->non_routable < report->peers || report->bans_kept < report->bans;
    if (load.err)
        return load.err;
    if (report->malformed > 0 && !report->damaged)
        snprintf(report->cause, sizeof report->cause, "rows that make no sense");
    bool sound = !report->damaged && report->malformed == 0 && file->access != STORE_SALVAGE;
    return sound ? ERR_OK : ERR_CORRUPT;
}
