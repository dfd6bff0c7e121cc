#include "e2e/hostile/behaviours.h"

#include "wire/handshake_message.h"
#include "wire/node_info.h"

#include <sodium.h>
#include <string.h>

#define GARBAGE 4096
#define FLOOD_PACKETS 300 /* fill a frame */

static void put_text(struct client *client, const char *text)
{
    client_put(client, span_of_text(text));
}

static void say_garbage(struct client *client)
{
    uint8_t bytes[GARBAGE];
    randombytes_buf(bytes, sizeof bytes);
    client_put(client, span_of(bytes, sizeof bytes));
}

static void say_half(struct client *client)
{
    put_text(client, "\x22\x0a\x20ten bytes.");
}

static void say_zero_length(struct client *client)
{
    static const uint8_t zeros[64] = {0};
    client_put(client, span_of(zeros, sizeof zeros));
}

/* A length of 2^64 - 1. */
static const uint8_t huge[] = {0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x01};
/* A varint that never ends. */
static const uint8_t endless[] = {
    0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff};

static void say_huge_length(struct client *client)
{
    client_put(client, span_of(huge, sizeof huge));
}

static void say_low_order_key(struct client *client)
{
    static const uint8_t point[32] = {1};
    uint8_t message[EPHEMERAL_MESSAGE_SIZE];
    ephemeral_message_encode(point, message);
    client_put(client, span_of(message, sizeof message));
}

/* A key that takes no work to make: what it costs is the node's. */
static void say_any_key(struct client *client)
{
    uint8_t key[32], message[EPHEMERAL_MESSAGE_SIZE];
    randombytes_buf(key, sizeof key);
    ephemeral_message_encode(key, message);
    client_put(client, span_of(message, sizeof message));
}

static void say_huge_sealed(struct client *client)
{
    client_put_sealed(client, span_of(huge, sizeof huge));
}

static void say_endless_varint(struct client *client)
{
    client_put_sealed(client, span_of(endless, sizeof endless));
}

static void say_zero_sealed(struct client *client)
{
    client_put_packet(client, span_of(NULL, 0));
}

static void say_garbage_sealed(struct client *client)
{
    uint8_t bytes[200];
    randombytes_buf(bytes, sizeof bytes);
    client_put_packet(client, span_of(bytes, sizeof bytes));
}

/* Sealed, but with a length field beyond what fits: 1025 of 1024. */
static void say_long_frame(struct client *client)
{
    uint8_t plain[FRAME_PLAIN] = {0x01, 0x04}, sealed[FRAME_SEALED];
    frame_cipher_seal(&client->seal, plain, sizeof plain, sealed);
    client_put(client, span_of(sealed, sizeof sealed));
}

static void say_empty_frames(struct client *client)
{
    static const uint8_t plain[FRAME_PLAIN] = {0};
    uint8_t sealed[FRAME_SEALED];
    for (unsigned i = 0; i < 16; i++) {
        frame_cipher_seal(&client->seal, plain, sizeof plain, sealed);
        client_put(client, span_of(sealed, sizeof sealed));
    }
}

static void say_wrong_signature(struct client *client)
{
    client_put_auth(client, false);
}

static void say_oversized_info(struct client *client)
{
    static const uint8_t message[2 + NODE_INFO_BODY_MAX + 1] = {0x81, 0x50}; /* 10,241 */
    client_put_sealed(client, span_of(message, sizeof message));
}

static void say_other_network(struct client *client)
{
    client_put_info(client, span_of_text("another network"));
}

static void say_pings(struct client *client)
{
    uint8_t bytes[FLOOD_PACKETS * 3];
    for (size_t i = 0; i < sizeof bytes; i += 3)
        memcpy(bytes + i, "\x02\x0a", 3);
    client_put_sealed(client, span_of(bytes, sizeof bytes));
}

