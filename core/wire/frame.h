/* Sealed frames (wire.md 3.5). Plain: 4-byte little-endian length n, n bytes, zeros up to 1028.
 *
 *     0        4            4+n                1028            1044
 *     | n (LE) | data ...   | padding, zeros   | tag           |
 */
#ifndef WIRE_FRAME_H
#define WIRE_FRAME_H

#include "base/span.h"
#include "crypto/frame_cipher.h"

#define FRAME_DATA_MAX 1024
#define FRAME_PLAIN 1028
#define FRAME_SEALED (FRAME_PLAIN + FRAME_TAG_SIZE)

/* Seals 1..1024 bytes of data into out. */
void frame_seal(struct frame_cipher *cipher, struct span data, uint8_t out[FRAME_SEALED]);
/* Opens a frame in place; *data points into it and may be empty (Go never sends that; we skip it).
 * ERR_FRAME_TAG, ERR_FRAME_LENGTH: the connection is over. */
enum err frame_open(struct frame_cipher *cipher, uint8_t sealed[FRAME_SEALED], struct span *data);

#endif
