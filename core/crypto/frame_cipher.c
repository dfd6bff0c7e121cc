#include "crypto/frame_cipher.h"

#include <assert.h>
#include <sodium.h>
#include <string.h>

#define NONCE_SIZE crypto_aead_chacha20poly1305_ietf_NPUBBYTES

_Static_assert(FRAME_TAG_SIZE == crypto_aead_chacha20poly1305_ietf_ABYTES, "tag size of the AEAD");

static void nonce_of(uint64_t counter, uint8_t nonce[NONCE_SIZE])
{
    memset(nonce, 0, 4);
    for (unsigned i = 0; i < sizeof counter; i++)
        nonce[4 + i] = (uint8_t)(counter >> (8 * i));
}

void frame_cipher_seal(struct frame_cipher *cipher, const uint8_t *plain, size_t n, uint8_t *sealed)
{
    uint8_t nonce[NONCE_SIZE];
    assert(cipher->counter < UINT64_MAX);
    nonce_of(cipher->counter, nonce);
    crypto_aead_chacha20poly1305_ietf_encrypt(
        sealed, NULL, plain, n, NULL, 0, NULL, nonce, cipher->key);
    cipher->counter++;
}

enum err frame_cipher_open(
    struct frame_cipher *cipher, const uint8_t *sealed, size_t n, uint8_t *plain)
{
    uint8_t nonce[NONCE_SIZE];
    if (cipher->counter == UINT64_MAX)
        return ERR_FRAME_TAG;
    nonce_of(cipher->counter, nonce);
    if (crypto_aead_chacha20poly1305_ietf_decrypt(
            plain, NULL, NULL, sealed, n, NULL, 0, nonce, cipher->key) != 0)
        return ERR_FRAME_TAG;
    cipher->counter++;
    return ERR_OK;
}
