/* Packets of the multiplexed stream (wire.md 5.1), each one delimited message. */
#ifndef WIRE_PACKET_H
#define WIRE_PACKET_H

#include "base/err.h"
#include "base/span.h"

#define PACKET_PAYLOAD_MAX 1024 /* what we put into one packet at most */

enum packet_kind { PACKET_PING, PACKET_PONG, PACKET_MSG };

struct packet {
    enum packet_kind kind;
    uint8_t channel; /* of PACKET_MSG */
    bool eof;
    struct span data; /* borrowed */
};

/* Largest packet body accepted for a payload setting: the size of a PacketMsg on channel 1 with
 * eof and that many bytes (1034 for 1024). */
size_t packet_body_max(size_t payload_max);

/* Bytes a packet takes with its length prefix. */
size_t packet_size(const struct packet *packet);
/* Writes the delimited packet to out (packet_size bytes) and returns its size. */
size_t packet_encode(const struct packet *packet, uint8_t *out);
/* body: without length prefix, length already checked. packet->data borrows from body.
 * ERR_UNDECODABLE; ERR_PACKET_KIND (no known member, empty body);
 * ERR_CHANNEL_UNKNOWN (number outside 0..255). */
enum err packet_decode(struct span body, struct packet *packet);

#endif
