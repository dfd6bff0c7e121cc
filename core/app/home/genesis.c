#include "app/home/genesis.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#define CHUNK 65536

static void fail(struct genesis_scan *scan, const char *why)
{
    scan->place = GENESIS_BAD;
    scan->in_string = false;
    scan->why = why;
}

/* ---- strings ---- */

static void keep(struct genesis_scan *scan, char byte)
{
    if (!scan->is_kept)
        return;
    if (scan->text_n < GENESIS_CHAIN_ID_MAX)
        scan->text[scan->text_n] = byte;
    if (scan->text_n <= GENESIS_CHAIN_ID_MAX)
        scan->text_n++;
}

static void keep_code(struct genesis_scan *scan, uint32_t code)
{
    if (code < 0x80) {
        keep(scan, (char)code);
        return;
    }
    int more = code < 0x800 ? 1 : code < 0x10000 ? 2 : 3;
    static const unsigned char leads[] = {0, 0xc0, 0xe0, 0xf0};
    keep(scan, (char)(leads[more] | (code >> (6 * more))));
    while (more-- > 0)
        keep(scan, (char)(0x80 | ((code >> (6 * more)) & 0x3f)));
}

/* A first half without its second becomes U+FFFD, as in Go. */
static void end_pair(struct genesis_scan *scan)
{
    if (scan->surrogate)
        keep_code(scan, 0xfffd);
    scan->surrogate = 0;
}

static void keep_unit(struct genesis_scan *scan, uint16_t unit)
{
    bool is_first = unit >= 0xd800 && unit < 0xdc00, is_second = unit >= 0xdc00 && unit < 0xe000;
    if (is_second && scan->surrogate) {
        keep_code(scan, 0x10000 + ((uint32_t)(scan->surrogate - 0xd800) << 10) + (unit - 0xdc00u));
        scan->surrogate = 0;
        return;
    }
    end_pair(scan);
    if (is_first)
        scan->surrogate = unit;
    else
        keep_code(scan, is_second ? 0xfffd : unit);
}

static int hex_value(char byte)
{
    if (byte >= '0' && byte <= '9')
        return byte - '0';
    char lower = (char)(byte | 0x20);
    return lower >= 'a' && lower <= 'f' ? lower - 'a' + 10 : -1;
}

static void in_escape(struct genesis_scan *scan, char byte)
{
    static const char names[] = "\"\\/bfnrt", values[] = "\"\\/\b\f\n\r\t";
    if (scan->escape == 1) {
        const char *name = byte ? strchr(names, byte) : NULL;
        scan->escape = byte == 'u' ? 5 : 0;
        scan->code = 0;
        if (name) {
            end_pair(scan);
            keep(scan, values[name - names]);
        } else if (byte != 'u') {
            fail(scan, "has an unknown escape in a string");
        }
        return;
    }
    int value = hex_value(byte);
    if (value < 0) {
        fail(scan, "has a malformed \\u in a string");
        return;
    }
    scan->code = (uint16_t)(scan->code << 4 | value);
    if (--scan->escape == 1) {
        scan->escape = 0;
        keep_unit(scan, scan->code);
    }
}

static void begin_string(struct genesis_scan *scan, bool is_kept, enum genesis_place after)
{
    scan->in_string = true;
    scan->is_kept = is_kept;
    scan->surrogate = 0;
    scan->place = after;
    if (is_kept)
        scan->text_n = 0;
}

static void end_string(struct genesis_scan *scan)
{
    end_pair(scan);
    scan->in_string = false;
    if (scan->place == GENESIS_COLON)
        scan->is_chain_id = scan->text_n == 8 && memcmp(scan->text, "chain_id", 8) == 0;
}

/* Takes bytes of a string up to its end and returns how many. */
static size_t in_string(struct genesis_scan *scan, const char *bytes, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        char byte = bytes[i];
        if (scan->escape) {
            in_escape(scan, byte);
            if (scan->place == GENESIS_BAD)
                return n;
        } else if (byte == '"') {
            end_string(scan);
            return i + 1;
        } else if (byte == '\\') {
            scan->escape = 1;
        } else if (scan->is_kept) {
            end_pair(scan);
            keep(scan, byte);
        }
    }
    return n;
}

/* ---- between strings ---- */

static bool is_space(char byte)
{
    return byte == ' ' || byte == '\n' || byte == '\t' || byte == '\r';
}

