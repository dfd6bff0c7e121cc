/* Borrowed bytes. A span never owns what it points to; whoever hands one out says how long it
 * stays valid. All-zero is the empty span. */
#ifndef BASE_SPAN_H
#define BASE_SPAN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

struct span {
    const uint8_t *at;
    size_t n;
};

static inline struct span span_of(const void *at, size_t n)
{
    return (struct span){at, n};
}

static inline struct span span_of_text(const char *text)
{
    return (struct span){(const uint8_t *)text, strlen(text)};
}

static inline bool span_equal(struct span a, struct span b)
{
    return a.n == b.n && (a.n == 0 || memcmp(a.at, b.at, a.n) == 0);
}

/* Cuts the first n bytes off; n must not exceed s->n. */
static inline struct span span_take(struct span *s, size_t n)
{
    struct span head = {s->at, n};
    s->at += n;
    s->n -= n;
    return head;
}

#endif
