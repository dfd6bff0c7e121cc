/* Base-128 little-endian varints (wire.md 0.2): at most 10 bytes, the tenth at most 1;
 * non-minimal forms are accepted. */
#ifndef BASE_VARINT_H
#define BASE_VARINT_H

#include "base/err.h"
#include "base/span.h"

#define VARINT_MAX 10

/* Writes value to out (room for VARINT_MAX bytes) and returns the bytes written. */
size_t varint_put(uint8_t *out, uint64_t value);
size_t varint_size(uint64_t value);
/* Reads one varint off the front of *in and advances it.
 * ERR_TRUNCATED: more bytes are needed, *in unchanged. ERR_VARINT: malformed. */
enum err varint_take(struct span *in, uint64_t *value);

#endif
