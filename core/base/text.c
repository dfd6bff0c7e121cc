#include "base/text.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#define CAP_MIN 256

/* Room for n bytes and a terminator. */
static bool reserve(struct text *text, size_t n)
{
    if (text->cap - text->n > n)
        return true;
    if (text->has_failed || n > SIZE_MAX / 4 - text->cap) {
        text->has_failed = true;
        return false;
    }
    size_t cap = 2 * text->cap + n + CAP_MIN;
    char *at = realloc(text->at, cap);
    text->has_failed = !at;
    if (at) {
        text->at = at;
        text->cap = cap;
    }
    return at != NULL;
}

void text_add(struct text *text, const char *bytes, size_t n)
{
    if (text->has_failed || n == 0 || !reserve(text, n))
        return;
    memcpy(text->at + text->n, bytes, n);
    text->n += n;
}

void text_add_text(struct text *text, const char *added)
{
    text_add(text, added, strlen(added));
}

void text_add_char(struct text *text, char added)
{
    text_add(text, &added, 1);
}

void text_add_count(struct text *text, uint64_t value)
{
    char digits[20], *at = digits + sizeof digits;
    do
        *--at = (char)('0' + value % 10);
    while ((value /= 10) > 0);
    text_add(text, at, (size_t)(digits + sizeof digits - at));
}

enum err text_take(struct text *text, char **at, size_t *n)
{
    if (text->has_failed || !reserve(text, 0)) {
        text_free(text);
        return ERR_NO_MEMORY;
    }
    text->at[text->n] = 0;
    *at = text->at;
    if (n)
        *n = text->n;
    *text = (struct text){0};
    return ERR_OK;
}

void text_clear(struct text *text)
{
    text->n = 0;
}

void text_free(struct text *text)
{
    free(text->at);
    *text = (struct text){0};
}

/* ---- characters ---- */

/* What the lead byte promises; 0: it leads nothing. */
static size_t promised(uint8_t lead)
{
    return lead < 0x20 || lead == 0x7f ? 0
        : lead < 0x80                  ? 1
        : lead < 0xc2 || lead > 0xf4   ? 0
        : lead < 0xe0                  ? 2
        : lead < 0xf0                  ? 3
                                       : 4;
}

size_t text_printable(struct span text)
{
    size_t n = text.n > 0 ? promised(text.at[0]) : 0;
    if (n < 2)
        return n;
    if (n > text.n)
        return 0;
    for (size_t i = 1; i < n; i++)
        if ((text.at[i] & 0xc0) != 0x80)
            return 0;
    uint8_t lead = text.at[0], second = text.at[1];
    bool overlong = (lead == 0xe0 && second < 0xa0) || (lead == 0xf0 && second < 0x90);
    bool surrogate = lead == 0xed && second >= 0xa0;
    bool beyond = lead == 0xf4 && second >= 0x90;
    bool control = lead == 0xc2 && second < 0xa0; /* U+0080 - U+009F: terminal controls */
    return overlong || surrogate || beyond || control ? 0 : n;
}

void text_make_printable(char *text, size_t n)
{
    size_t at = 0;
    while (at < n) {
        size_t length = text_printable(span_of(text + at, n - at));
        if (length == 0)
            text[at] = '?';
        at += length > 0 ? length : 1;
    }
}

void text_make_ascii(char *text)
{
    for (; *text; text++)
        if (*text < ' ' || *text > '~')
            *text = '?';
}

/* ---- durations ---- */

char *text_duration(int64_t ms, char out[TEXT_DURATION_MAX])
{
    static const struct {
        char name;
        int64_t s;
    } units[] = {{'d', 86400}, {'h', 3600}, {'m', 60}, {'s', 1}};
    int64_t left = ms / 1000;
    unsigned i = 0;
    while (i < 3 && left < units[i].s)
        i++;
    int n = snprintf(out, TEXT_DURATION_MAX, "%" PRId64 "%c", left / units[i].s, units[i].name);
    left %= units[i].s;
    if (i < 3 && left >= units[i + 1].s)
        snprintf(out + n, TEXT_DURATION_MAX - (size_t)n, "%" PRId64 "%c", left / units[i + 1].s,
            units[i + 1].name);
    return out;
}
