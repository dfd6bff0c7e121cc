#include "base/varint.h"

size_t varint_put(uint8_t *out, uint64_t value)
{
    size_t n = 0;
    while (value >= 0x80) {
        out[n++] = (uint8_t)(value | 0x80);
        value >>= 7;
    }
    out[n++] = (uint8_t)value;
    return n;
}

size_t varint_size(uint64_t value)
{
    size_t n = 1;
    while (value >= 0x80) {
        value >>= 7;
        n++;
    }
    return n;
}

enum err varint_take(struct span *in, uint64_t *value)
{
    uint64_t sum = 0;
    for (size_t i = 0; i < VARINT_MAX; i++) {
        if (i == in->n)
            return ERR_TRUNCATED;
        uint8_t byte = in->at[i];
        if (i == VARINT_MAX - 1 && byte > 1)
            return ERR_VARINT;
        sum |= (uint64_t)(byte & 0x7f) << (7 * i);
        if (byte < 0x80) {
            span_take(in, i + 1);
            *value = sum;
            return ERR_OK;
        }
    }
    return ERR_VARINT;
}
