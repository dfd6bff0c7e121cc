#include "book/json.h"

static uint8_t next_byte(struct json *json)
{
    json->at = json_after_blanks(json->at, json->end);
    return json->at < json->end ? *json->at : 0;
}

enum json_kind json_kind(struct json *json)
{
    switch (next_byte(json)) {
    case '{':
        return JSON_OBJECT;
    case '[':
        return JSON_ARRAY;
    case '"':
        return JSON_TEXT;
    case 't':
    case 'f':
        return JSON_BOOL;
    case 'n':
        return JSON_NULL;
    default:
        return JSON_NUMBER;
    }
}

/* From an opening quote to behind the closing one; returns what stands between. */
static struct span take_quoted(struct json *json)
{
    const uint8_t *from = ++json->at;
    while (*json->at != '"')
        json->at += *json->at == '\\' ? 2 : 1;
    return span_of(from, (size_t)(json->at++ - from));
}

static bool ends_scalar(uint8_t byte)
{
    return byte == ',' || byte == ']' || byte == '}' || byte <= ' ';
}

void json_skip(struct json *json)
{
    unsigned depth = 0;
    do {
        uint8_t first = next_byte(json);
        if (first == '"') {
            take_quoted(json);
        } else if (first == '{' || first == '[') {
            depth++;
            json->at++;
        } else if (first == '}' || first == ']') {
            depth--;
            json->at++;
        } else if (first == ',' || first == ':') {
            json->at++;
        } else {
            while (json->at < json->end && !ends_scalar(*json->at))
                json->at++;
        }
    } while (depth > 0);
}

bool json_take_null(struct json *json)
{
    bool is_null = json_kind(json) == JSON_NULL;
    if (is_null)
        json_skip(json);
    return is_null;
}

bool json_open(struct json *json, enum json_kind kind)
{
    if (json_kind(json) != kind) {
        json_skip(json);
        return false;
    }
    json->at++;
    return true;
}

bool json_element(struct json *json)
{
    uint8_t next = next_byte(json);
    if (next == ',' || next == ']' || next == '}')
        json->at++;
    return next != ']' && next != '}';
}

/* Unescaping */

struct unescaped {
    char *out;
    size_t n, cap;
    bool cut;
};

static void put_byte(struct unescaped *u, unsigned byte)
{
    if (u->n == u->cap)
        u->cut = true;
    else
        u->out[u->n++] = (char)byte;
}

static void put_utf8(struct unescaped *u, uint32_t code)
{
    if (code < 0x80) {
        put_byte(u, code);
        return;
    }
    unsigned tail = code < 0x800 ? 1 : code < 0x10000 ? 2 : 3;
    put_byte(u, (0xff00u >> (tail + 1) & 0xff) | code >> (6 * tail));
    while (tail-- > 0)
        put_byte(u, 0x80 | (code >> (6 * tail) & 0x3f));
}

static uint32_t take_hex4(struct span *in)
{
    uint32_t code = 0;
    for (unsigned i = 0; i < 4; i++)
        code = code << 4 | (uint32_t)json_hex_value(*span_take(in, 1).at);
    return code;
}

/* Half a surrogate pair stands for U+FFFD, as in Go. */
static uint32_t take_code(struct span *in)
{
    uint32_t code = take_hex4(in);
    if (code < 0xd800 || code > 0xdfff)
        return code;
    struct span ahead = *in;
    if (code < 0xdc00 && ahead.n >= 6 && ahead.at[0] == '\\' && ahead.at[1] == 'u') {
        span_take(&ahead, 2);
        uint32_t low = take_hex4(&ahead);
        if (low >= 0xdc00 && low <= 0xdfff) {
            *in = ahead;
            return 0x10000 + ((code - 0xd800) << 10) + (low - 0xdc00);
        }
    }
    return 0xfffd;
}

static void put_escape(struct unescaped *u, struct span *in)
{
    static const char names[] = "bfnrt", values[] = "\b\f\n\r\t";
    uint8_t kind = *span_take(in, 1).at;
    if (kind == 'u') {
        put_utf8(u, take_code(in));
        return;
    }
    const char *name = strchr(names, kind);
    put_byte(u, name ? (uint8_t)values[name - names] : kind);
}

static void unescape(struct span in, struct unescaped *u)
{
    while (in.n > 0) {
        uint8_t byte = *span_take(&in, 1).at;
        if (byte == '\\')
            put_escape(u, &in);
        else
            put_byte(u, byte);
    }
}

bool json_member(struct json *json, char *name, size_t cap)
{
    if (!json_element(json))
        return false;
    next_byte(json);
    struct unescaped u = {.out = name, .cap = cap - 1};
    unescape(take_quoted(json), &u);
    name[u.n] = 0;
    next_byte(json);
    json->at++;
    return true;
}

bool json_text(struct json *json, char *out, size_t cap, size_t *n)
{
    if (json_kind(json) != JSON_TEXT) {
        json_skip(json);
        return false;
    }
    struct unescaped u = {.out = out, .cap = cap};
    unescape(take_quoted(json), &u);
    *n = u.n;
    return !u.cut;
}

bool json_whole_number(struct json *json, int64_t min, int64_t max, int64_t *value)
{
    bool is_number = json_kind(json) == JSON_NUMBER;
    const uint8_t *from = json->at;
    json_skip(json);
    bool negative = is_number && *from == '-';
    uint64_t sum = 0;
    for (const uint8_t *at = from + negative; is_number && at < json->at; at++) {
        if (*at < '0' || *at > '9' || sum > (uint64_t)INT64_MAX / 10 - 1)
            return false;
        sum = sum * 10 + (uint64_t)(*at - '0');
    }
    int64_t result = negative ? -(int64_t)sum : (int64_t)sum;
    if (!is_number || result < min || result > max)
        return false;
    *value = result;
    return true;
}
