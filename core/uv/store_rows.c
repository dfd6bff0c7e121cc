#include "uv/store_inside.h"

#include <stdio.h>
#include <string.h>

/* ---- statements ---- */

/* Texts live until the statement has run. */
static void bind_text(sqlite3_stmt *row, int at, const char *text)
{
    sqlite3_bind_text(row, at, text, -1, SQLITE_STATIC);
}

static int run(struct store_file *file, sqlite3_stmt *statement)
{
    if (!statement)
        return sqlite3_extended_errcode(file->db);
    int code = sqlite3_step(statement);
    int reset = sqlite3_reset(statement);
    return code == SQLITE_DONE || code == SQLITE_ROW ? SQLITE_OK : reset ? reset : code;
}

static int run_with_text(struct store_file *file, enum store_statement which, const char *text)
{
    sqlite3_stmt *statement = store_statement(file, which);
    if (statement)
        bind_text(statement, 1, text);
    return run(file, statement);
}

static int put_meta(struct store_file *file, const char *name, const char *value)
{
    sqlite3_stmt *row = store_statement(file, STORE_PUT_META);
    if (row) {
        bind_text(row, 1, name);
        bind_text(row, 2, value);
    }
    return run(file, row);
}

int store_get_meta(struct store_file *file, const char *name, char *value, size_t cap)
{
    sqlite3_stmt *row = store_statement(file, STORE_GET_META);
    if (!row)
        return sqlite3_extended_errcode(file->db);
    bind_text(row, 1, name);
    int code = sqlite3_step(row);
    const unsigned char *text = code == SQLITE_ROW ? sqlite3_column_text(row, 0) : NULL;
    if (text && (size_t)sqlite3_column_bytes(row, 0) < cap)
        snprintf(value, cap, "%s", (const char *)text);
    else if (code == SQLITE_ROW)
        code = SQLITE_CORRUPT;
    sqlite3_reset(row);
    return code;
}

/* ---- rows ---- */

struct addr_columns {
    char id[PEER_ID_TEXT + 1], ip[IP_TEXT_MAX];
};

/* Three columns: id, ip, port. */
static void bind_addr(
    sqlite3_stmt *row, int at, const struct addr *addr, struct addr_columns *columns)
{
    bind_text(row, at, peer_id_text(&addr->id, columns->id));
    bind_text(row, at + 1, ip_text(&addr->at.ip, columns->ip));
    sqlite3_bind_int(row, at + 2, addr->at.port);
}

static char *buckets_text(const struct book_record *record, char *text, size_t cap)
{
    size_t n = 0;
    *text = 0;
    for (uint32_t i = 0; i < record->buckets_n; i++)
        n += (size_t)snprintf(text + n, cap - n, i ? " %u" : "%u", record->buckets[i]);
    return text;
}

static int put_entry(struct store_file *file, const struct book_record *record)
{
    sqlite3_stmt *row = store_statement(file, STORE_PUT_PEER);
    struct addr_columns addr, source;
    uint8_t packed[STORE_RECORD_MAX];
    char buckets[BOOK_REFS_MAX * 11 + 1];
    if (!row)
        return run(file, row);
    bind_text(row, 1, peer_id_text(&record->known.addr.id, addr.id));
    sqlite3_bind_blob(row, 2, packed, (int)store_pack(record, packed), SQLITE_STATIC);
    bind_text(row, 3, ip_text(&record->known.addr.at.ip, addr.ip));
    sqlite3_bind_int(row, 4, record->known.addr.at.port);
    bind_text(row, 5, record->known.side == BOOK_OLD ? "old" : "new");
    bind_text(row, 6, buckets_text(record, buckets, sizeof buckets));
    bind_text(row, 7, record->version);
    sqlite3_bind_int64(row, 8, record->known.last_verified_ms);
    bind_addr(row, 9, &record->sources[0], &source);
    sqlite3_bind_int64(row, 12, record->heard_s[0]);
    return run(file, row);
}

static int put_source(struct store_file *file, const struct book_record *record, int i)
{
    sqlite3_stmt *row = store_statement(file, STORE_PUT_SOURCE);
    struct addr_columns source;
    char id[PEER_ID_TEXT + 1];
    if (!row)
        return run(file, row);
    bind_text(row, 1, peer_id_text(&record->known.addr.id, id));
    sqlite3_bind_int(row, 2, i);
    bind_addr(row, 3, &record->sources[i], &source);
    sqlite3_bind_int64(row, 6, record->heard_s[i]);
    return run(file, row);
}

static int put_peer(struct store_file *file, const struct book_record *record)
{
    char id[PEER_ID_TEXT + 1];
    int code = put_entry(file, record);
    if (code == SQLITE_OK)
        code = run_with_text(file, STORE_DROP_SOURCES, peer_id_text(&record->known.addr.id, id));
    for (int i = 1; i < record->known.sources_n && code == SQLITE_OK; i++)
        code = put_source(file, record, i);
    return code;
}

static int drop_peer(struct store_file *file, const struct peer_id *id)
{
    char text[PEER_ID_TEXT + 1];
    peer_id_text(id, text);
    int code = run_with_text(file, STORE_DROP_PEER, text);
    return code == SQLITE_OK ? run_with_text(file, STORE_DROP_SOURCES, text) : code;
}

/* Two columns: kind, target. */
static void bind_target(
    sqlite3_stmt *row, const struct ban_target *target, char text[ADDR_TEXT_MAX])
{
    static const char *const kinds[] = {
        [BAN_ID] = "id",
        [BAN_CIDR] = "range",
        [BAN_PAIR] = "pair",
    };
    const struct cidr range = {target->ip, target->bits};
    const struct addr pair = {target->id, {target->ip, target->port}};
    bind_text(row, 1, kinds[target->kind]);
    if (target->kind == BAN_ID)
        peer_id_text(&target->id, text);
    else if (target->kind == BAN_CIDR)
        cidr_text(&range, text);
    else
        addr_to_text(&pair, text);
    bind_text(row, 2, text);
}

