#include "wire/handshake_message.h"

#include "proto/p2p.pb-c.h"
#include "wire/proto.h"

#include <assert.h>

void ephemeral_message_encode(const uint8_t public_key[32], uint8_t out[EPHEMERAL_MESSAGE_SIZE])
{
    P2p__EphemeralKey key = P2P__EPHEMERAL_KEY__INIT;
    key.value = proto_text(span_of(public_key, 32));
    assert(proto_delimited_size(&key.base) == EPHEMERAL_MESSAGE_SIZE);
    proto_delimited_put(&key.base, out);
}

enum err ephemeral_message_decode(struct span body, uint8_t public_key[32])
{
    P2p__EphemeralKey key = P2P__EPHEMERAL_KEY__INIT;
    if (proto_read(body, &key.base) || key.value.len != 32)
        return ERR_KEY_EXCHANGE;
    memcpy(public_key, key.value.data, 32);
    return ERR_OK;
}

void auth_message_encode(const struct auth_message *auth, uint8_t out[AUTH_MESSAGE_SIZE])
{
    P2p__PublicKey key = P2P__PUBLIC_KEY__INIT;
    P2p__AuthSigMessage message = P2P__AUTH_SIG_MESSAGE__INIT;
    key.sum_case = P2P__PUBLIC_KEY__SUM_ED25519;
    key.ed25519 = proto_text(span_of(auth->public_key, sizeof auth->public_key));
    message.pub_key = &key;
    message.sig = proto_text(span_of(auth->signature, sizeof auth->signature));
    assert(proto_delimited_size(&message.base) == AUTH_MESSAGE_SIZE);
    proto_delimited_put(&message.base, out);
}

enum err auth_message_decode(struct span body, struct auth_message *auth)
{
    P2p__PublicKey key = P2P__PUBLIC_KEY__INIT;
    P2p__AuthSigMessage message = P2P__AUTH_SIG_MESSAGE__INIT;
    message.pub_key = &key;
    enum err err = proto_read(body, &message.base);
    if (err)
        return err;
    if (key.sum_case != P2P__PUBLIC_KEY__SUM_ED25519 || key.ed25519.len != sizeof auth->public_key)
        return ERR_AUTH_KEY;
    if (message.sig.len != sizeof auth->signature)
        return ERR_AUTH_SIGNATURE;
    memcpy(auth->public_key, key.ed25519.data, sizeof auth->public_key);
    memcpy(auth->signature, message.sig.data, sizeof auth->signature);
    return ERR_OK;
}
