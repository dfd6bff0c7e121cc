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

void report_print(json_t *json)
{
    json_dumpf(json, stdout, 0);
    putchar('\n');
    json_decref(json);
}
