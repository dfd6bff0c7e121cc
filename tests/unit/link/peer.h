/* The two ends a link is tested between.
 *
 * struct side: a real link with its settings, and a record of what it reported.
 * struct puppet: a peer played by the test, which can seal and say anything.
 * Also used by the fuzz target and the benchmark. */
#ifndef TESTS_LINK_PEER_H
#define TESTS_LINK_PEER_H

#include "base/varint.h"
#include "crypto/handshake.h"
#include "link/link.h"
#include "wire/frame.h"
#include "wire/handshake_message.h"
#include <assert.h>
#include <stdlib.h>

/* First bytes of the ascending 32-byte secrets of wire.md Appendix A. */
enum { EPHEMERAL_A = 0x00, EPHEMERAL_B = 0x40, SEED_A = 0x80, SEED_B = 0xc0, SEED_C = 0x10 };

#define MESSAGE_MAX 64000 /* receive capacity of channel 0x00 */
#define OTHER_CHANNEL 0x20

struct secret {
    uint8_t bytes[32];
};

static inline struct secret secret_from(unsigned first)
{
    struct secret secret;
    for (unsigned i = 0; i < sizeof secret.bytes; i++)
        secret.bytes[i] = (uint8_t)(first + i);
    return secret;
}

static inline struct node_key key_from(unsigned first)
{
    return node_key_of_seed(secret_from(first).bytes);
}

static inline struct now at(int64_t mono_ms)
{
    return (struct now){.mono_ms = mono_ms, .wall_ms = 1700000000000 + mono_ms};
}

/* The node info of Appendix A; id_text must hold the ID's text and outlive it. */
static inline struct node_info info_of(const char *id_text)
{
    return (struct node_info){
        .p2p_version = P2P_PROTOCOL,
        .block_version = BLOCK_PROTOCOL,
        .id = span_of_text(id_text),
        .listen_addr = span_of_text("tcp://0.0.0.0:26656"),
        .network = span_of_text("test-chain"),
        .version = span_of_text("0.34.24"),
        .channels = span_of("\0", 1),
        .moniker = span_of_text("m"),
    };
}

struct side {
    struct node_key key;
    char id_text[PEER_ID_TEXT + 1];
    struct link_settings settings;
    struct link *link;
    unsigned established_n, messages_n, send_failed_n, round_trips_n;
    struct peer_id established_id;
    enum err answer; /* of the message handler */
    uint8_t channel;
    size_t last_n;
    uint8_t last[MESSAGE_MAX];
    int64_t round_trip_ms;
};

static inline void side_established(
    void *context, const struct peer_id *id, const struct node_info *info)
{
    struct side *side = context;
    (void)info;
    side->established_n++;
    side->established_id = *id;
}

static inline enum err side_message(void *context, uint8_t channel, struct span bytes)
{
    struct side *side = context;
    side->messages_n++;
    side->channel = channel;
    side->last_n = bytes.n;
    assert(bytes.n <= sizeof side->last);
    if (bytes.n > 0)
        memcpy(side->last, bytes.at, bytes.n);
    return side->answer;
}

static inline void side_send_failed(void *context, uint8_t channel)
{
    struct side *side = context;
    side->send_failed_n++;
    side->channel = channel;
}

static inline void side_round_trip(void *context, int64_t ms)
{
    struct side *side = context;
    side->round_trips_n++;
    side->round_trip_ms = ms;
}

/* Settings with the defaults of Go, except no flush throttle and no rate limits. */
static inline void side_init(struct side *side, unsigned seed)
{
    memset(side, 0, sizeof *side);
    side->key = key_from(seed);
    peer_id_text(&side->key.id, side->id_text);
    side->settings = (struct link_settings){
        .key = &side->key,
        .own = info_of(side->id_text),
        .channels = {{.id = PEX_CHANNEL, .priority = 1, .queue_max = 10, .receive_max = 64000}},
        .channels_n = 1,
        .handshake_timeout_ms = 3000,
        .ping_interval_ms = 60000,
        .pong_timeout_ms = 45000,
        .send_timeout_ms = 10000,
        .payload_max = PACKET_PAYLOAD_MAX,
    };
}

