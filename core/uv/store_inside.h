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

/* One row of a query. False: it holds what it should not. store_values.c. */

/* The columns of table peers, in its order. */
bool store_read_peer(sqlite3_stmt *row, struct book_record *record);
/* The columns of table bans, in its order. */
bool store_read_ban(sqlite3_stmt *row, struct ban *ban);
/* Three columns: id, ip, port. */
bool store_read_addr(sqlite3_stmt *row, int column, struct addr *addr);
bool store_read_u32(sqlite3_stmt *row, int column, uint32_t *value);

#endif
