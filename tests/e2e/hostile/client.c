#include "e2e/hostile/client.h"

#include "base/varint.h"
#include "link/delimited.h"
#include "uv/sockaddr.h"
#include "wire/handshake_message.h"
#include "wire/node_info.h"
#include "wire/packet.h"

#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sodium.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#define OUT_MAX (1 << 20)
#define READ_MAX 65536
#define DEAF_BUFFER 4096
#define DRIP_US 1000000
#define PACKET_BODY_MAX 1100

/* ---- what is said ---- */

static void keep(struct buffer **buffer, struct span bytes, size_t max)
{
    if (bytes.n > max - buffer_size(*buffer) || buffer_append(buffer, bytes, max) != ERR_OK)
        abort();
}

void client_put(struct client *client, struct span bytes)
{
    keep(&client->out, bytes, OUT_MAX);
}

void client_put_sealed(struct client *client, struct span data)
{
    while (data.n > 0) {
        uint8_t frame[FRAME_SEALED];
        size_t n = data.n < FRAME_DATA_MAX ? data.n : FRAME_DATA_MAX;
        frame_seal(&client->seal, span_take(&data, n), frame);
        client_put(client, span_of(frame, sizeof frame));
    }
}

void client_put_packet(struct client *client, struct span body)
{
    uint8_t bytes[VARINT_MAX + 2 * PACKET_BODY_MAX];
    size_t prefix_n = varint_put(bytes, body.n);
    if (body.n > 0)
        memcpy(bytes + prefix_n, body.at, body.n);
    client_put_sealed(client, span_of(bytes, prefix_n + body.n));
}

void client_put_message(struct client *client, uint8_t channel, bool eof, struct span message)
{
    uint8_t bytes[2 * PACKET_BODY_MAX];
    const struct packet packet = {PACKET_MSG, channel, eof, message};
    client_put_sealed(client, span_of(bytes, packet_encode(&packet, bytes)));
}

static void put_key(struct client *client)
{
    uint8_t secret[32], message[EPHEMERAL_MESSAGE_SIZE];
    randombytes_buf(secret, sizeof secret);
    client->ephemeral = ephemeral_key_of_secret(secret);
    ephemeral_message_encode(client->ephemeral.public_key, message);
    client_put(client, span_of(message, sizeof message));
}

void client_put_auth(struct client *client, bool right)
{
    struct auth_message auth;
    uint8_t seed[32], message[AUTH_MESSAGE_SIZE];
    randombytes_buf(seed, sizeof seed);
    client->key = node_key_of_seed(seed);
    memcpy(auth.public_key, node_key_public(&client->key), sizeof auth.public_key);
    node_key_sign(&client->key, span_of(client->challenge, 32), auth.signature);
    auth.signature[0] ^= !right;
    auth_message_encode(&auth, message);
    client_put_sealed(client, span_of(message, sizeof message));
}

/* Its listen address is one that nobody keeps: the node's book stays as it is. */
void client_put_info(struct client *client, struct span network)
{
    static const uint8_t channels[] = {PEX_CHANNEL};
    char id[PEER_ID_TEXT + 1];
    uint8_t message[NODE_INFO_BODY_MAX * 2];
    size_t n;
    const struct node_info info = {
        .p2p_version = P2P_PROTOCOL,
        .block_version = BLOCK_PROTOCOL,
        .id = span_of_text(peer_id_text(&client->key.id, id)),
        .listen_addr = span_of_text("tcp://0.0.0.0:26656"),
        .network = network,
        .channels = span_of(channels, sizeof channels),
        .moniker = span_of_text("client"),
    };
    if (node_info_encode(&info, message, sizeof message, &n) != ERR_OK)
        abort();
    client_put_sealed(client, span_of(message, n));
}

void client_ask(struct client *client)
{
    uint8_t bytes[16];
    size_t n;
    const struct pex_message request = {.kind = PEX_REQUEST};
    if (pex_message_encode(&request, bytes, sizeof bytes, &n) != ERR_OK)
        abort();
    client_put_message(client, PEX_CHANNEL, true, span_of(bytes, n));
}

