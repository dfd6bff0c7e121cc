#include "uv/store_inside.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#define BUSY_MS 5000 /* a reader holds us up for so long at most */
/* Up to 16 MiB of pages, the rows of some 40,000 addresses: a crawl touches them all over, and with
 * the usual 2 MiB it spent two thirds of its time reading pages again. */
#define PAGE_CACHE "PRAGMA cache_size = -16384;"
/* Of a new database. A start reads all of it: with 16 KiB in a quarter of the calls, while the rows
 * of a second, which lie anywhere, still take half of what they may. */
#define PAGE_SIZE "PRAGMA page_size = 16384;"

static const char schema_of_peers[] =
    "CREATE TABLE peers("
    " id TEXT PRIMARY KEY, record BLOB NOT NULL, ip TEXT NOT NULL, port INTEGER NOT NULL,"
    " side TEXT NOT NULL, buckets TEXT NOT NULL, version TEXT NOT NULL,"
    " last_verified INTEGER NOT NULL, source_id TEXT NOT NULL, source_ip TEXT NOT NULL,"
    " source_port INTEGER NOT NULL, heard INTEGER NOT NULL) WITHOUT ROWID;"
    "CREATE TABLE sources("
    " id TEXT NOT NULL, n INTEGER NOT NULL, source_id TEXT NOT NULL, source_ip TEXT NOT NULL,"
    " source_port INTEGER NOT NULL, heard INTEGER NOT NULL, PRIMARY KEY(id, n)) WITHOUT ROWID;"
    "CREATE VIEW edges AS"
    " SELECT id, source_id, source_ip, source_port, heard FROM peers"
    " UNION ALL SELECT id, source_id, source_ip, source_port, heard FROM sources;";

static const char schema_of_others[] =
    "CREATE TABLE bans("
    " kind TEXT NOT NULL, target TEXT NOT NULL, since INTEGER NOT NULL, until INTEGER NOT NULL,"
    " times INTEGER NOT NULL, reason TEXT NOT NULL, ip TEXT, port INTEGER,"
    " source_id TEXT, source_ip TEXT, source_port INTEGER, PRIMARY KEY(kind, target)) WITHOUT "
    "ROWID;"
    "CREATE TABLE meta(name TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;";

static const char *const statements[STORE_STATEMENTS] = {
    [STORE_BEGIN] = "BEGIN IMMEDIATE",
    [STORE_COMMIT] = "COMMIT",
    [STORE_ROLLBACK] = "ROLLBACK",
    [STORE_PUT_PEER] =
        "INSERT OR REPLACE INTO peers VALUES(?1,?2,?3,?4,?5,?6,?7,?8,?9,?10,?11,?12)",
    [STORE_DROP_PEER] = "DELETE FROM peers WHERE id = ?1",
    [STORE_PUT_SOURCE] = "INSERT OR REPLACE INTO sources VALUES(?1,?2,?3,?4,?5,?6)",
    [STORE_DROP_SOURCES] = "DELETE FROM sources WHERE id = ?1",
    [STORE_PUT_BAN] = "INSERT OR REPLACE INTO bans VALUES(?1,?2,?3,?4,?5,?6,?7,?8,?9,?10,?11)",
    [STORE_DROP_BAN] = "DELETE FROM bans WHERE kind = ?1 AND target = ?2",
    [STORE_PUT_META] = "INSERT OR REPLACE INTO meta VALUES(?1,?2)",
    [STORE_GET_META] = "SELECT value FROM meta WHERE name = ?1",
    [STORE_OLD_SOURCES] =
        "SELECT source_id, source_ip, source_port, heard FROM sources WHERE id = ?1 ORDER BY n",
};

static enum err err_of(int code)
{
    switch (code & 0xff) {
    case SQLITE_OK:
    case SQLITE_ROW:
    case SQLITE_DONE:
        return ERR_OK;
    case SQLITE_NOMEM:
        return ERR_NO_MEMORY;
    case SQLITE_ERROR: /* the schema is not ours */
    case SQLITE_CONSTRAINT:
    case SQLITE_MISMATCH:
    case SQLITE_CORRUPT:
    case SQLITE_NOTADB:
    case SQLITE_FORMAT:
        return ERR_CORRUPT;
    default:
        return ERR_IO;
    }
}

