/* The permutation Keccak-f[1600] of FIPS 202, for the transcript hash; no padding, no sponge. */
#ifndef CRYPTO_KECCAK_H
#define CRYPTO_KECCAK_H

#include <stdint.h>

#define KECCAK_STATE 200

/* 24 rounds over 25 lanes, each 8 bytes little-endian. */
void keccak_f1600(uint8_t state[KECCAK_STATE]);

#endif