static void say(struct client *client, enum say step)
{
    client->said = step;
    if (client->behaviour->at == step) {
        client->misbehaving = true;
        if (client->behaviour->say)
            client->behaviour->say(client);
        if (!client->behaviour->drips)
            return;
    }
    switch (step) {
    case SAY_NOTHING:
        break;
    case SAY_KEY:
        put_key(client);
        break;
    case SAY_AUTH:
        client_put_auth(client, true);
        break;
    case SAY_INFO:
        client_put_info(client, client->network);
        break;
    case SAY_PACKETS:
        client_ask(client);
        break;
    }
}

/* ---- what is heard ---- */

static bool take_key(struct client *client, struct span body)
{
    uint8_t remote[32];
    struct session_keys keys;
    if (ephemeral_message_decode(body, remote) != ERR_OK ||
        session_keys_derive(&client->ephemeral, remote, &keys) != ERR_OK)
        return false;
    memcpy(client->seal.key, keys.send, 32);
    memcpy(client->open.key, keys.receive, 32);
    memcpy(client->challenge, keys.challenge, 32);
    say(client, SAY_AUTH);
    return true;
}

static bool take_auth(struct client *client, struct span body)
{
    struct auth_message auth;
    if (auth_message_decode(body, &auth) != ERR_OK ||
        !signature_valid(auth.public_key, span_of(client->challenge, 32), auth.signature))
        return false;
    say(client, SAY_INFO);
    return true;
}

static bool take_list(struct client *client, struct span bytes)
{
    static struct pex_scratch scratch;
    struct pex_message list;
    if (pex_message_decode(bytes, &scratch, &list) != ERR_OK)
        return false;
    if (list.kind == PEX_ADDRS && !client->misbehaving) {
        client->addresses = list.addrs_n;
        client->answers++;
        client->end = client->stays ? END_NONE : END_SERVED;
    }
    return true;
}

static bool take_packet(struct client *client, struct span body)
{
    struct packet packet;
    if (packet_decode(body, &packet) != ERR_OK)
        return false;
    if (packet.kind == PACKET_PING)
        client_put_packet(client, span_of("\x12", 2)); /* a pong */
    if (packet.kind != PACKET_MSG)
        return true;
    keep(&client->message, packet.data, PEX_MESSAGE_MAX);
    if (!packet.eof)
        return true;
    bool right = take_list(client, buffer_span(client->message));
    buffer_free(&client->message);
    return right;
}

static bool take_body(struct client *client, struct span body)
{
    switch (client->said) {
    case SAY_KEY:
        return take_key(client, body);
    case SAY_AUTH:
        return take_auth(client, body);
    case SAY_INFO:
        say(client, SAY_PACKETS);
        return true;
    default:
        return take_packet(client, body);
    }
}

/* Once it misbehaves, what the node says is of no interest. */
static bool listens(const struct client *client)
{
    return !client->misbehaving && client->end == END_NONE;
}

static bool take_delimited(struct client *client, struct span data)
{
    while (data.n > 0 && listens(client)) {
        struct span body;
        enum err err = delimited_take(&client->delimited, &data, NODE_INFO_BODY_MAX, &body);
        if (err == ERR_TRUNCATED)
            return true;
        if (err || !take_body(client, body))
            return false;
        buffer_free(&client->delimited);
    }
    return true;
}

static bool take_bytes(struct client *client, struct span bytes)
{
    if (client->said == SAY_KEY) { /* not sealed, 35 bytes */
        size_t missing = EPHEMERAL_MESSAGE_SIZE - buffer_size(client->delimited);
        if (!take_delimited(client, span_take(&bytes, bytes.n < missing ? bytes.n : missing)))
            return false;
    }
    keep(&client->frame, bytes, READ_MAX + FRAME_SEALED);
    while (buffer_size(client->frame) >= FRAME_SEALED && listens(client)) {
        struct span data;
        if (frame_open(&client->open, client->frame->bytes, &data) != ERR_OK ||
            !take_delimited(client, data))
            return false;
        buffer_drop(&client->frame, FRAME_SEALED);
    }
    return true;
}

/* ---- the socket ---- */

