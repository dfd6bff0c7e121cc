#include "wire/frame.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

#include "unit/with_crypto.h"
#include "vectors/hex.h"
#include "vectors/wire.h"

static struct frame_cipher cipher_of(const char *key_hex)
{
    struct frame_cipher cipher = {.counter = 0};
    hex_read(key_hex, cipher.key, sizeof cipher.key);
    return cipher;
}

static void assert_frame(const uint8_t sealed[FRAME_SEALED], struct span head, struct span tag)
{
    assert_memory_equal(sealed, head.at, head.n);
    assert_memory_equal(sealed + FRAME_PLAIN, tag.at, tag.n);
}

static void frame_seal_gives_the_vectors(void **state)
{
    (void)state;
    uint8_t sealed[FRAME_SEALED];
    struct frame_cipher a = cipher_of(A_SEND_KEY), b = cipher_of(B_SEND_KEY);
    frame_seal(&a, HEX(A_AUTH_MESSAGE), sealed);
    assert_frame(sealed, HEX(A_FRAME_0_HEAD), HEX(A_FRAME_0_TAG));
    frame_seal(&a, HEX(A_NODE_INFO), sealed);
    assert_frame(sealed, HEX(A_FRAME_1_HEAD), HEX(A_FRAME_1_TAG));
    frame_seal(&b, HEX(B_AUTH_MESSAGE), sealed);
    assert_frame(sealed, HEX(B_FRAME_0_HEAD), HEX(B_FRAME_0_TAG));
}

static void frame_open_gives_what_was_sealed(void **state)
{
    (void)state;
    static const size_t sizes[] = {1, 2, 255, 256, 1023, 1024};
    struct frame_cipher sender = cipher_of(A_SEND_KEY), receiver = sender;
    uint8_t bytes[FRAME_DATA_MAX], sealed[FRAME_SEALED];
    for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
        struct span data;
        memset(bytes, (int)i + 1, sizeof bytes);
        frame_seal(&sender, span_of(bytes, sizes[i]), sealed);
        assert_int_equal(frame_open(&receiver, sealed, &data), ERR_OK);
        assert_true(span_equal(data, span_of(bytes, sizes[i])));
        assert_true(data.at > sealed && data.at + data.n <= sealed + FRAME_PLAIN);
    }
}

/* Seals a plain frame that claims n bytes over padding of 0xff. */
static void seal_claiming(uint32_t n, uint8_t sealed[FRAME_SEALED])
{
    struct frame_cipher sender = cipher_of(A_SEND_KEY);
    memset(sealed, 0xff, FRAME_PLAIN);
    for (unsigned i = 0; i < 4; i++)
        sealed[i] = (uint8_t)(n >> (8 * i));
    frame_cipher_seal(&sender, sealed, FRAME_PLAIN, sealed);
}

static void frame_open_ignores_stale_padding(void **state)
{
    (void)state;
    struct frame_cipher receiver = cipher_of(A_SEND_KEY);
    uint8_t sealed[FRAME_SEALED];
    struct span data;
    seal_claiming(3, sealed);
    assert_int_equal(frame_open(&receiver, sealed, &data), ERR_OK);
    assert_true(span_equal(data, HEX("ffffff")));
}

static void frame_open_takes_an_empty_frame(void **state)
{
    (void)state;
    struct frame_cipher receiver = cipher_of(A_SEND_KEY);
    uint8_t sealed[FRAME_SEALED];
    struct span data = {NULL, 7};
    seal_claiming(0, sealed);
    assert_int_equal(frame_open(&receiver, sealed, &data), ERR_OK);
    assert_int_equal(data.n, 0);
}

static void frame_open_rejects_a_claim_above_1024(void **state)
{
    (void)state;
    static const uint32_t claims[] = {1025, 1028, 0x00010000, 0x80000000, 0xffffffff};
    for (size_t i = 0; i < sizeof claims / sizeof *claims; i++) {
        struct frame_cipher receiver = cipher_of(A_SEND_KEY);
        uint8_t sealed[FRAME_SEALED];
        struct span data = {NULL, 7};
        seal_claiming(claims[i], sealed);
        assert_int_equal(frame_open(&receiver, sealed, &data), ERR_FRAME_LENGTH);
        assert_int_equal(data.n, 7);
    }
}

static void frame_open_rejects_a_changed_frame(void **state)
{
    (void)state;
    static const size_t places[] = {0, 3, 4, 1027, 1028, 1043};
    for (size_t i = 0; i < sizeof places / sizeof *places; i++) {
        struct frame_cipher receiver = cipher_of(A_SEND_KEY);
        uint8_t sealed[FRAME_SEALED];
        struct span data = {NULL, 7};
        seal_claiming(1, sealed);
        sealed[places[i]] ^= 0x80;
        assert_int_equal(frame_open(&receiver, sealed, &data), ERR_FRAME_TAG);
        assert_int_equal(data.n, 7);
    }
}

static void frame_open_rejects_the_other_direction(void **state)
{
    (void)state;
    struct frame_cipher receiver = cipher_of(B_SEND_KEY);
    uint8_t sealed[FRAME_SEALED];
    struct span data;
    seal_claiming(1, sealed);
    assert_int_equal(frame_open(&receiver, sealed, &data), ERR_FRAME_TAG);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(frame_seal_gives_the_vectors),
        cmocka_unit_test(frame_open_gives_what_was_sealed),
        cmocka_unit_test(frame_open_ignores_stale_padding),
        cmocka_unit_test(frame_open_takes_an_empty_frame),
        cmocka_unit_test(frame_open_rejects_a_claim_above_1024),
        cmocka_unit_test(frame_open_rejects_a_changed_frame),
        cmocka_unit_test(frame_open_rejects_the_other_direction),
    };
    return cmocka_run_group_tests(tests, with_crypto, NULL);
}