static void say_pongs(struct client *client)
{
    uint8_t bytes[FLOOD_PACKETS * 3];
    for (size_t i = 0; i < sizeof bytes; i += 3)
        memcpy(bytes + i, "\x02\x12", 3);
    client_put_sealed(client, span_of(bytes, sizeof bytes));
}

static void say_lone_pings(struct client *client)
{
    for (unsigned i = 0; i < 16; i++)
        client_put_packet(client, span_of("\x0a", 2));
}

static void say_long_packet(struct client *client)
{
    static const uint8_t bytes[1035] = {0x1a};
    client_put_packet(client, span_of(bytes, sizeof bytes));
}

static void say_unknown_channel(struct client *client)
{
    client_put_message(client, 0x77, true, span_of_text("nobody's"));
}

/* Pieces of a message whose end never comes. */
static void say_endless_message(struct client *client)
{
    static const uint8_t piece[1000] = {0x0a};
    client_put_message(client, PEX_CHANNEL, false, span_of(piece, sizeof piece));
}

/* As much of a message as is taken, and no more. */
static void say_unfinished_message(struct client *client)
{
    for (unsigned i = 0; i < PEX_MESSAGE_MAX / 1000; i++)
        say_endless_message(client);
}

static void say_empty_message(struct client *client)
{
    client_put_message(client, PEX_CHANNEL, true, span_of(NULL, 0));
}

static void say_bad_list(struct client *client)
{
    /* one address: no ID, IP "x", port 1 */
    client_put_message(client, PEX_CHANNEL, true, span_of("\x12\x07\x0a\x05\x12\x01x\x18\x01", 9));
}

static void say_request(struct client *client)
{
    client_put_message(client, PEX_CHANNEL, true, span_of("\x0a", 2));
}

static void say_requests(struct client *client)
{
    for (unsigned i = 0; i < 32; i++)
        say_request(client);
}

