#include "crypto/node_key.h"

#include <assert.h>
#include <jansson.h>
#include <malloc.h>
#include <sodium.h>
#include <stdlib.h>

#define SEED_SIZE crypto_sign_SEEDBYTES
#define BASE64_SIZE 88 /* of 64 bytes, padded */
#define KEY_TYPE "tendermint/PrivKeyEd25519"
#define JSON_HEAD "{\"priv_key\":{\"type\":\"" KEY_TYPE "\",\"value\":\""
#define JSON_TAIL "\"}}"

_Static_assert(sizeof JSON_HEAD - 1 + BASE64_SIZE + sizeof JSON_TAIL <= NODE_KEY_JSON_MAX,
    "room for the file form and its terminator");
_Static_assert(SIGNATURE_SIZE == crypto_sign_BYTES, "size of an ed25519 signature");

/* The JSON parser copies the key's text several times and gives each copy back unwiped. */
static void wipe_and_free(void *at)
{
    if (at)
        sodium_memzero(at, malloc_usable_size(at));
    free(at);
}

bool crypto_init(void)
{
    if (sodium_init() < 0)
        return false;
    json_set_alloc_funcs(malloc, wipe_and_free);
    return true;
}

void crypto_wipe(void *at, size_t n)
{
    sodium_memzero(at, n);
}

bool crypto_equal(const void *a, const void *b, size_t n)
{
    return sodium_memcmp(a, b, n) == 0;
}

struct node_key node_key_of_seed(const uint8_t seed[32])
{
    struct node_key key;
    uint8_t public_key[crypto_sign_PUBLICKEYBYTES];
    crypto_sign_seed_keypair(public_key, key.secret, seed);
    key.id = peer_id_of_key(public_key);
    return key;
}

const uint8_t *node_key_public(const struct node_key *key)
{
    return key->secret + SEED_SIZE;
}

void node_key_sign(const struct node_key *key, struct span message, uint8_t sig[SIGNATURE_SIZE])
{
    crypto_sign_detached(sig, NULL, message.at, message.n, key->secret);
}

bool signature_valid(
    const uint8_t public_key[32], struct span message, const uint8_t sig[SIGNATURE_SIZE])
{
    return crypto_sign_verify_detached(sig, message.at, message.n, public_key) == 0;
}

static const char *secret_of_base64(const json_t *value, uint8_t secret[64])
{
    size_t n = 0;
    if (sodium_base642bin(secret, 64, json_string_value(value), json_string_length(value), "\r\n",
            &n, NULL, sodium_base64_VARIANT_ORIGINAL) != 0)
        return "priv_key value is not base64 of 64 bytes";
    if (n != 64)
        return "priv_key value is shorter than 64 bytes";
    return NULL;
}

static const char *secret_of_json(const json_t *root, uint8_t secret[64])
{
    const json_t *priv_key = json_object_get(root, "priv_key");
    const json_t *type = json_object_get(priv_key, "type");
    const json_t *value = json_object_get(priv_key, "value");
    if (!json_is_object(priv_key))
        return "no object named priv_key";
    if (!json_is_string(type) || strcmp(json_string_value(type), KEY_TYPE) != 0)
        return "priv_key type is not " KEY_TYPE;
    if (!json_is_string(value))
        return "priv_key has no value";
    return secret_of_base64(value, secret);
}

static const char *key_of_json(struct span json, struct node_key *key)
{
    uint8_t secret[64];
    if (json.n > NODE_KEY_FILE_MAX)
        return "file is longer than 64 KiB";
    json_t *root = json_loadb((const char *)json.at, json.n, 0, NULL);
    if (!root)
        return "file is not JSON";
    const char *why = secret_of_json(root, secret);
    json_decref(root);
    if (!why) {
        *key = node_key_of_seed(secret);
        if (sodium_memcmp(key->secret, secret, sizeof secret) != 0)
            why = "public half of the key does not belong to its seed";
    }
    crypto_wipe(secret, sizeof secret);
    return why;
}

enum err node_key_from_json(struct span json, struct node_key *key, const char **why)
{
    struct node_key parsed;
    const char *cause = key_of_json(json, &parsed);
    if (cause)
        *why = cause;
    else
        *key = parsed;
    crypto_wipe(&parsed, sizeof parsed);
    return cause ? ERR_CORRUPT : ERR_OK;
}

size_t node_key_to_json(const struct node_key *key, char out[NODE_KEY_JSON_MAX])
{
    char *at = out;
    memcpy(at, JSON_HEAD, sizeof JSON_HEAD - 1);
    at += sizeof JSON_HEAD - 1;
    sodium_bin2base64(
        at, BASE64_SIZE + 1, key->secret, sizeof key->secret, sodium_base64_VARIANT_ORIGINAL);
    at += BASE64_SIZE;
    memcpy(at, JSON_TAIL, sizeof JSON_TAIL);
    return (size_t)(at - out) + sizeof JSON_TAIL - 1;
}
