#include "uv/store_inside.h"

#include <string.h>

bool store_read_text(sqlite3_stmt *row, int column, struct span *text)
{
    if (sqlite3_column_type(row, column) != SQLITE_TEXT)
        return false;
    text->at = sqlite3_column_text(row, column);
    text->n = (size_t)sqlite3_column_bytes(row, column);
    return text->at != NULL;
}

bool store_read_integer(sqlite3_stmt *row, int column, int64_t max, int64_t *value)
{
    if (sqlite3_column_type(row, column) != SQLITE_INTEGER)
        return false;
    *value = sqlite3_column_int64(row, column);
    return *value >= 0 && *value <= max;
}

bool store_read_u32(sqlite3_stmt *row, int column, uint32_t *value)
{
    int64_t wide;
    bool good = store_read_integer(row, column, UINT32_MAX, &wide);
    if (good)
        *value = (uint32_t)wide;
    return good;
}

bool store_read_addr(sqlite3_stmt *row, int column, struct addr *addr)
{
    struct span id, ip;
    int64_t port;
    if (!store_read_text(row, column, &id) || !store_read_text(row, column + 1, &ip) ||
        !store_read_integer(row, column + 2, UINT16_MAX, &port))
        return false;
    addr->at.port = (uint16_t)port;
    return peer_id_parse(id, &addr->id) == ERR_OK && ip_parse(ip, &addr->at.ip) == ERR_OK;
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
    if (!store_read_text(row, column, &ip) || ip_parse(ip, &ban->addr.at.ip) != ERR_OK ||
        !store_read_integer(row, column + 1, UINT16_MAX, &port))
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
    if (!store_read_text(row, 0, &kind) || !store_read_text(row, 1, &text))
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
    if (!read_target(row, &ban->target) || !store_read_integer(row, 2, INT64_MAX, &ban->since_ms) ||
        !store_read_integer(row, 3, INT64_MAX, &ban->until_ms) ||
        !store_read_u32(row, 4, &ban->times) || !store_read_text(row, 5, &reason) ||
        reason.n > BAN_REASON_MAX || !read_reinstated(row, 6, ban))
        return false;
    memcpy(ban->reason, reason.at, reason.n);
    return true;
}
