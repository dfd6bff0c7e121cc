#include "link/handshake.h"

#include "crypto/handshake.h"
#include "link/channels.h"
#include "link/detail.h"
#include "wire/frame.h"
#include "wire/handshake_message.h"
#include <stdlib.h>

#define NODE_INFO_MAX (NODE_INFO_BODY_MAX + 2) /* with its length prefix */
#define NODE_INFO_FRAMES_MAX ((NODE_INFO_MAX + FRAME_DATA_MAX - 1) / FRAME_DATA_MAX)
/* the key message, a frame of authentication, and the frames of our node info */
#define READY_MAX (EPHEMERAL_MESSAGE_SIZE + FRAME_SEALED * (1 + NODE_INFO_FRAMES_MAX))

struct handshake {
    uint8_t ephemeral_secret[32];
    struct ephemeral_key ephemeral;
    uint8_t challenge[32];
    bool outbound;
    struct peer_id expected; /* when outbound */
    int64_t deadline_ms;
};

static enum err send_key(struct link *link)
{
    uint8_t message[EPHEMERAL_MESSAGE_SIZE];
    ephemeral_message_encode(link->handshake->ephemeral.public_key, message);
    return buffer_append(&link->ready, span_of(message, sizeof message), READY_MAX);
}

enum err handshake_start(struct link *link, const struct peer_id *expected,
    const uint8_t ephemeral_secret[32], int64_t now_ms)
{
    struct handshake *handshake = calloc(1, sizeof *handshake);
    if (!handshake)
        return ERR_NO_MEMORY;
    link->handshake = handshake;
    handshake->deadline_ms = now_ms + link->settings->handshake_timeout_ms;
    memcpy(handshake->ephemeral_secret, ephemeral_secret, sizeof handshake->ephemeral_secret);
    handshake->outbound = expected != NULL;
    if (!expected)
        return ERR_OK;
    handshake->expected = *expected;
    handshake->ephemeral = ephemeral_key_of_secret(handshake->ephemeral_secret);
    return send_key(link);
}

/* Seals a message into frames of its own. */
static enum err seal_ready(struct link *link, struct span message)
{
    enum err err = ERR_OK;
    while (message.n > 0 && !err) {
        size_t n = message.n < FRAME_DATA_MAX ? message.n : FRAME_DATA_MAX;
        uint8_t frame[FRAME_SEALED];
        frame_seal(&link->seal, span_take(&message, n), frame);
        err = buffer_append(&link->ready, span_of(frame, sizeof frame), READY_MAX);
    }
    return err;
}

static enum err send_auth(struct link *link)
{
    const struct node_key *key = link->settings->key;
    struct auth_message auth;
    memcpy(auth.public_key, node_key_public(key), sizeof auth.public_key);
    struct span challenge = span_of(link->handshake->challenge, sizeof link->handshake->challenge);
    node_key_sign(key, challenge, auth.signature);
    uint8_t message[AUTH_MESSAGE_SIZE];
    auth_message_encode(&auth, message);
    return seal_ready(link, span_of(message, sizeof message));
}

static enum err take_key(struct link *link, struct span body)
{
    struct handshake *handshake = link->handshake;
    uint8_t remote_public[32];
    enum err err = ephemeral_message_decode(body, remote_public);
    if (err)
        return err;
    if (!handshake->outbound)
        handshake->ephemeral = ephemeral_key_of_secret(handshake->ephemeral_secret);
    struct session_keys keys;
    err = session_keys_derive(&handshake->ephemeral, remote_public, &keys);
    if (!err && !handshake->outbound)
        err = send_key(link);
    if (err)
        return err;
    memcpy(link->seal.key, keys.send, sizeof link->seal.key);
    memcpy(link->open.key, keys.receive, sizeof link->open.key);
    memcpy(handshake->challenge, keys.challenge, sizeof handshake->challenge);
    crypto_wipe(&keys, sizeof keys);
    crypto_wipe(&handshake->ephemeral, sizeof handshake->ephemeral);
    crypto_wipe(handshake->ephemeral_secret, sizeof handshake->ephemeral_secret);
    link->stage = STAGE_AUTHENTICATION;
    return send_auth(link);
}

static enum err send_node_info(struct link *link)
{
    uint8_t message[NODE_INFO_MAX];
    size_t n;
    if (node_info_encode(&link->settings->own, message, sizeof message, &n) != ERR_OK)
        return ERR_INVALID; /* our own settings, not the peer */
    return seal_ready(link, span_of(message, n));
}

static enum err take_auth(struct link *link, struct now now, struct span body)
{
    struct handshake *handshake = link->handshake;
    struct auth_message auth;
    enum err err = auth_message_decode(body, &auth);
    if (err)
        return err;
    struct span challenge = span_of(handshake->challenge, sizeof handshake->challenge);
    if (!signature_valid(auth.public_key, challenge, auth.signature))
        return ERR_AUTH_SIGNATURE;
    link->peer_id = peer_id_of_key(auth.public_key);
    link->authenticated = true;
    if (handshake->outbound && !peer_id_equal(&link->peer_id, &handshake->expected)) {
        detail_wrong_id(link, &handshake->expected);
        return ERR_WRONG_ID;
    }
    handshake->deadline_ms = now.mono_ms + link->settings->handshake_timeout_ms;
    link->stage = STAGE_NODE_INFO;
    return send_node_info(link);
}

/* wire.md 2.2 steps 6 - 9 */
static enum err check_node_info(
    const struct link *link, const struct node_info *info, const char **why)
{
    enum err err = node_info_validate(info, why);
    if (err)
        return err;
    char id_text[PEER_ID_TEXT + 1];
    if (!span_equal(info->id, span_of_text(peer_id_text(&link->peer_id, id_text))))
        return ERR_NODE_INFO_ID;
    if (peer_id_equal(&link->peer_id, &link->settings->key->id))
        return ERR_SELF;
    return node_info_compatible(&link->settings->own, info);
}

static enum err take_node_info(struct link *link, struct now now, struct span body)
{
    struct node_info info;
    const char *why = "";
    enum err err = node_info_decode(body, &info);
    if (err)
        return err;
    err = check_node_info(link, &info, &why);
    if (err) {
        detail_node_info(link, err, &info, why);
        return err;
    }
    handshake_end(link);
    link->stage = STAGE_PACKETS;
    link->decayed_ms = now.mono_ms;
    ping_start(&link->ping, now.mono_ms, link->settings->ping_interval_ms);
    channels_announce(link, &info);
    link->handler.established(link->handler.context, &link->peer_id, &info);
    return ERR_OK;
}

size_t handshake_body_max(const struct link *link)
{
    switch (link->stage) {
    case STAGE_KEY_EXCHANGE:
        return EPHEMERAL_BODY_MAX;
    case STAGE_AUTHENTICATION:
        return AUTH_BODY_MAX;
    default:
        return NODE_INFO_BODY_MAX;
    }
}

enum err handshake_take(struct link *link, struct now now, struct span body)
{
    switch (link->stage) {
    case STAGE_KEY_EXCHANGE:
        return take_key(link, body);
    case STAGE_AUTHENTICATION:
        return take_auth(link, now, body);
    default:
        return take_node_info(link, now, body);
    }
}

int64_t handshake_deadline_ms(const struct link *link)
{
    return link->handshake->deadline_ms;
}

void handshake_end(struct link *link)
{
    if (!link->handshake)
        return;
    crypto_wipe(link->handshake, sizeof *link->handshake);
    free(link->handshake);
    link->handshake = NULL;
}

size_t handshake_memory(const struct link *link)
{
    return link->handshake ? sizeof *link->handshake : 0;
}
