#include "crypto/handshake.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "unit/with_crypto.h"
#include "vectors/hex.h"
#include "vectors/wire.h"

static void ephemeral_key_has_the_public_half_of_its_secret(void **state)
{
    (void)state;
    struct ephemeral_key a = ephemeral_key_of_secret(HEX(A_EPHEMERAL_SECRET).at);
    struct ephemeral_key b = ephemeral_key_of_secret(HEX(B_EPHEMERAL_SECRET).at);
    assert_memory_equal(a.public_key, HEX(A_EPHEMERAL_PUBLIC).at, 32);
    assert_memory_equal(b.public_key, HEX(B_EPHEMERAL_PUBLIC).at, 32);
}

static void session_keys_agree_on_both_sides(void **state)
{
    (void)state;
    struct ephemeral_key a = ephemeral_key_of_secret(HEX(A_EPHEMERAL_SECRET).at);
    struct ephemeral_key b = ephemeral_key_of_secret(HEX(B_EPHEMERAL_SECRET).at);
    struct session_keys of_a, of_b;
    assert_int_equal(session_keys_derive(&a, b.public_key, &of_a), ERR_OK);
    assert_int_equal(session_keys_derive(&b, a.public_key, &of_b), ERR_OK);
    assert_memory_equal(of_a.send, HEX(A_SEND_KEY).at, 32);
    assert_memory_equal(of_a.receive, HEX(B_SEND_KEY).at, 32);
    assert_memory_equal(of_a.challenge, HEX(CHALLENGE).at, 32);
    assert_memory_equal(of_b.send, HEX(B_SEND_KEY).at, 32);
    assert_memory_equal(of_b.receive, HEX(A_SEND_KEY).at, 32);
    assert_memory_equal(of_b.challenge, HEX(CHALLENGE).at, 32);
}

static void session_keys_ignore_the_top_bit_of_the_remote_key(void **state)
{
    (void)state;
    struct ephemeral_key a = ephemeral_key_of_secret(HEX(A_EPHEMERAL_SECRET).at);
    uint8_t remote[32];
    struct session_keys keys;
    memcpy(remote, HEX(B_EPHEMERAL_PUBLIC).at, sizeof remote);
    remote[31] |= 0x80;
    assert_int_equal(session_keys_derive(&a, remote, &keys), ERR_OK);
    /* The HKDF input is the same; the transcript holds the key as sent. */
    assert_memory_equal(keys.send, HEX(A_SEND_KEY).at, 32);
    assert_memory_not_equal(keys.challenge, HEX(CHALLENGE).at, 32);
}

static void session_keys_reject_low_order_points(void **state)
{
    (void)state;
    static const char *const points[] = {
        "0000000000000000000000000000000000000000000000000000000000000000",
        "0100000000000000000000000000000000000000000000000000000000000000",
        "e0eb7a7c3b41b8ae1656e3faf19fc46ada098deb9c32b1fd866205165f49b800",
        "5f9c95bca3508c24b1d0b1559c83ef5b04445cc4581c8e86d8224eddd09f1157",
        "ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
        "edffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
        "eeffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
        "0000000000000000000000000000000000000000000000000000000000000080",
    };
    struct ephemeral_key own = ephemeral_key_of_secret(HEX(A_EPHEMERAL_SECRET).at);
    for (size_t i = 0; i < sizeof points / sizeof *points; i++) {
        uint8_t point[32];
        struct session_keys keys = {.send = {7}}, before = keys;
        hex_read(points[i], point, sizeof point);
        assert_int_equal(session_keys_derive(&own, point, &keys), ERR_LOW_ORDER_POINT);
        assert_memory_equal(&keys, &before, sizeof keys);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(ephemeral_key_has_the_public_half_of_its_secret),
        cmocka_unit_test(session_keys_agree_on_both_sides),
        cmocka_unit_test(session_keys_ignore_the_top_bit_of_the_remote_key),
        cmocka_unit_test(session_keys_reject_low_order_points),
    };
    return cmocka_run_group_tests(tests, with_crypto, NULL);
}
