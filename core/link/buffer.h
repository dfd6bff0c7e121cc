/* Bytes held for a while: one block of memory that grows as bytes come in, never because a length
 * announces them. NULL is the empty buffer and holds no memory. */
#ifndef LINK_BUFFER_H
#define LINK_BUFFER_H

#include "base/err.h"
#include "base/span.h"

struct buffer {
    size_t n, cap;
    uint8_t bytes[];
};

/* Copies the bytes to the end. Capacity doubles as needed, up to max, which *buffer's n plus
 * bytes.n must not exceed. ERR_NO_MEMORY leaves the buffer as it was. */
enum err buffer_append(struct buffer **buffer, struct span bytes, size_t max);
/* Cuts the first n bytes off; an emptied buffer is freed. */
void buffer_drop(struct buffer **buffer, size_t n);
void buffer_free(struct buffer **buffer); /* and sets it to NULL */

/* Valid until the next change. */
struct span buffer_span(const struct buffer *buffer);
size_t buffer_size(const struct buffer *buffer);
size_t buffer_memory(const struct buffer *buffer); /* heap bytes taken */

#endif
