#include "base/text.h"

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
