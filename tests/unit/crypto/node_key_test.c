#include "crypto/node_key.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

#include "unit/with_crypto.h"
#include "vectors/hex.h"
#include "vectors/wire.h"

#define TYPE "\"type\":\"tendermint/PrivKeyEd25519\""
#define VALUE                                                                                      \
    "\"value\":\"gIGCg4SFhoeIiYqLjI2Oj5CRkpOUlZaXmJmam5ydnp/"                                      \
    "NFLN/lW6VMZT/f7c7PYHcxWHWGnU4CUt8PhpkPuXzqg==\""

static struct node_key key_of_a(void)
{
    return node_key_of_seed(HEX(A_SEED).at);
}

static void node_key_of_seed_has_the_vectors_public_half_and_id(void **state)
{
    (void)state;
    struct node_key a = key_of_a(), b = node_key_of_seed(HEX(B_SEED).at);
    char id[PEER_ID_TEXT + 1];
    assert_memory_equal(node_key_public(&a), HEX(A_PUBLIC).at, 32);
    assert_memory_equal(node_key_public(&b), HEX(B_PUBLIC).at, 32);
    assert_memory_equal(a.secret, HEX(A_SEED).at, 32);
    assert_string_equal(peer_id_text(&a.id, id), A_ID_TEXT);
    assert_string_equal(peer_id_text(&b.id, id), B_ID_TEXT);
}

static void node_key_signs_as_the_vectors(void **state)
{
    (void)state;
    struct node_key a = key_of_a(), b = node_key_of_seed(HEX(B_SEED).at);
    uint8_t signature[SIGNATURE_SIZE];
    node_key_sign(&a, HEX(CHALLENGE), signature);
    assert_memory_equal(signature, HEX(A_SIGNATURE).at, SIGNATURE_SIZE);
    node_key_sign(&b, HEX(CHALLENGE), signature);
    assert_memory_equal(signature, HEX(B_SIGNATURE).at, SIGNATURE_SIZE);
}

static void signature_valid_only_unchanged(void **state)
{
    (void)state;
    uint8_t signature[SIGNATURE_SIZE], message[32], public_key[32];
    hex_read(A_SIGNATURE, signature, sizeof signature);
    hex_read(CHALLENGE, message, sizeof message);
    hex_read(A_PUBLIC, public_key, sizeof public_key);
    struct span challenge = span_of(message, sizeof message);
    assert_true(signature_valid(public_key, challenge, signature));
    for (unsigned bit = 0; bit < 8 * SIGNATURE_SIZE; bit++) {
        signature[bit / 8] ^= (uint8_t)(1u << bit % 8);
        assert_false(signature_valid(public_key, challenge, signature));
        signature[bit / 8] ^= (uint8_t)(1u << bit % 8);
    }
    message[31] ^= 1;
    assert_false(signature_valid(public_key, challenge, signature));
    message[31] ^= 1;
    assert_false(signature_valid(HEX(B_PUBLIC).at, challenge, signature));
}

static void node_key_reads_the_file_form(void **state)
{
    (void)state;
    struct node_key key, a = key_of_a();
    const char *why = NULL;
    assert_int_equal(node_key_from_json(span_of_text(A_NODE_KEY_JSON), &key, &why), ERR_OK);
    assert_memory_equal(&key, &a, sizeof key);
    assert_null(why);
}

static void node_key_reads_over_layout_and_unknown_members(void **state)
{
    (void)state;
    static const char *const files[] = {
        " {\n\t\"priv_key\": {" VALUE ",\n" TYPE "}\n}\n",
        "{\"id\":\"x\",\"priv_key\":{" TYPE "," VALUE ",\"more\":[1,{}]},\"else\":null}",
        "{\"priv_key\":{\"type\":\"other\"},\"priv_key\":{" TYPE "," VALUE "}}",
        "{\"priv_key\":{\"type\":\"tendermint\\/PrivKeyEd25519\"," VALUE "}}",
    };
    for (size_t i = 0; i < sizeof files / sizeof *files; i++) {
        struct node_key key, a = key_of_a();
        const char *why = NULL;
        if (node_key_from_json(span_of_text(files[i]), &key, &why))
            fail_msg("%s: %s", files[i], why);
        assert_memory_equal(&key, &a, sizeof key);
    }
}

static void node_key_writes_the_file_form(void **state)
{
    (void)state;
    struct node_key a = key_of_a();
    char json[NODE_KEY_JSON_MAX];
    assert_int_equal(node_key_to_json(&a, json), strlen(A_NODE_KEY_JSON));
    assert_string_equal(json, A_NODE_KEY_JSON);
}

static void assert_rejected(struct span json, const char *cause)
{
    struct node_key key = {.secret = {7}}, before = key;
    const char *why = NULL;
    assert_int_equal(node_key_from_json(json, &key, &why), ERR_CORRUPT);
    assert_memory_equal(&key, &before, sizeof key);
    assert_string_equal(why, cause);
}

