#include "trace/digest.h"

#define FACTOR 0xa0761d6478bd642fu
#define FIRST 0xe7037ed1a0b428dbu

/* Both halves of a product: every bit of the result depends on every bit of both factors. */
static uint64_t fold(uint64_t a, uint64_t b)
{
    __extension__ unsigned __int128 product = a;
    product *= b;
    return (uint64_t)product ^ (uint64_t)(product >> 64);
}

static uint64_t word_of(const uint8_t *at, size_t n)
{
    uint64_t word = 0;
    for (size_t i = 0; i < n; i++)
        word |= (uint64_t)at[i] << 8 * i;
    return word;
}

uint64_t digest(struct span bytes)
{
    uint64_t sum = FIRST ^ bytes.n;
    while (bytes.n >= 8)
        sum = fold(sum ^ word_of(span_take(&bytes, 8).at, 8), FACTOR) ^ FIRST;
    return fold(sum ^ word_of(bytes.at, bytes.n), FACTOR);
}
