/* What the files that implement store_file.h share. */
#ifndef UV_STORE_INSIDE_H
#define UV_STORE_INSIDE_H

#include "uv/store_file.h"
#include <sqlite3.h>

enum store_statement {
    STORE_BEGIN,
    STORE_COMMIT,
    STORE_ROLLBACK,
    STORE_PUT_PEER,
    STORE_DROP_PEER,
    STORE_PUT_SOURCE,
    STORE_DROP_SOURCES,
    STORE_PUT_BAN,
    STORE_DROP_BAN,
    STORE_PUT_META,
    STORE_GET_META,
    STORE_OLD_SOURCES, /* of layout 1 */
    STORE_STATEMENTS,
};

#define STORE_META_KEY "placement_key"
#define STORE_META_EXPORT "export"
#define STORE_META_EXPORT_NEXT "export_next"

struct store_file {
    sqlite3 *db;
    enum store_access access;
    sqlite3_stmt *statements[STORE_STATEMENTS]; /* made when first used */
};

/* The err of an SQLite code, with its text in why. */
enum err store_fail(const struct store_file *file, int code, char *why);
/* NULL when SQLite cannot make it; sqlite3_errcode says why. */
sqlite3_stmt *store_statement(struct store_file *file, enum store_statement which);
/* The value of a name: SQLITE_ROW, SQLITE_DONE (there is none), or an error. */
int store_get_meta(struct store_file *file, const char *name, char *value, size_t cap);

/* The file's user_version, as of this moment of a transaction. An SQLite code. */
int store_get_version(struct store_file *file, int64_t *version);
/* Tables peers and sources and the view, made anew; what they held is gone. An SQLite code. */
int store_make_peers(struct store_file *file);

/* One row of a query. False: it holds what it should not. store_values.c. */

/* The columns of table bans, in its order. */
bool store_read_ban(sqlite3_stmt *row, struct ban *ban);
/* Three columns: id, ip, port. */
bool store_read_addr(sqlite3_stmt *row, int column, struct addr *addr);
bool store_read_text(sqlite3_stmt *row, int column, struct span *text);
bool store_read_integer(sqlite3_stmt *row, int column, int64_t max, int64_t *value);
bool store_read_u32(sqlite3_stmt *row, int column, uint32_t *value);

/* Layout 1, which kept every field of a peer in a column of its own. store_old.c. */
#define STORE_OLD_COLUMNS                                                                          \
    "id, ip, port, side, buckets, source_id, source_ip, source_port, heard, attempts,"             \
    " last_failure, rtt_ms, answers, bans, first_seen, last_attempt, last_success,"                \
    " last_verified, last_ban, version, refused, timed_out, bad_handshake, other_failures,"        \
    " first_dial, last_dial, good_2h, good_8h, good_1d, good_1w, good_1m, tries_2h, tries_8h,"     \
    " tries_1d, tries_1w, tries_1m"
bool store_old_read_peer(struct store_file *file, sqlite3_stmt *row, struct book_record *record);

/* An entry as the value of column `record`. store_record.c.
 *
 *     1  layout (1)             } little-endian numbers, floats as IEEE 754
 *     1  side (enum book_side)
 *     1  B, number of buckets
 *     1  S, number of sources
 *    38  id, ip, port
 *    12  attempts, rtt_ms, answers
 *     5  bans, failures
 *    40  first_seen, last_attempt, last_success, last_verified, last_ban
 *     8  dials: first_s, last_s
 *    40  dials: good, tries
 *   4 B  buckets
 *  42 S  sources: id, ip, port, heard_s
 * 1 + n  version: length, text
 * 2 + n  last failure: its number here, length, name; the name counts, numbers change */
#define STORE_RECORD_MAX 640
size_t store_pack(const struct book_record *record, uint8_t out[STORE_RECORD_MAX]);
/* False: these bytes are no record. */
bool store_unpack(struct span bytes, struct book_record *record);

/* The failure of this name; ERR_OK: none that is known. */
enum err store_failure_named(struct span name);

#endif