const struct behaviour behaviours[] = {
    {"serve", "asks for addresses, takes them and leaves", SAY_NOTHING, NULL, THEN_WAIT, false},

    {"silent", "connects and says nothing", SAY_KEY, NULL, THEN_WAIT, false},
    {"storm", "connects and closes", SAY_KEY, NULL, THEN_CLOSE, false},
    {"reset_storm", "connects and resets", SAY_KEY, NULL, THEN_RESET, false},
    {"half_key", "a part of the key message", SAY_KEY, say_half, THEN_WAIT, false},
    {"drip_key", "one byte a second from the start", SAY_KEY, NULL, THEN_WAIT, true},
    {"garbage_key", "random bytes before the key exchange", SAY_KEY, say_garbage, THEN_WAIT, false},
    {"zero_key", "a key message of no bytes", SAY_KEY, say_zero_length, THEN_WAIT, false},
    {"huge_key", "a key message of 2^64 - 1 bytes", SAY_KEY, say_huge_length, THEN_WAIT, false},
    {"low_order_key", "a key of low order", SAY_KEY, say_low_order_key, THEN_WAIT, false},
    {"key_only", "a key, then nothing", SAY_KEY, say_any_key, THEN_WAIT, false},
    {"key_storm", "a key, then a reset", SAY_KEY, say_any_key, THEN_RESET, false},

    {"wrong_mac", "random bytes instead of sealed ones", SAY_AUTH, say_garbage, THEN_WAIT, false},
    {"long_frame", "a frame that claims 1025 bytes", SAY_AUTH, say_long_frame, THEN_WAIT, false},
    {"empty_frames", "sealed frames of no bytes", SAY_AUTH, say_empty_frames, THEN_FLOOD, false},
    {"huge_auth", "authentication of 2^64 - 1 bytes", SAY_AUTH, say_huge_sealed, THEN_WAIT, false},
    {"zero_auth", "authentication of no bytes", SAY_AUTH, say_zero_sealed, THEN_WAIT, false},
    {"garbage_auth", "random authentication", SAY_AUTH, say_garbage_sealed, THEN_WAIT, false},
    {"wrong_signature", "a signature of something else", SAY_AUTH, say_wrong_signature, THEN_WAIT,
        false},

    {"no_info", "no node info", SAY_INFO, NULL, THEN_WAIT, false},
    {"drip_info", "node info at one byte a second", SAY_INFO, NULL, THEN_WAIT, true},
    {"garbage_info", "random node info", SAY_INFO, say_garbage_sealed, THEN_WAIT, false},
    {"zero_info", "node info of no bytes", SAY_INFO, say_zero_sealed, THEN_WAIT, false},
    {"huge_info", "node info of 2^64 - 1 bytes", SAY_INFO, say_huge_sealed, THEN_WAIT, false},
    {"oversized_info", "node info over 10,240 bytes", SAY_INFO, say_oversized_info, THEN_WAIT,
        false},
    {"other_network", "node info of another network", SAY_INFO, say_other_network, THEN_WAIT,
        false},

    {"idle", "shakes hands and says nothing", SAY_PACKETS, NULL, THEN_WAIT, false},
    {"drip_request", "a request at one byte a second", SAY_PACKETS, NULL, THEN_WAIT, true},
    {"handshake_storm", "shakes hands and resets", SAY_PACKETS, NULL, THEN_RESET, false},
    {"wrong_mac_later", "random bytes instead of packets", SAY_PACKETS, say_garbage, THEN_WAIT,
        false},
    {"garbage_packet", "random packets", SAY_PACKETS, say_garbage_sealed, THEN_WAIT, false},
    {"zero_packet", "a packet of no bytes", SAY_PACKETS, say_zero_sealed, THEN_WAIT, false},
    {"huge_packet", "a packet of 2^64 - 1 bytes", SAY_PACKETS, say_huge_sealed, THEN_WAIT, false},
    {"endless_varint", "a length that never ends", SAY_PACKETS, say_endless_varint, THEN_WAIT,
        false},
    {"long_packet", "a packet one byte too long", SAY_PACKETS, say_long_packet, THEN_WAIT, false},
    {"unknown_channel", "a message on nobody's channel", SAY_PACKETS, say_unknown_channel,
        THEN_WAIT, false},
    {"endless_message", "a message without an end", SAY_PACKETS, say_endless_message, THEN_FLOOD,
        false},
    {"unfinished_message", "64,000 bytes of a message", SAY_PACKETS, say_unfinished_message,
        THEN_WAIT, false},
    {"empty_message", "a message of no bytes", SAY_PACKETS, say_empty_message, THEN_WAIT, false},
    {"bad_list", "a list that nobody asked for", SAY_PACKETS, say_bad_list, THEN_WAIT, false},
    {"ping_flood", "pings, many to a frame", SAY_PACKETS, say_pings, THEN_FLOOD, false},
    {"lone_ping_flood", "pings, one to a frame", SAY_PACKETS, say_lone_pings, THEN_FLOOD, false},
    {"pong_flood", "pongs, many to a frame", SAY_PACKETS, say_pongs, THEN_FLOOD, false},
    {"empty_flood", "sealed frames of no bytes", SAY_PACKETS, say_empty_frames, THEN_FLOOD, false},
    {"deaf", "asks once and never reads", SAY_PACKETS, say_request, THEN_STALL, false},
    {"deaf_pings", "pings, and no pong is ever read", SAY_PACKETS, say_pings, THEN_DEAF, false},
    {"deaf_requests", "asks on and on and never reads", SAY_PACKETS, say_requests, THEN_DEAF,
        false},
    {"requests", "asks 32 times at once", SAY_PACKETS, say_requests, THEN_WAIT, false},
    {"request_reset", "asks and resets", SAY_PACKETS, say_request, THEN_RESET, false},
};
const size_t behaviours_n = sizeof behaviours / sizeof *behaviours;

const struct behaviour *behaviour_find(const char *name)
{
    for (size_t i = 0; i < behaviours_n; i++)
        if (strcmp(behaviours[i].name, name) == 0)
            return &behaviours[i];
    return NULL;
}