static int put_ban(struct store_file *file, const struct ban *ban)
{
    sqlite3_stmt *row = store_statement(file, STORE_PUT_BAN);
    char target[ADDR_TEXT_MAX], ip[IP_TEXT_MAX];
    struct addr_columns source;
    if (!row)
        return run(file, row);
    sqlite3_clear_bindings(row);
    bind_target(row, &ban->target, target);
    sqlite3_bind_int64(row, 3, ban->since_ms);
    sqlite3_bind_int64(row, 4, ban->until_ms);
    sqlite3_bind_int64(row, 5, ban->times);
    bind_text(row, 6, ban->reason);
    if (ban->has_addr) {
        bind_text(row, 7, ip_text(&ban->addr.at.ip, ip));
        sqlite3_bind_int(row, 8, ban->addr.at.port);
        bind_addr(row, 9, &ban->source, &source);
    }
    return run(file, row);
}

static int drop_ban(struct store_file *file, const struct ban_target *target)
{
    sqlite3_stmt *row = store_statement(file, STORE_DROP_BAN);
    char text[ADDR_TEXT_MAX];
    if (row)
        bind_target(row, target, text);
    return run(file, row);
}

/* Of a file of an older layout nothing is left that could not hold what follows. */
static int forget_all(struct store_file *file)
{
    int64_t version = 0;
    int code = store_get_version(file, &version);
    if (code == SQLITE_OK && version != STORE_FILE_VERSION)
        code = store_make_peers(file);
    if (code != SQLITE_OK)
        return code;
    return sqlite3_exec(file->db,
        "DELETE FROM peers; DELETE FROM sources; DELETE FROM bans;"
        "DELETE FROM meta WHERE name = '" STORE_META_KEY "'",
        NULL, NULL, NULL);
}

static int write_change(struct store_file *file, const struct book_change *change)
{
    switch (change->kind) {
    case BOOK_FORGET_ALL:
        return forget_all(file);
    case BOOK_PUT_KEY:
        return put_meta(file, STORE_META_KEY, change->key);
    case BOOK_DROP_ENTRY:
        return drop_peer(file, &change->id);
    case BOOK_PUT_ENTRY:
        return put_peer(file, &change->record);
    case BOOK_DROP_BAN:
        return drop_ban(file, &change->target);
    case BOOK_PUT_BAN:
        return put_ban(file, &change->ban);
    }
    return SQLITE_MISUSE;
}

/* SQLite would go on writing to a file that nobody can find any more. */
static bool was_taken_away(struct store_file *file)
{
    int moved = 0;
    sqlite3_file_control(file->db, "main", SQLITE_FCNTL_HAS_MOVED, &moved);
    return moved;
}

static int write_changes(
    struct store_file *file, const struct book_change *changes, size_t n, bool more)
{
    int code = SQLITE_OK;
    if (sqlite3_get_autocommit(file->db))
        code = run(file, store_statement(file, STORE_BEGIN));
    for (size_t i = 0; i < n && code == SQLITE_OK; i++)
        code = write_change(file, &changes[i]);
    if (code == SQLITE_OK && !more)
        code = run(file, store_statement(file, STORE_COMMIT));
    return code;
}

enum err store_file_write(
    struct store_file *file, const struct book_change *changes, size_t n, bool more, char *why)
{
    if (was_taken_away(file)) {
        snprintf(why, STORE_FILE_WHY_MAX, "the database was taken away");
        return ERR_CORRUPT;
    }
    int code = write_changes(file, changes, n, more);
    if (code == SQLITE_OK)
        return ERR_OK;
    enum err err = store_fail(file, code, why);
    if (!sqlite3_get_autocommit(file->db))
        run(file, store_statement(file, STORE_ROLLBACK));
    return err;
}

/* ---- exports ---- */

static char *hash_text(const uint8_t hash[32], char text[STORE_FILE_HASH_TEXT + 1])
{
    for (int i = 0; i < 32; i++)
        snprintf(text + (ptrdiff_t)2 * i, 3, "%02x", hash[i]);
    return text;
}

static enum err put_hash(
    struct store_file *file, const char *name, const uint8_t hash[32], char *why)
{
    char text[STORE_FILE_HASH_TEXT + 1];
    if (was_taken_away(file)) {
        snprintf(why, STORE_FILE_WHY_MAX, "the database was taken away");
        return ERR_CORRUPT;
    }
    int code = put_meta(file, name, hash_text(hash, text));
    return code == SQLITE_OK ? ERR_OK : store_fail(file, code, why);
}

enum err store_file_announce_export(struct store_file *file, const uint8_t hash[32], char *why)
{
    return put_hash(file, STORE_META_EXPORT_NEXT, hash, why);
}

enum err store_file_confirm_export(struct store_file *file, const uint8_t hash[32], char *why)
{
    return put_hash(file, STORE_META_EXPORT, hash, why);
}

static bool has_hash(struct store_file *file, const char *name, const char *text)
{
    char known[STORE_FILE_HASH_TEXT + 1];
    return store_get_meta(file, name, known, sizeof known) == SQLITE_ROW && !strcmp(known, text);
}

bool store_file_knows_export(struct store_file *file, const uint8_t hash[32])
{
    char text[STORE_FILE_HASH_TEXT + 1];
    hash_text(hash, text);
    return has_hash(file, STORE_META_EXPORT, text) || has_hash(file, STORE_META_EXPORT_NEXT, text);
}