enum err store_fail(const struct store_file *file, int code, char *why)
{
    int system = sqlite3_system_errno(file->db);
    bool told = sqlite3_errcode(file->db) == (code & 0xff);
    const char *text = told ? sqlite3_errmsg(file->db) : sqlite3_errstr(code);
    if (system && err_of(code) == ERR_IO)
        snprintf(why, STORE_FILE_WHY_MAX, "%s (%s)", text, strerror(system));
    else
        snprintf(why, STORE_FILE_WHY_MAX, "%s", text);
    return err_of(code);
}

sqlite3_stmt *store_statement(struct store_file *file, enum store_statement which)
{
    if (!file->statements[which])
        sqlite3_prepare_v3(file->db, statements[which], -1, SQLITE_PREPARE_PERSISTENT,
            &file->statements[which], NULL);
    return file->statements[which];
}

static int execute(struct store_file *file, const char *sql)
{
    return sqlite3_exec(file->db, sql, NULL, NULL, NULL);
}

static int read_number(struct store_file *file, const char *sql, int64_t *number)
{
    sqlite3_stmt *statement;
    int code = sqlite3_prepare_v2(file->db, sql, -1, &statement, NULL);
    if (code != SQLITE_OK)
        return code;
    code = sqlite3_step(statement);
    if (code == SQLITE_ROW)
        *number = sqlite3_column_int64(statement, 0);
    int end = sqlite3_finalize(statement);
    return code == SQLITE_ROW ? SQLITE_OK : end;
}

int store_get_version(struct store_file *file, int64_t *version)
{
    return read_number(file, "PRAGMA user_version", version);
}

/* ---- opening ---- */

static int harden(struct store_file *file)
{
    sqlite3_db_config(file->db, SQLITE_DBCONFIG_DEFENSIVE, 1, NULL);
    sqlite3_db_config(file->db, SQLITE_DBCONFIG_TRUSTED_SCHEMA, 0, NULL);
    sqlite3_db_config(file->db, SQLITE_DBCONFIG_ENABLE_TRIGGER, 0, NULL);
    sqlite3_db_config(file->db, SQLITE_DBCONFIG_ENABLE_VIEW, 0, NULL);
    sqlite3_limit(file->db, SQLITE_LIMIT_LENGTH, 1 << 20);
    sqlite3_extended_result_codes(file->db, 1);
    sqlite3_busy_timeout(file->db, BUSY_MS);
    return execute(file, "PRAGMA cell_size_check = ON; PRAGMA synchronous = NORMAL; " PAGE_CACHE);
}

int store_make_peers(struct store_file *file)
{
    char sql[sizeof schema_of_peers + 200];
    snprintf(sql, sizeof sql,
        "DROP VIEW IF EXISTS edges; DROP TABLE IF EXISTS sources; DROP TABLE IF EXISTS peers;"
        "%s PRAGMA user_version = %d;",
        schema_of_peers, STORE_FILE_VERSION);
    return execute(file, sql);
}

static int make_schema(struct store_file *file)
{
    char sql[sizeof schema_of_others + 100];
    snprintf(sql, sizeof sql, "BEGIN IMMEDIATE; %s PRAGMA application_id = %d;", schema_of_others,
        STORE_FILE_APPLICATION);
    int code = execute(file, sql);
    if (code == SQLITE_OK)
        code = store_make_peers(file);
    if (code == SQLITE_OK)
        code = execute(file, "COMMIT;");
    if (code != SQLITE_OK)
        execute(file, "ROLLBACK;");
    return code;
}

/* Nothing was ever written to it: new, or the process ended before its schema was there. */
static int is_blank(struct store_file *file, bool *blank)
{
    int64_t objects = 0, version = 0;
    int code = read_number(file, "SELECT count(*) FROM sqlite_schema", &objects);
    if (code == SQLITE_OK)
        code = store_get_version(file, &version);
    *blank = objects == 0 && version == 0;
    return code;
}