/* A second channel, announced too. */
static inline void side_add_channel(struct side *side, uint8_t priority, uint16_t queue_max)
{
    side->settings.channels[1] = (struct link_channel){
        .id = OTHER_CHANNEL, .priority = priority, .queue_max = queue_max, .receive_max = 64000};
    side->settings.channels_n = 2;
    side->settings.own.channels = span_of("\x00\x20", 2);
}

static inline struct link_handler side_handler(struct side *side)
{
    return (struct link_handler){
        .established = side_established,
        .message = side_message,
        .send_failed = side_send_failed,
        .round_trip = side_round_trip,
        .context = side,
    };
}

static inline void side_open(
    struct side *side, const struct peer_id *expected, unsigned ephemeral, struct now now)
{
    side->link =
        link_new(&side->settings, side_handler(side), expected, secret_from(ephemeral).bytes, now);
    assert(side->link);
}

static inline void side_close(struct side *side)
{
    link_free(side->link);
    side->link = NULL;
}

/* Hands everything `from` has due over to `to`, `split` bytes at a time (0: whole). */
static inline enum err carry(struct side *from, struct side *to, struct now now, size_t split)
{
    uint8_t bytes[8 * FRAME_SEALED];
    enum err err = ERR_OK;
    size_t n;
    while (!err && (n = link_transmit(from->link, now, bytes, sizeof bytes)) > 0) {
        for (size_t i = 0, step; i < n && !err; i += step) {
            step = split == 0 || split > n - i ? n - i : split;
            err = link_receive(to->link, now, bytes + i, step);
        }
    }
    return err;
}

/* Carries both ways until nothing is due. */
static inline void converse(struct side *a, struct side *b, struct now now, size_t split)
{
    for (unsigned i = 0; i < 8; i++) {
        if (carry(a, b, now, split) || carry(b, a, now, split))
            return;
    }
}

/* Two established links: a (dialed b) and b. */
static inline void side_connect(struct side *a, struct side *b, struct now now)
{
    side_open(a, &b->key.id, EPHEMERAL_A, now);
    side_open(b, NULL, EPHEMERAL_B, now);
    converse(a, b, now, 0);
    assert(link_is_established(a->link) && link_is_established(b->link));
}

struct puppet {
    struct node_key key;
    char id_text[PEER_ID_TEXT + 1];
    struct ephemeral_key ephemeral;
    uint8_t challenge[32];
    struct frame_cipher seal, open;
    size_t early_n; /* what came with the link's key */
    uint8_t early[LINK_TRANSMIT_MIN];
};

static inline void puppet_init(struct puppet *puppet, unsigned seed)
{
    memset(puppet, 0, sizeof *puppet);
    puppet->key = key_from(seed);
    peer_id_text(&puppet->key.id, puppet->id_text);
    puppet->ephemeral = ephemeral_key_of_secret(secret_from(EPHEMERAL_B).bytes);
}

static inline enum err side_receive(struct side *side, struct now now, struct span bytes)
{
    uint8_t *copy = malloc(bytes.n + 1);
    assert(copy);
    memcpy(copy, bytes.at, bytes.n);
    enum err err = link_receive(side->link, now, copy, bytes.n);
    free(copy);
    return err;
}

/* Seals `data` into one frame of its own, at most 1024 bytes, and sends it. */
static inline enum err puppet_send_frame(
    struct puppet *puppet, struct side *side, struct now now, struct span data)
{
    uint8_t plain[FRAME_SEALED] = {(uint8_t)data.n, (uint8_t)(data.n >> 8)};
    if (data.n > 0)
        memcpy(plain + 4, data.at, data.n);
    frame_cipher_seal(&puppet->seal, plain, FRAME_PLAIN, plain);
    return link_receive(side->link, now, plain, sizeof plain);
}

static inline enum err puppet_send(
    struct puppet *puppet, struct side *side, struct now now, struct span data)
{
    enum err err = ERR_OK;
    while (data.n > 0 && !err) {
        struct span piece = span_take(&data, data.n < FRAME_DATA_MAX ? data.n : FRAME_DATA_MAX);
        err = puppet_send_frame(puppet, side, now, piece);
    }
    return err;
}

