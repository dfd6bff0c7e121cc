#include "wire/frame.h"

#include <assert.h>

#define LENGTH_SIZE 4

void frame_seal(struct frame_cipher *cipher, struct span data, uint8_t out[FRAME_SEALED])
{
    assert(data.n >= 1 && data.n <= FRAME_DATA_MAX);
    for (unsigned i = 0; i < LENGTH_SIZE; i++)
        out[i] = (uint8_t)(data.n >> (8 * i));
    memcpy(out + LENGTH_SIZE, data.at, data.n);
    memset(out + LENGTH_SIZE + data.n, 0, FRAME_DATA_MAX - data.n);
    frame_cipher_seal(cipher, out, FRAME_PLAIN, out);
}

enum err frame_open(struct frame_cipher *cipher, uint8_t sealed[FRAME_SEALED], struct span *data)
{
    uint32_t n = 0;
    enum err err = frame_cipher_open(cipher, sealed, FRAME_SEALED, sealed);
    if (err)
        return err;
    for (unsigned i = 0; i < LENGTH_SIZE; i++)
        n |= (uint32_t)sealed[i] << (8 * i);
    if (n > FRAME_DATA_MAX)
        return ERR_FRAME_LENGTH;
    *data = span_of(sealed + LENGTH_SIZE, n);
    return ERR_OK;
}