static enum err check_version(struct store_file *file, char *why)
{
    int64_t application = 0, version = 0;
    int code = read_number(file, "PRAGMA application_id", &application);
    if (code == SQLITE_OK)
        code = store_get_version(file, &version);
    if (code != SQLITE_OK)
        return store_fail(file, code, why);
    if (application == STORE_FILE_APPLICATION && version > 0 && version <= STORE_FILE_VERSION)
        return ERR_OK;
    if (application != STORE_FILE_APPLICATION)
        snprintf(why, STORE_FILE_WHY_MAX, "it is no address book of ours");
    else
        snprintf(why, STORE_FILE_WHY_MAX, "it has version %lld, this program writes version %d",
            (long long)version, STORE_FILE_VERSION);
    return ERR_CORRUPT;
}

static enum err prepare(struct store_file *file, char *why)
{
    bool blank = false;
    int code = harden(file);
    if (file->access == STORE_WRITE && sqlite3_db_readonly(file->db, "main") == 1)
        return store_fail(file, SQLITE_READONLY, why); /* SQLite opens what it cannot write */
    if (code == SQLITE_OK && file->access == STORE_WRITE)
        code = execute(file, PAGE_SIZE "PRAGMA journal_mode = WAL;");
    if (code == SQLITE_OK)
        code = is_blank(file, &blank);
    if (code == SQLITE_OK && blank && file->access == STORE_WRITE)
        code = make_schema(file);
    if (code != SQLITE_OK && file->access != STORE_SALVAGE)
        return store_fail(file, code, why);
    if (file->access == STORE_SALVAGE)
        return ERR_OK;
    if (!blank || file->access == STORE_WRITE)
        return check_version(file, why);
    snprintf(why, STORE_FILE_WHY_MAX, "nothing was ever written to it");
    return ERR_NOT_FOUND;
}

static enum err open_as(
    const char *name, enum store_access access, int flags, struct store_file **opened, char *why)
{
    struct store_file *file = calloc(1, sizeof *file);
    if (!file) {
        snprintf(why, STORE_FILE_WHY_MAX, "out of memory");
        return ERR_NO_MEMORY;
    }
    file->access = access;
    int code = sqlite3_open_v2(name, &file->db, flags | SQLITE_OPEN_NOMUTEX, NULL);
    enum err err = code == SQLITE_OK ? prepare(file, why) : store_fail(file, code, why);
    if (err)
        store_file_close(file);
    else
        *opened = file;
    return err;
}

/* As a URI, in which only these three characters have a meaning. */
static bool immutable_name(const char *path, char *name, size_t cap)
{
    size_t n = (size_t)snprintf(name, cap, "file:");
    for (; *path && n + 4 < cap; path++)
        n += (size_t)snprintf(
            name + n, cap - n, strchr("%?#", *path) ? "%%%02X" : "%c", (unsigned char)*path);
    int length = snprintf(name + n, cap - n, "?immutable=1");
    return !*path && length >= 0 && (size_t)length < cap - n;
}

/* Where neither a lock nor shared memory can be made nobody writes either. */
static enum err open_immutable(
    const char *path, enum store_access access, struct store_file **file, char *why)
{
    char name[3 * 4096];
    if (!immutable_name(path, name, sizeof name))
        return ERR_IO;
    return open_as(name, access, SQLITE_OPEN_READONLY | SQLITE_OPEN_URI, file, why);
}

enum err store_file_open(
    const char *path, enum store_access access, struct store_file **file, char *why)
{
    struct stat info;
    if (access == STORE_WRITE)
        return open_as(path, access, SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE, file, why);
    if (stat(path, &info) != 0 && errno == ENOENT) {
        snprintf(why, STORE_FILE_WHY_MAX, "there is none");
        return ERR_NOT_FOUND;
    }
    enum err err = open_as(path, access, SQLITE_OPEN_READONLY, file, why);
    return err == ERR_IO ? open_immutable(path, access, file, why) : err;
}

void store_file_close(struct store_file *file)
{
    if (!file)
        return;
    for (int i = 0; i < STORE_STATEMENTS; i++)
        sqlite3_finalize(file->statements[i]);
    sqlite3_close(file->db);
    free(file);
}