static void node_key_rejects_a_damaged_file(void **state)
{
    (void)state;
    static const struct {
        const char *json, *cause;
    } cases[] = {
        {"", "file is not JSON"},
        {"{", "file is not JSON"},
        {"\xff", "file is not JSON"},
        {A_NODE_KEY_JSON "x", "file is not JSON"},
        {"[]", "no object named priv_key"},
        {"{}", "no object named priv_key"},
        {"{\"PRIV_KEY\":{" TYPE "," VALUE "}}", "no object named priv_key"},
        {"{\"priv_key\":null}", "no object named priv_key"},
        {"{\"priv_key\":{" VALUE "}}", "priv_key type is not tendermint/PrivKeyEd25519"},
        {"{\"priv_key\":{\"type\":\"\"," VALUE "}}",
            "priv_key type is not tendermint/PrivKeyEd25519"},
        {"{\"priv_key\":{\"type\":7," VALUE "}}", "priv_key type is not tendermint/PrivKeyEd25519"},
        {"{\"priv_key\":{\"type\":\"tendermint/PrivKeySecp256k1\"," VALUE "}}",
            "priv_key type is not tendermint/PrivKeyEd25519"},
        {"{\"priv_key\":{" TYPE "}}", "priv_key has no value"},
        {"{\"priv_key\":{" TYPE ",\"value\":null}}", "priv_key has no value"},
        {"{\"priv_key\":{" TYPE ",\"value\":\"\"}}", "priv_key value is shorter than 64 bytes"},
        {"{\"priv_key\":{" TYPE ",\"value\":\"gIGC\"}}", "priv_key value is shorter than 64 bytes"},
        {"{\"priv_key\":{" TYPE ",\"value\":\"gIGC*\"}}",
            "priv_key value is not base64 of 64 bytes"},
        {"{\"priv_key\":{" TYPE ",\"value\":\"gIG\"}}", "priv_key value is not base64 of 64 bytes"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        assert_rejected(span_of_text(cases[i].json), cases[i].cause);
}

static void node_key_rejects_a_longer_value(void **state)
{
    (void)state;
    char json[512] = "{\"priv_key\":{" TYPE ",\"value\":\"";
    for (int i = 0; i < 22; i++)
        strcat(json, "AAAA");
    strcat(json, "\"}}");
    assert_rejected(span_of_text(json), "priv_key value is not base64 of 64 bytes");
}

static void node_key_rejects_halves_that_do_not_belong_together(void **state)
{
    (void)state;
    struct node_key mixed = key_of_a();
    char json[NODE_KEY_JSON_MAX];
    for (size_t at = 0; at < sizeof mixed.secret; at++) {
        mixed.secret[at] ^= 1;
        struct span text = span_of(json, node_key_to_json(&mixed, json));
        assert_rejected(text, "public half of the key does not belong to its seed");
        mixed.secret[at] ^= 1;
    }
}

static void node_key_rejects_a_long_file_unparsed(void **state)
{
    (void)state;
    static char json[NODE_KEY_FILE_MAX + 1];
    struct node_key key;
    const char *why = NULL;
    memset(json, ' ', sizeof json);
    memcpy(json, A_NODE_KEY_JSON, strlen(A_NODE_KEY_JSON));
    assert_rejected(span_of(json, sizeof json), "file is longer than 64 KiB");
    assert_int_equal(node_key_from_json(span_of(json, NODE_KEY_FILE_MAX), &key, &why), ERR_OK);
}

static void bytes_are_equal_or_not(void **state)
{
    (void)state;
    assert_true(crypto_equal("abc", "abc", 3));
    assert_true(crypto_equal("abc", "xyz", 0));
    assert_false(crypto_equal("abc", "abd", 3));
    assert_false(crypto_equal("abc", "bbc", 3));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(node_key_of_seed_has_the_vectors_public_half_and_id),
        cmocka_unit_test(node_key_signs_as_the_vectors),
        cmocka_unit_test(signature_valid_only_unchanged),
        cmocka_unit_test(node_key_reads_the_file_form),
        cmocka_unit_test(node_key_reads_over_layout_and_unknown_members),
        cmocka_unit_test(node_key_writes_the_file_form),
        cmocka_unit_test(node_key_rejects_a_damaged_file),
        cmocka_unit_test(node_key_rejects_a_longer_value),
        cmocka_unit_test(bytes_are_equal_or_not),
        cmocka_unit_test(node_key_rejects_halves_that_do_not_belong_together),
        cmocka_unit_test(node_key_rejects_a_long_file_unparsed),
    };
    return cmocka_run_group_tests(tests, with_crypto, NULL);
}
