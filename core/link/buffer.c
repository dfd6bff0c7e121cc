#include "link/buffer.h"

#include <assert.h>
#include <stdlib.h>

#define BUFFER_MIN 64

static size_t grown_cap(size_t cap, size_t needed, size_t max)
{
    size_t next = cap < BUFFER_MIN ? BUFFER_MIN : cap;
    while (next < needed)
        next *= 2;
    return next < max ? next : max;
}

enum err buffer_append(struct buffer **buffer, struct span bytes, size_t max)
{
    size_t n = buffer_size(*buffer);
    assert(n <= max && bytes.n <= max - n);
    size_t needed = n + bytes.n;
    if (bytes.n == 0)
        return ERR_OK;
    if (!*buffer || needed > (*buffer)->cap) {
        size_t cap = grown_cap(*buffer ? (*buffer)->cap : 0, needed, max);
        struct buffer *grown = realloc(*buffer, sizeof *grown + cap);
        if (!grown)
            return ERR_NO_MEMORY;
        grown->n = n;
        grown->cap = cap;
        *buffer = grown;
    }
    memcpy((*buffer)->bytes + n, bytes.at, bytes.n);
    (*buffer)->n = needed;
    return ERR_OK;
}

void buffer_drop(struct buffer **buffer, size_t n)
{
    assert(n <= buffer_size(*buffer));
    if (n == buffer_size(*buffer)) {
        buffer_free(buffer);
        return;
    }
    (*buffer)->n -= n;
    memmove((*buffer)->bytes, (*buffer)->bytes + n, (*buffer)->n);
}

void buffer_free(struct buffer **buffer)
{
    free(*buffer);
    *buffer = NULL;
}

struct span buffer_span(const struct buffer *buffer)
{
    return buffer ? span_of(buffer->bytes, buffer->n) : (struct span){0};
}

size_t buffer_size(const struct buffer *buffer)
{
    return buffer ? buffer->n : 0;
}

size_t buffer_memory(const struct buffer *buffer)
{
    return buffer ? sizeof *buffer + buffer->cap : 0;
}
