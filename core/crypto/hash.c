#include "crypto/hash.h"

#include <endian.h>
#include <sodium.h>

void sha256(struct span data, uint8_t out[32])
{
    crypto_hash_sha256(out, data.at, data.n);
}

uint64_t siphash(const uint8_t key[16], struct span data)
{
    uint8_t bytes[crypto_shorthash_BYTES];
    uint64_t sum;
    crypto_shorthash(bytes, data.at, data.n, key);
    memcpy(&sum, bytes, sizeof sum);
    return le64toh(sum);
}
