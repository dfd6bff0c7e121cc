/* The two hashes the rest of the core needs: SHA-256 and keyed SipHash-2-4 (behaviour.md B24). */
#ifndef CRYPTO_HASH_H
#define CRYPTO_HASH_H

#include "base/span.h"

void sha256(struct span data, uint8_t out[32]);
/* The 64-bit result, read little-endian. */
uint64_t siphash(const uint8_t key[16], struct span data);

#endif
