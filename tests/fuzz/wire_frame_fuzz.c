/* Frames: opening takes any bytes, and gives back what was sealed.
 * Input: one byte that chooses, then a plain frame or the data of one. */
#include "wire/frame.h"

#include "crypto/node_key.h"

#include <stdlib.h>

static const struct frame_cipher fresh = {.key = {1}};

static void require(bool holds)
{
    if (!holds)
        abort();
}

/* The bytes as a peer with the right key might seal them, and as one without it sends them. */
static void open_any(struct span plain)
{
    uint8_t sealed[FRAME_SEALED] = {0};
    struct frame_cipher sender = fresh, receiver = fresh;
    struct span data;
    memcpy(sealed, plain.at, plain.n < FRAME_PLAIN ? plain.n : FRAME_PLAIN);
    require(frame_open(&receiver, (uint8_t[FRAME_SEALED]){0}, &data) == ERR_FRAME_TAG);
    frame_cipher_seal(&sender, sealed, FRAME_PLAIN, sealed);
    enum err err = frame_open(&receiver, sealed, &data);
    require(err == ERR_OK || err == ERR_FRAME_LENGTH);
    require(err || (data.at == sealed + 4 && data.n <= FRAME_DATA_MAX));
}

static void seal_and_open(struct span data)
{
    uint8_t sealed[FRAME_SEALED];
    struct frame_cipher sender = fresh, receiver = fresh;
    struct span opened;
    if (data.n < 1 || data.n > FRAME_DATA_MAX)
        return;
    frame_seal(&sender, data, sealed);
    require(frame_open(&receiver, sealed, &opened) == ERR_OK);
    require(span_equal(opened, data));
}

int LLVMFuzzerInitialize(int *argc, char ***argv)
{
    (void)argc;
    (void)argv;
    require(crypto_init());
    return 0;
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n)
{
    struct span in = span_of(bytes, n);
    if (n == 0)
        return 0;
    if (span_take(&in, 1).at[0] & 1)
        open_any(in);
    else
        seal_and_open(in);
    return 0;
}
