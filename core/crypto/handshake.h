/* Key schedule of the secret connection (wire.md 3.1 - 3.3): X25519, HKDF-SHA-256, Merlin. */
#ifndef CRYPTO_HANDSHAKE_H
#define CRYPTO_HANDSHAKE_H

#include "base/err.h"
#include <stdint.h>

/* An ephemeral X25519 pair; `secret` comes from the host's entropy. */
struct ephemeral_key {
    uint8_t secret[32];
    uint8_t public_key[32];
};

struct session_keys {
    uint8_t send[32];
    uint8_t receive[32];
    uint8_t challenge[32]; /* what both sides sign */
};

struct ephemeral_key ephemeral_key_of_secret(const uint8_t secret[32]);
/* ERR_LOW_ORDER_POINT when the shared secret is all zero. The caller wipes both structs. */
enum err session_keys_derive(
    const struct ephemeral_key *own, const uint8_t remote_public[32], struct session_keys *keys);

#endif
