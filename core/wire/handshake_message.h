/* The two messages of the secret connection: ephemeral key and authentication (wire.md 3.1, 3.4).
 * Both are complete delimited messages of fixed size on the sending side. */
#ifndef WIRE_HANDSHAKE_MESSAGE_H
#define WIRE_HANDSHAKE_MESSAGE_H

#include "base/err.h"
#include "base/span.h"

#define EPHEMERAL_MESSAGE_SIZE 35
#define AUTH_MESSAGE_SIZE 103
/* Go's readers allow 1 MiB. Nothing honest is longer than these bodies with room for unknown
 * fields, and the limit holds before memory is taken. */
#define EPHEMERAL_BODY_MAX 64
#define AUTH_BODY_MAX 512

struct auth_message {
    uint8_t public_key[32];
    uint8_t signature[64];
};

void ephemeral_message_encode(const uint8_t public_key[32], uint8_t out[EPHEMERAL_MESSAGE_SIZE]);
/* body without its length prefix. ERR_KEY_EXCHANGE unless it holds exactly 32 bytes. */
enum err ephemeral_message_decode(struct span body, uint8_t public_key[32]);

void auth_message_encode(const struct auth_message *auth, uint8_t out[AUTH_MESSAGE_SIZE]);
/* ERR_UNDECODABLE; ERR_AUTH_KEY: no key, another kind, or not 32 bytes; ERR_AUTH_SIGNATURE: not 64
 * bytes. */
enum err auth_message_decode(struct span body, struct auth_message *auth);

#endif