static void at_value(struct genesis_scan *scan, char byte)
{
    if (scan->is_chain_id && byte != '"') {
        fail(scan, "has a chain_id that is not a text");
    } else if (byte == '"') {
        begin_string(scan, scan->is_chain_id, scan->is_chain_id ? GENESIS_FOUND : GENESIS_COMMA);
    } else if (byte == '{' || byte == '[') {
        scan->place = GENESIS_NESTED;
        scan->depth = 1;
    } else if (byte && strchr("-0123456789tfn", byte)) {
        scan->place = GENESIS_WORD;
    } else {
        fail(scan, "is not JSON: a value is missing");
    }
}

static void in_object(struct genesis_scan *scan, char byte)
{
    switch (scan->place) {
    case GENESIS_BEGIN:
        scan->place = GENESIS_KEY;
        if (byte != '{')
            fail(scan, "is not a JSON object");
        break;
    case GENESIS_KEY:
        if (byte == '"')
            begin_string(scan, true, GENESIS_COLON);
        else
            fail(scan, byte == '}' ? "has no chain_id" : "is not JSON: a key is missing");
        break;
    case GENESIS_COLON:
        scan->place = GENESIS_VALUE;
        if (byte != ':')
            fail(scan, "is not JSON: a colon is missing");
        break;
    case GENESIS_VALUE:
        at_value(scan, byte);
        break;
    case GENESIS_WORD:
    case GENESIS_COMMA:
        if (byte == ',')
            scan->place = GENESIS_KEY;
        else if (byte == '}')
            fail(scan, "has no chain_id");
        else if (scan->place == GENESIS_COMMA)
            fail(scan, "is not JSON: a comma is missing");
        break;
    default:
        break;
    }
}

/* Takes bytes of a nested value up to its end or to a string and returns how many. */
static size_t in_nested(struct genesis_scan *scan, const char *bytes, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        switch (bytes[i]) {
        case '"':
            begin_string(scan, false, GENESIS_NESTED);
            return i + 1;
        case '{':
        case '[':
            scan->depth++;
            break;
        case '}':
        case ']':
            if (--scan->depth == 0) {
                scan->place = GENESIS_COMMA;
                return i + 1;
            }
            break;
        default:
            break;
        }
    }
    return n;
}

void genesis_scan_feed(struct genesis_scan *scan, const char *bytes, size_t n)
{
    size_t i = 0;
    while (i < n) {
        if (scan->in_string) {
            i += in_string(scan, bytes + i, n - i);
        } else if (scan->place == GENESIS_FOUND || scan->place == GENESIS_BAD) {
            return;
        } else if (scan->place == GENESIS_NESTED) {
            i += in_nested(scan, bytes + i, n - i);
        } else {
            if (!is_space(bytes[i]))
                in_object(scan, bytes[i]);
            i++;
        }
    }
}

enum err genesis_scan_end(const struct genesis_scan *scan, char *chain_id, const char **why)
{
    *why = NULL;
    if (scan->place == GENESIS_BAD)
        *why = scan->why;
    else if (scan->place != GENESIS_FOUND || scan->in_string)
        *why = "ends before its chain_id";
    else if (scan->text_n == 0)
        *why = "has an empty chain_id";
    else if (scan->text_n > GENESIS_CHAIN_ID_MAX)
        *why = "has a chain_id of more than 255 bytes";
    else if (memchr(scan->text, 0, scan->text_n))
        *why = "has a NUL in its chain_id";
    if (*why)
        return ERR_CORRUPT;
    memcpy(chain_id, scan->text, scan->text_n);
    chain_id[scan->text_n] = 0;
    return ERR_OK;
}

/* ---- files ---- */

static void scan_file(struct genesis_scan *scan, FILE *file)
{
    char chunk[CHUNK];
    size_t n;
    do {
        n = fread(chunk, 1, sizeof chunk, file);
        genesis_scan_feed(scan, chunk, n);
    } while (n > 0 && (scan->in_string || scan->place < GENESIS_FOUND));
}

enum err genesis_chain_id(const char *path, char *chain_id, char *cause)
{
    FILE *file = fopen(path, "re");
    if (!file) {
        snprintf(cause, GENESIS_CAUSE_MAX, "cannot be read: %s", strerror(errno));
        return errno == ENOENT ? ERR_NOT_FOUND : ERR_IO;
    }
    struct genesis_scan scan = {0};
    const char *why;
    errno = 0;
    scan_file(&scan, file);
    enum err err = ERR_IO;
    if (ferror(file)) {
        snprintf(cause, GENESIS_CAUSE_MAX, "cannot be read: %s", strerror(errno));
    } else {
        err = genesis_scan_end(&scan, chain_id, &why);
        if (err)
            snprintf(cause, GENESIS_CAUSE_MAX, "%s", why);
    }
    fclose(file);
    return err;
}