/* Sealed bytes that are due from the link, those that came with its key first. */
static inline size_t puppet_hear(
    struct puppet *puppet, struct side *side, struct now now, uint8_t *out, size_t cap)
{
    size_t n = puppet->early_n;
    puppet->early_n = 0;
    if (n == 0)
        return link_transmit(side->link, now, out, cap);
    memcpy(out, puppet->early, n);
    return n;
}

/* Opens everything due from the link; returns the bytes inside the frames. */
static inline size_t puppet_take(
    struct puppet *puppet, struct side *side, struct now now, uint8_t *out, size_t cap)
{
    uint8_t sealed[2 * FRAME_SEALED];
    size_t got = 0, n;
    while ((n = puppet_hear(puppet, side, now, sealed, sizeof sealed)) > 0) {
        assert(n % FRAME_SEALED == 0);
        for (size_t i = 0; i < n; i += FRAME_SEALED) {
            struct span data;
            enum err err = frame_open(&puppet->open, sealed + i, &data);
            assert(err == ERR_OK && data.n > 0 && got + data.n <= cap);
            memcpy(out + got, data.at, data.n);
            got += data.n;
        }
    }
    return got;
}

/* Takes the link's key without answering. */
static inline void puppet_read_key(struct puppet *puppet, struct side *side, struct now now)
{
    uint8_t bytes[LINK_TRANSMIT_MIN];
    size_t n = link_transmit(side->link, now, bytes, sizeof bytes);
    assert(n >= EPHEMERAL_MESSAGE_SIZE);
    struct session_keys keys;
    enum err err = session_keys_derive(&puppet->ephemeral, bytes + 3, &keys);
    assert(err == ERR_OK);
    memcpy(puppet->seal.key, keys.send, 32);
    memcpy(puppet->open.key, keys.receive, 32);
    memcpy(puppet->challenge, keys.challenge, 32);
    puppet->early_n = n - EPHEMERAL_MESSAGE_SIZE;
    memcpy(puppet->early, bytes + EPHEMERAL_MESSAGE_SIZE, puppet->early_n);
}

/* The key exchange, from the link's side created anew to the puppet owning both keys. A link that
 * dialed speaks first, another only when it is spoken to. */
static inline enum err puppet_meet(struct puppet *puppet, struct side *side, struct now now)
{
    bool dialed = link_pending_bytes(side->link) > 0;
    if (dialed)
        puppet_read_key(puppet, side, now);
    uint8_t message[EPHEMERAL_MESSAGE_SIZE];
    ephemeral_message_encode(puppet->ephemeral.public_key, message);
    enum err err = link_receive(side->link, now, message, sizeof message);
    if (!dialed)
        puppet_read_key(puppet, side, now);
    return err;
}

static inline enum err puppet_authenticate(struct puppet *puppet, struct side *side, struct now now)
{
    struct auth_message auth;
    memcpy(auth.public_key, node_key_public(&puppet->key), 32);
    node_key_sign(&puppet->key, span_of(puppet->challenge, 32), auth.signature);
    uint8_t message[AUTH_MESSAGE_SIZE];
    auth_message_encode(&auth, message);
    return puppet_send(puppet, side, now, span_of(message, sizeof message));
}

static inline enum err puppet_introduce(
    struct puppet *puppet, struct side *side, struct now now, const struct node_info *info)
{
    uint8_t message[NODE_INFO_BODY_MAX + VARINT_MAX];
    size_t n;
    enum err err = node_info_encode(info, message, sizeof message, &n);
    assert(err == ERR_OK);
    return puppet_send(puppet, side, now, span_of(message, n));
}

/* The whole handshake; what the link sent meanwhile is read and dropped. */
static inline enum err puppet_join(struct puppet *puppet, struct side *side, struct now now)
{
    uint8_t dropped[NODE_INFO_BODY_MAX + AUTH_MESSAGE_SIZE + VARINT_MAX];
    struct node_info info = info_of(puppet->id_text);
    info.channels = side->settings.own.channels;
    enum err err = puppet_meet(puppet, side, now);
    if (!err)
        err = puppet_authenticate(puppet, side, now);
    if (!err)
        err = puppet_introduce(puppet, side, now, &info);
    if (!err)
        puppet_take(puppet, side, now, dropped, sizeof dropped);
    return err;
}

#endif
