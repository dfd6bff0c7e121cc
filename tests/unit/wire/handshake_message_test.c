#include "wire/handshake_message.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

#include "vectors/hex.h"
#include "vectors/wire.h"

#define KEY A_EPHEMERAL_PUBLIC

static struct auth_message auth_of_a(void)
{
    struct auth_message auth;
    hex_read(A_PUBLIC, auth.public_key, sizeof auth.public_key);
    hex_read(A_SIGNATURE, auth.signature, sizeof auth.signature);
    return auth;
}

static void ephemeral_message_encodes_as_the_vector(void **state)
{
    (void)state;
    uint8_t out[EPHEMERAL_MESSAGE_SIZE];
    ephemeral_message_encode(HEX(KEY).at, out);
    assert_true(span_equal(span_of(out, sizeof out), HEX(A_EPHEMERAL_MESSAGE)));
}

static void ephemeral_message_of_a_zero_key_is_written_in_full(void **state)
{
    (void)state;
    uint8_t key[32] = {0}, out[EPHEMERAL_MESSAGE_SIZE];
    ephemeral_message_encode(key, out);
    assert_memory_equal(out, HEX("220a20").at, 3);
}

static void ephemeral_message_decodes_the_key(void **state)
{
    (void)state;
    uint8_t key[32];
    assert_int_equal(ephemeral_message_decode(HEX("0a20" KEY), key), ERR_OK);
    assert_memory_equal(key, HEX(KEY).at, 32);
    assert_int_equal(ephemeral_message_decode(HEX("1001 0a20" KEY), key), ERR_OK);
}

static void ephemeral_message_rejects_all_but_32_bytes(void **state)
{
    (void)state;
    static const char *const bodies[] = {
        "",
        "0a00",
        "0a1f"
        "00000000000000000000000000000000000000000000000000000000000000",
        "0a21" KEY "00",
        "0a20" KEY "0a",   /* ends early */
        "0a20" KEY "0a00", /* the last one wins */
        "0a21" KEY,
        "1220" KEY,
        "0820",
    };
    for (size_t i = 0; i < sizeof bodies / sizeof *bodies; i++) {
        uint8_t bytes[64], key[32] = {7};
        struct span body = hex_read(bodies[i], bytes, sizeof bytes);
        assert_int_equal(ephemeral_message_decode(body, key), ERR_KEY_EXCHANGE);
        assert_int_equal(key[0], 7);
    }
}

static void auth_message_encodes_as_the_vector(void **state)
{
    (void)state;
    struct auth_message auth = auth_of_a();
    uint8_t out[AUTH_MESSAGE_SIZE];
    auth_message_encode(&auth, out);
    assert_true(span_equal(span_of(out, sizeof out), HEX(A_AUTH_MESSAGE)));
}

static void auth_message_decodes_key_and_signature(void **state)
{
    (void)state;
    struct auth_message auth, a = auth_of_a();
    struct span message = HEX(A_AUTH_MESSAGE);
    assert_int_equal(auth_message_decode(span_of(message.at + 1, message.n - 1), &auth), ERR_OK);
    assert_memory_equal(&auth, &a, sizeof auth);
}

static void auth_message_rejects_with_the_headers_errors(void **state)
{
    (void)state;
    static const struct {
        const char *hex;
        enum err err;
    } cases[] = {
        {"", ERR_AUTH_KEY},
        {"1240" A_SIGNATURE, ERR_AUTH_KEY},
        {"0a00 1240" A_SIGNATURE, ERR_AUTH_KEY},
        {"0a020a00 1240" A_SIGNATURE, ERR_AUTH_KEY},
        {"0a230a21" A_PUBLIC "00 1240" A_SIGNATURE, ERR_AUTH_KEY},
        {"0a221220" A_PUBLIC "1240" A_SIGNATURE, ERR_AUTH_KEY}, /* secp256k1 */
        {"0a221a20" A_PUBLIC "1240" A_SIGNATURE, ERR_AUTH_KEY}, /* bls12381 */
        {"0a240a20" A_PUBLIC "1200 1240" A_SIGNATURE, ERR_AUTH_KEY},
        {"0a220a20" A_PUBLIC, ERR_AUTH_SIGNATURE},
        {"0a220a20" A_PUBLIC "1200", ERR_AUTH_SIGNATURE},
        {"0a220a20" A_PUBLIC "1241" A_SIGNATURE "00", ERR_AUTH_SIGNATURE},
        {"0a220a20" A_PUBLIC "1240" A_SIGNATURE "1200", ERR_AUTH_SIGNATURE},
        {"0a220a20" A_PUBLIC "1241" A_SIGNATURE, ERR_UNDECODABLE},
        {"0a220a21" A_PUBLIC "1240" A_SIGNATURE, ERR_UNDECODABLE},
        {"0a220820" A_PUBLIC "1240" A_SIGNATURE, ERR_UNDECODABLE},
        {"0820", ERR_UNDECODABLE},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        uint8_t bytes[AUTH_BODY_MAX];
        struct auth_message auth = {.public_key = {7}}, before = auth;
        struct span body = hex_read(cases[i].hex, bytes, sizeof bytes);
        assert_int_equal(auth_message_decode(body, &auth), cases[i].err);
        assert_memory_equal(&auth, &before, sizeof auth);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(ephemeral_message_encodes_as_the_vector),
        cmocka_unit_test(ephemeral_message_of_a_zero_key_is_written_in_full),
        cmocka_unit_test(ephemeral_message_decodes_the_key),
        cmocka_unit_test(ephemeral_message_rejects_all_but_32_bytes),
        cmocka_unit_test(auth_message_encodes_as_the_vector),
        cmocka_unit_test(auth_message_decodes_key_and_signature),
        cmocka_unit_test(auth_message_rejects_with_the_headers_errors),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
