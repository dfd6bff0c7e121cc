/* A client by hand: one socket, the handshake of wire.md 3 - 4 and packets, without core/link, so
 * that it can say anything at any time. What it says instead of the right thing, and what it does
 * then, is its behaviour.
 *
 *     the node reads:   key message | sealed: auth | node info | packets
 *     SAY_...           KEY           AUTH           INFO        PACKETS
 *
 * Nothing blocks; the crowd tells when the socket is ready. */
#ifndef HOSTILE_CLIENT_H
#define HOSTILE_CLIENT_H

#include "crypto/handshake.h"
#include "crypto/node_key.h"
#include "link/buffer.h"
#include "wire/frame.h"
#include "wire/pex_message.h"

#include <stdbool.h>

enum say { SAY_NOTHING, SAY_KEY, SAY_AUTH, SAY_INFO, SAY_PACKETS };

enum then {
    THEN_WAIT,  /* for the node to close, reading all that comes */
    THEN_STALL, /* read nothing any more, say nothing any more */
    THEN_DEAF,  /* read nothing any more, say it again as long as the socket takes it */
    THEN_FLOOD, /* say it again as soon as the last is written, reading all that comes */
    THEN_CLOSE, /* close at once */
    THEN_RESET, /* the same with a reset */
};

struct client;

struct behaviour {
    const char *name, *text;
    enum say at;                  /* until then it is honest */
    void (*say)(struct client *); /* what it says there; NULL: nothing */
    enum then then;
    bool drips; /* from there on: one byte a second */
};

enum end { END_NONE, END_SERVED, END_CLOSED, END_RESET, END_REFUSED, END_LEFT };

struct client {
    int fd; /* -1: not in use */
    const struct behaviour *behaviour;
    struct span network;
    enum say said;    /* the last step that it has taken */
    enum end end;     /* not END_NONE: over */
    bool misbehaving; /* its behaviour has begun */
    bool connected;
    bool stays;                           /* an answer is not the end */
    uint64_t answers;                     /* that it got */
    size_t addresses;                     /* of the last of them */
    uint64_t asked_us, answered_us, told; /* the crowd's, of one that stays */
    uint64_t drip_us;                     /* the last byte left then */
    struct node_key key;
    struct ephemeral_key ephemeral;
    uint8_t challenge[32];
    struct frame_cipher seal, open;
    struct buffer *out, *frame, *delimited, *message;
};

/* Begins to connect. False when the machine refuses a socket. */
bool client_open(struct client *client, const struct behaviour *behaviour, struct span network,
    const struct endpoint *from, const struct endpoint *to);
/* The socket has connected, can be read, or can be written. */
void client_ready(struct client *client, bool readable, bool writable, uint64_t now_us);
/* Whether it would write or read if it could. */
bool client_wants_to_write(const struct client *client);
bool client_wants_to_read(const struct client *client);
void client_ask(struct client *client);   /* once more: one that stays */
void client_close(struct client *client); /* twice is fine */

/* For behaviours: bytes as they are; data in frames of their own; one delimited packet body. */
void client_put(struct client *client, struct span bytes);
void client_put_sealed(struct client *client, struct span data);
void client_put_packet(struct client *client, struct span body);
void client_put_message(struct client *client, uint8_t channel, bool eof, struct span message);
void client_put_info(struct client *client, struct span network);
void client_put_auth(struct client *client, bool right);

#endif
