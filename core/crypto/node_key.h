/* The node's long-term ed25519 key and its file form, node_key.json (wire.md 1.1).
 * Stricter than Go: the value must be 64 bytes and its public half must belong to its seed. */
#ifndef CRYPTO_NODE_KEY_H
#define CRYPTO_NODE_KEY_H

#include "crypto/peer_id.h"

#define SIGNATURE_SIZE 64

/* Secret. Never logged, traced or shown. */
struct node_key {
    uint8_t secret[64]; /* 32-byte seed, then the public key */
    struct peer_id id;
};

/* Must be called once before anything else of this folder and before any JSON is parsed (from then
 * on memory of the JSON library is wiped when freed); false when the machine has no entropy. */
bool crypto_init(void);
/* Overwrites memory in a way the compiler keeps. */
void crypto_wipe(void *at, size_t n);
/* Takes as long whether they differ in the first byte, the last or not at all. */
bool crypto_equal(const void *a, const void *b, size_t n);

struct node_key node_key_of_seed(const uint8_t seed[32]);
const uint8_t *node_key_public(const struct node_key *key);
void node_key_sign(const struct node_key *key, struct span message, uint8_t sig[SIGNATURE_SIZE]);
bool signature_valid(
    const uint8_t public_key[32], struct span message, const uint8_t sig[SIGNATURE_SIZE]);

#define NODE_KEY_FILE_MAX 65536 /* longer files are refused before they are parsed */

/* Parses a node_key.json. On ERR_CORRUPT, *why is a static sentence that says what is wrong
 * without repeating any of the file. */
enum err node_key_from_json(struct span json, struct node_key *key, const char **why);
#define NODE_KEY_JSON_MAX 192
/* Writes the file form and a terminator, without newline, and returns its length. The caller wipes
 * out. */
size_t node_key_to_json(const struct node_key *key, char out[NODE_KEY_JSON_MAX]);

#endif
