#include "crypto/frame_cipher.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include <sodium.h>
#include <string.h>

#include "unit/with_crypto.h"

#define N 100
#define SEALED (N + FRAME_TAG_SIZE)

static const struct frame_cipher fresh = {.key = {1, 2, 3}};

static void frame_cipher_opens_what_it_sealed_in_order(void **state)
{
    (void)state;
    struct frame_cipher sender = fresh, receiver = fresh;
    for (uint8_t i = 0; i < 3; i++) {
        uint8_t plain[N], sealed[SEALED], opened[N];
        memset(plain, i, N);
        frame_cipher_seal(&sender, plain, N, sealed);
        assert_int_equal(frame_cipher_open(&receiver, sealed, SEALED, opened), ERR_OK);
        assert_memory_equal(opened, plain, N);
    }
    assert_int_equal(receiver.counter, 3);
}

static void frame_cipher_seals_and_opens_in_place(void **state)
{
    (void)state;
    struct frame_cipher sender = fresh, receiver = fresh;
    uint8_t plain[N], bytes[SEALED], sealed[SEALED];
    memset(plain, 'x', N);
    memcpy(bytes, plain, N);
    frame_cipher_seal(&sender, bytes, N, bytes);
    sender.counter = 0;
    frame_cipher_seal(&sender, plain, N, sealed);
    assert_memory_equal(bytes, sealed, SEALED);
    assert_int_equal(frame_cipher_open(&receiver, bytes, SEALED, bytes), ERR_OK);
    assert_memory_equal(bytes, plain, N);
}

static void frame_cipher_open_rejects_every_changed_bit(void **state)
{
    (void)state;
    struct frame_cipher sender = fresh, receiver = fresh;
    uint8_t plain[N] = {0}, sealed[SEALED], opened[N];
    frame_cipher_seal(&sender, plain, N, sealed);
    for (unsigned bit = 0; bit < 8 * SEALED; bit++) {
        sealed[bit / 8] ^= (uint8_t)(1u << bit % 8);
        assert_int_equal(frame_cipher_open(&receiver, sealed, SEALED, opened), ERR_FRAME_TAG);
        assert_int_equal(receiver.counter, 0);
        sealed[bit / 8] ^= (uint8_t)(1u << bit % 8);
    }
    assert_int_equal(frame_cipher_open(&receiver, sealed, SEALED, opened), ERR_OK);
}

static void frame_cipher_open_rejects_a_frame_out_of_turn(void **state)
{
    (void)state;
    struct frame_cipher sender = fresh, receiver = fresh;
    uint8_t plain[N] = {0}, first[SEALED], second[SEALED], opened[N];
    frame_cipher_seal(&sender, plain, N, first);
    frame_cipher_seal(&sender, plain, N, second);
    assert_int_equal(frame_cipher_open(&receiver, second, SEALED, opened), ERR_FRAME_TAG);
    assert_int_equal(frame_cipher_open(&receiver, first, SEALED, opened), ERR_OK);
    assert_int_equal(frame_cipher_open(&receiver, first, SEALED, opened), ERR_FRAME_TAG);
}

static void frame_cipher_open_rejects_less_than_a_tag(void **state)
{
    (void)state;
    struct frame_cipher receiver = fresh;
    uint8_t sealed[FRAME_TAG_SIZE] = {0}, opened[1];
    for (size_t n = 0; n < FRAME_TAG_SIZE; n++)
        assert_int_equal(frame_cipher_open(&receiver, sealed, n, opened), ERR_FRAME_TAG);
}

/* Counters count in all eight bytes of the nonce: the seal under 2^32 is not the seal under 0. */
static void frame_cipher_counter_is_64_bits_wide(void **state)
{
    (void)state;
    uint8_t plain[N] = {0}, sealed[SEALED], opened[N];
    for (unsigned shift = 0; shift < 64; shift += 8) {
        struct frame_cipher sender = fresh, receiver = fresh;
        sender.counter = UINT64_C(1) << shift;
        frame_cipher_seal(&sender, plain, N, sealed);
        assert_int_equal(frame_cipher_open(&receiver, sealed, SEALED, opened), ERR_FRAME_TAG);
        receiver.counter = UINT64_C(1) << shift;
        assert_int_equal(frame_cipher_open(&receiver, sealed, SEALED, opened), ERR_OK);
    }
}

/* The last counter is never used, by either side: there is none to follow it. */
static void frame_cipher_ends_before_its_counter_wraps(void **state)
{
    (void)state;
    static const uint8_t last_nonce[] = {
        0, 0, 0, 0, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff};
    struct frame_cipher sender = fresh, receiver = fresh;
    uint8_t plain[N] = {0}, sealed[SEALED], opened[N];
    sender.counter = receiver.counter = UINT64_MAX - 1;
    frame_cipher_seal(&sender, plain, N, sealed);
    assert_int_equal(frame_cipher_open(&receiver, sealed, SEALED, opened), ERR_OK);
    crypto_aead_chacha20poly1305_ietf_encrypt(
        sealed, NULL, plain, N, NULL, 0, NULL, last_nonce, fresh.key);
    assert_int_equal(frame_cipher_open(&receiver, sealed, SEALED, opened), ERR_FRAME_TAG);
    assert_true(receiver.counter == UINT64_MAX);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(frame_cipher_opens_what_it_sealed_in_order),
        cmocka_unit_test(frame_cipher_seals_and_opens_in_place),
        cmocka_unit_test(frame_cipher_open_rejects_every_changed_bit),
        cmocka_unit_test(frame_cipher_open_rejects_a_frame_out_of_turn),
        cmocka_unit_test(frame_cipher_open_rejects_less_than_a_tag),
        cmocka_unit_test(frame_cipher_counter_is_64_bits_wide),
        cmocka_unit_test(frame_cipher_ends_before_its_counter_wraps),
    };
    return cmocka_run_group_tests(tests, with_crypto, NULL);
}
