/* A peer's ID: the first 20 bytes of SHA-256 over its ed25519 public key (wire.md 1.2).
 * Text form: exactly 40 lower-case hex characters (F20: upper case is refused, because Go treats it
 * as another peer). All-zero means "no ID". */
#ifndef CRYPTO_PEER_ID_H
#define CRYPTO_PEER_ID_H

#include "base/err.h"
#include "base/span.h"

#define PEER_ID_SIZE 20
#define PEER_ID_TEXT 40 /* without terminator */

struct peer_id {
    uint8_t bytes[PEER_ID_SIZE];
};

struct peer_id peer_id_of_key(const uint8_t public_key[32]);
/* ERR_ADDR_INVALID unless text is 40 lower-case hex characters. */
enum err peer_id_parse(struct span text, struct peer_id *id);
/* Writes 40 characters and a terminator to out and returns out. */
char *peer_id_text(const struct peer_id *id, char out[PEER_ID_TEXT + 1]);

static inline bool peer_id_equal(const struct peer_id *a, const struct peer_id *b)
{
    return memcmp(a->bytes, b->bytes, PEER_ID_SIZE) == 0;
}

static inline bool peer_id_is_none(const struct peer_id *id)
{
    static const struct peer_id none;
    return peer_id_equal(id, &none);
}

#endif