bool client_open(struct client *client, const struct behaviour *behaviour, struct span network,
    const struct endpoint *from, const struct endpoint *to)
{
    struct sockaddr_storage address;
    const int on = 1, small = DEAF_BUFFER;
    *client = (struct client){.fd = -1, .behaviour = behaviour, .network = network};
    int family = ip_is_v4(&to->ip) ? AF_INET : AF_INET6;
    int fd = socket(family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (fd < 0)
        return false;
    if (behaviour->then == THEN_DEAF || behaviour->then == THEN_STALL)
        setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &small, sizeof small);
    setsockopt(fd, IPPROTO_IP, IP_BIND_ADDRESS_NO_PORT, &on, sizeof on);
    setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    socklen_t n = sockaddr_of_endpoint(from, &address);
    bool bound = bind(fd, (struct sockaddr *)&address, n) == 0;
    n = sockaddr_of_endpoint(to, &address);
    if (!bound || (connect(fd, (struct sockaddr *)&address, n) != 0 && errno != EINPROGRESS)) {
        close(fd);
        return false;
    }
    client->fd = fd;
    return true;
}

static void reset(struct client *client)
{
    const struct linger at_once = {1, 0};
    setsockopt(client->fd, SOL_SOCKET, SO_LINGER, &at_once, sizeof at_once);
    client->end = END_LEFT;
}

/* Everything that it had to say is written. */
static void out_of_words(struct client *client)
{
    if (!client->misbehaving)
        return;
    switch (client->behaviour->then) {
    case THEN_WAIT:
    case THEN_STALL:
        break;
    case THEN_DEAF:
    case THEN_FLOOD:
        client->behaviour->say(client);
        break;
    case THEN_CLOSE:
        client->end = END_LEFT;
        break;
    case THEN_RESET:
        reset(client);
        break;
    }
}

static void end_by_errno(struct client *client, int code)
{
    if (code != EAGAIN && code != EINTR)
        client->end = client->connected ? END_RESET : END_REFUSED;
}

static bool drips(const struct client *client)
{
    return client->misbehaving && client->behaviour->drips;
}

static void write_some(struct client *client, uint64_t now_us)
{
    size_t n = buffer_size(client->out);
    if (drips(client)) {
        if (now_us - client->drip_us < DRIP_US || n == 0)
            return;
        client->drip_us = now_us;
        n = 1;
    }
    if (n > 0) {
        ssize_t taken = send(client->fd, client->out->bytes, n, MSG_NOSIGNAL);
        if (taken < 0)
            end_by_errno(client, errno);
        else
            buffer_drop(&client->out, (size_t)taken);
    }
    if (!client->out && client->end == END_NONE)
        out_of_words(client);
}

static void read_some(struct client *client)
{
    static uint8_t bytes[READ_MAX];
    ssize_t n = recv(client->fd, bytes, sizeof bytes, 0);
    if (n == 0)
        client->end = END_CLOSED;
    else if (n < 0)
        end_by_errno(client, errno);
    else if (listens(client) && !take_bytes(client, span_of(bytes, (size_t)n)))
        client->end = END_LEFT; /* a node that talks nonsense */
}

void client_ready(struct client *client, bool readable, bool writable, uint64_t now_us)
{
    if (!client->connected && writable) {
        int code = 0;
        socklen_t n = sizeof code;
        getsockopt(client->fd, SOL_SOCKET, SO_ERROR, &code, &n);
        if (code) {
            client->end = END_REFUSED;
            return;
        }
        client->connected = true;
        say(client, SAY_KEY);
    }
    if (readable && client->end == END_NONE)
        read_some(client);
    if (client->connected && client->end == END_NONE)
        write_some(client, now_us);
}

bool client_wants_to_write(const struct client *client)
{
    return !client->connected || (client->out && !drips(client));
}

bool client_wants_to_read(const struct client *client)
{
    enum then then = client->behaviour->then;
    return client->connected && !(client->misbehaving && (then == THEN_DEAF || then == THEN_STALL));
}

void client_close(struct client *client)
{
    if (client->fd >= 0)
        close(client->fd);
    client->fd = -1;
    buffer_free(&client->out);
    buffer_free(&client->frame);
    buffer_free(&client->delimited);
    buffer_free(&client->message);
}
