/* Bytes written as hex in tests. */
#ifndef VECTORS_HEX_H
#define VECTORS_HEX_H

#include "base/span.h"

#include <stdlib.h>

static inline int hex_value(char c)
{
    return c >= '0' && c <= '9' ? c - '0' : c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* Writes the bytes of text, lower-case hex with spaces anywhere between bytes, to out, and returns
 * them. Ends the test program when the text is not that or longer than cap bytes. */
static inline struct span hex_read(const char *text, uint8_t *out, size_t cap)
{
    size_t n = 0;
    while (*text) {
        if (*text == ' ') {
            text++;
            continue;
        }
        int high = hex_value(text[0]), low = high < 0 ? -1 : hex_value(text[1]);
        if (low < 0 || n == cap)
            abort();
        out[n++] = (uint8_t)(high << 4 | low);
        text += 2;
    }
    return span_of(out, n);
}

/* hex_read into memory that lives as long as the enclosing block. */
#define HEX(text) hex_read((text), (uint8_t[sizeof(text) / 2 + 1]){0}, sizeof(text) / 2 + 1)

#endif
