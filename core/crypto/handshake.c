#include "crypto/handshake.h"

#include "crypto/merlin.h"
#include "crypto/node_key.h"

#include <sodium.h>

#define KEY_SIZE 32
#define KEY_MATERIAL 64 /* the reference makes 96 bytes and uses the first 64 */

struct ephemeral_key ephemeral_key_of_secret(const uint8_t secret[32])
{
    struct ephemeral_key key;
    memcpy(key.secret, secret, sizeof key.secret);
    crypto_scalarmult_base(key.public_key, key.secret);
    return key;
}

/* HKDF-SHA-256 (RFC 5869) without salt; libsodium 1.0.18 has only the HMAC. */
static void key_material_of(const uint8_t dh[32], uint8_t out[KEY_MATERIAL])
{
    static const uint8_t no_salt[crypto_auth_hmacsha256_KEYBYTES];
    static const char info[] = "TENDERMINT_SECRET_CONNECTION_KEY_AND_CHALLENGE_GEN";
    uint8_t pseudorandom[crypto_auth_hmacsha256_BYTES];
    crypto_auth_hmacsha256(pseudorandom, dh, KEY_SIZE, no_salt);
    for (uint8_t block = 1; block <= KEY_MATERIAL / crypto_auth_hmacsha256_BYTES; block++) {
        uint8_t *at = out + (block - 1) * crypto_auth_hmacsha256_BYTES;
        crypto_auth_hmacsha256_state hmac;
        crypto_auth_hmacsha256_init(&hmac, pseudorandom, sizeof pseudorandom);
        if (block > 1)
            crypto_auth_hmacsha256_update(
                &hmac, at - crypto_auth_hmacsha256_BYTES, crypto_auth_hmacsha256_BYTES);
        crypto_auth_hmacsha256_update(&hmac, (const uint8_t *)info, sizeof info - 1);
        crypto_auth_hmacsha256_update(&hmac, &block, 1);
        crypto_auth_hmacsha256_final(&hmac, at);
        crypto_wipe(&hmac, sizeof hmac);
    }
    crypto_wipe(pseudorandom, sizeof pseudorandom);
}

static void challenge_of(
    const uint8_t lower[32], const uint8_t upper[32], const uint8_t dh[32], uint8_t challenge[32])
{
    struct merlin transcript;
    merlin_init(&transcript, "TENDERMINT_SECRET_CONNECTION_TRANSCRIPT_HASH");
    merlin_append(&transcript, "EPHEMERAL_LOWER_PUBLIC_KEY", span_of(lower, KEY_SIZE));
    merlin_append(&transcript, "EPHEMERAL_UPPER_PUBLIC_KEY", span_of(upper, KEY_SIZE));
    merlin_append(&transcript, "DH_SECRET", span_of(dh, KEY_SIZE));
    merlin_challenge(&transcript, "SECRET_CONNECTION_MAC", challenge, KEY_SIZE);
    crypto_wipe(&transcript, sizeof transcript);
}

enum err session_keys_derive(
    const struct ephemeral_key *own, const uint8_t remote_public[32], struct session_keys *keys)
{
    uint8_t dh[KEY_SIZE], material[KEY_MATERIAL];
    if (crypto_scalarmult(dh, own->secret, remote_public) != 0)
        return ERR_LOW_ORDER_POINT;
    key_material_of(dh, material);
    bool own_is_lower = memcmp(own->public_key, remote_public, KEY_SIZE) <= 0;
    memcpy(keys->receive, material + (own_is_lower ? 0 : KEY_SIZE), KEY_SIZE);
    memcpy(keys->send, material + (own_is_lower ? KEY_SIZE : 0), KEY_SIZE);
    if (own_is_lower)
        challenge_of(own->public_key, remote_public, dh, keys->challenge);
    else
        challenge_of(remote_public, own->public_key, dh, keys->challenge);
    crypto_wipe(dh, sizeof dh);
    crypto_wipe(material, sizeof material);
    return ERR_OK;
}
