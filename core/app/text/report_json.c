#include "app/text/report_json.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static json_t *in_ascii(const char *text)
{
    char *copy = strdup(text);
    if (!copy)
        return NULL;
    for (char *at = copy; *at; at++)
        if ((unsigned char)*at >= 0x80)
            *at = '?';
    json_t *json = json_string(copy);
    free(copy);
    return json;
}

json_t *report_text(const char *text)
{
    json_t *json = json_string(text);
    return json ? json : in_ascii(text);
}

static bool is_plain(char c)
{
    return c >= ' ' && c <= '~' && c != '"' && c != '\\';
}

static char escape_of(char c)
{
    return c == '\n' ? 'n' : c == '"' || c == '\\' ? c : 0;
}

/* Adds a string with anything in it. */
static void add_encoded(struct text *out, const char *text)
{
    json_t *json = report_text(text);
    char *encoded = json ? json_dumps(json, JSON_ENCODE_ANY) : NULL;
    if (encoded)
        text_add_text(out, encoded);
    out->has_failed |= !encoded;
    free(encoded);
    json_decref(json);
}

static bool is_simple(const char *text)
{
    while (is_plain(*text) || escape_of(*text))
        text++;
    return !*text;
}

void report_add_text(struct text *out, const char *text)
{
    if (!is_simple(text)) {
        add_encoded(out, text);
        return;
    }
    text_add_char(out, '"');
    while (*text) {
        size_t n = 0;
        while (is_plain(text[n]))
            n++;
        text_add(out, text, n);
        text += n;
        if (*text)
            text_add(out, (char[]){'\\', escape_of(*text++)}, 2);
    }
    text_add_char(out, '"');
}

void report_add_seconds(struct text *out, int64_t ms)
{
    char digits[4];
    snprintf(digits, sizeof digits, "%03u", (unsigned)(ms % 1000));
    text_add_count(out, (uint64_t)(ms / 1000));
    text_add_char(out, '.');
    text_add_text(out, digits);
}

json_t *report_text_or_null(const char *text)
{
    return text && *text ? report_text(text) : json_null();
}

/* ---- numbers ---- */

#define DIGITS_LEAST 15 /* of a double, as many as are always kept */
#define DIGITS_MOST 17
#define NUMBER_MAX 32

/* The n bytes of a real number; returns how many are left of them. */
static size_t shorten_number(char *number, size_t n)
{
    char made[NUMBER_MAX + 2];
    double value = strtod(number, NULL);
    int digits = DIGITS_LEAST;
    snprintf(made, NUMBER_MAX, "%.*g", digits, value);
    while (digits < DIGITS_MOST && strtod(made, NULL) != value)
        snprintf(made, NUMBER_MAX, "%.*g", ++digits, value);
    size_t made_n = strlen(made);
    if (!made[strcspn(made, ".e")]) {
        memcpy(made + made_n, ".0", 3);
        made_n += 2;
    }
    if (made_n >= n)
        return n;
    memcpy(number, made, made_n);
    return made_n;
}

/* Where a quoted text ends, from its first quote on. */
static size_t quoted_size(const char *text)
{
    size_t n = 1;
    while (text[n] && text[n] != '"')
        n += text[n] == '\\' ? 2 : 1;
    return n + 1;
}

/* What it takes from the front of text, of which *kept stay there. */
static size_t shorten_token(char *text, size_t *kept)
{
    size_t n = strspn(text, "-+.0123456789eE"), quoted = *text == '"' ? quoted_size(text) : 0;
    bool is_number = *text == '-' || (*text >= '0' && *text <= '9');
    if (!is_number)
        return *kept = quoted ? quoted : 1;
    *kept = strcspn(text, ".eE") < n ? shorten_number(text, n) : n;
    return n;
}

char *report_line(const json_t *json, size_t flags)
{
    char *text = json_dumps(json, flags | JSON_REAL_PRECISION(DIGITS_MOST));
    size_t at = 0, to = 0, kept;
    if (!text)
        return NULL;
    while (text[at]) {
        size_t taken = shorten_token(text + at, &kept);
        memmove(text + to, text + at, kept);
        at += taken;
        to += kept;
    }
    text[to] = 0;
    return text;
}

void report_print(json_t *json)
{
    char *text = report_line(json, 0);
    puts(text ? text : "");
    free(text);
    json_decref(json);
}
