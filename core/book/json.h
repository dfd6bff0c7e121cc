/* Reading JSON in place: no tree, no memory, no recursion.
 *
 * json_check verifies the first value of a text once; after that the other functions walk it and
 * cannot fail on syntax, only on meeting another kind of value than asked for. Each of them takes
 * exactly one value (or bracket) off the text. */
#ifndef BOOK_JSON_H
#define BOOK_JSON_H

#include "base/err.h"
#include "base/span.h"

#define JSON_DEPTH_MAX 64

struct json {
    const uint8_t *at, *end;
};

struct json_fault {
    uint32_t line; /* from 1 */
    const char *cause;
};

enum json_kind { JSON_NULL, JSON_BOOL, JSON_NUMBER, JSON_TEXT, JSON_ARRAY, JSON_OBJECT };

/* Verifies the first value (what follows it is not looked at) and starts reading at it.
 * ERR_CORRUPT with *fault. Bytes of texts need not be UTF-8. */
enum err json_check(struct span text, struct json *json, struct json_fault *fault);

enum json_kind json_kind(struct json *json);
void json_skip(struct json *json);
/* Takes a null; anything else stays. */
bool json_take_null(struct json *json);
/* Takes the opening bracket of an object or array. Another kind is skipped: false. */
bool json_open(struct json *json, enum json_kind kind);
/* Inside an array: true if the next value is another element, false after its end. */
bool json_element(struct json *json);
/* Inside an object: the same, with the member's name (unescaped, terminated, cut at cap - 1). */
bool json_member(struct json *json, char *name, size_t cap);
/* A text, unescaped, of at most cap bytes; no terminator. false: no text, or too long. */
bool json_text(struct json *json, char *out, size_t cap, size_t *n);
/* An integer without fraction or exponent in [min, max]. */
bool json_whole_number(struct json *json, int64_t min, int64_t max, int64_t *value);

/* For the files that implement this. */
static inline const uint8_t *json_after_blanks(const uint8_t *at, const uint8_t *end)
{
    while (at < end && (*at == ' ' || *at == '\t' || *at == '\n' || *at == '\r'))
        at++;
    return at;
}

/* The value of a hex digit, or -1. */
static inline int json_hex_value(uint8_t byte)
{
    if (byte >= '0' && byte <= '9')
        return byte - '0';
    byte |= 0x20;
    return byte >= 'a' && byte <= 'f' ? byte - 'a' + 10 : -1;
}

#endif
