/* ChaCha20-Poly1305 (RFC 8439) for one direction of a connection (wire.md 3.5): no associated
 * data, nonce = 4 zero bytes and a 64-bit little-endian counter that starts at 0. */
#ifndef CRYPTO_FRAME_CIPHER_H
#define CRYPTO_FRAME_CIPHER_H

#include "base/err.h"
#include <stddef.h>
#include <stdint.h>

#define FRAME_TAG_SIZE 16

struct frame_cipher {
    uint8_t key[32];
    uint64_t counter;
};

/* sealed has n + FRAME_TAG_SIZE bytes and may be the same memory as plain. Advances the counter. */
void frame_cipher_seal(
    struct frame_cipher *cipher, const uint8_t *plain, size_t n, uint8_t *sealed);
/* n counts the tag; plain has n - FRAME_TAG_SIZE bytes and may be the same memory as sealed.
 * ERR_FRAME_TAG leaves the counter where it was. */
enum err frame_cipher_open(
    struct frame_cipher *cipher, const uint8_t *sealed, size_t n, uint8_t *plain);

#endif
