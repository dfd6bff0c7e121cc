#include "wire/packet.h"

#include "proto/p2p.pb-c.h"
#include "wire/proto.h"

#include <assert.h>

/* A packet as generated structs; the members point at each other, so it stays where it was made. */
struct packet_form {
    P2p__Packet packet;
    P2p__PacketPing ping;
    P2p__PacketPong pong;
    P2p__PacketMsg msg;
};

static const ProtobufCMessage *form_of(const struct packet *packet, struct packet_form *form)
{
    p2p__packet__init(&form->packet);
    switch (packet->kind) {
    case PACKET_PING:
        p2p__packet_ping__init(&form->ping);
        form->packet.sum_case = P2P__PACKET__SUM_PACKET_PING;
        form->packet.packet_ping = &form->ping;
        break;
    case PACKET_PONG:
        p2p__packet_pong__init(&form->pong);
        form->packet.sum_case = P2P__PACKET__SUM_PACKET_PONG;
        form->packet.packet_pong = &form->pong;
        break;
    case PACKET_MSG:
        p2p__packet_msg__init(&form->msg);
        form->msg.channel_id = packet->channel;
        form->msg.eof = packet->eof;
        form->msg.data = proto_text(packet->data);
        form->packet.sum_case = P2P__PACKET__SUM_PACKET_MSG;
        form->packet.packet_msg = &form->msg;
        break;
    }
    return &form->packet.base;
}

size_t packet_body_max(size_t payload_max)
{
    struct packet_form form;
    struct packet largest = {PACKET_MSG, 1, true, {NULL, payload_max}};
    return protobuf_c_message_get_packed_size(form_of(&largest, &form));
}

size_t packet_size(const struct packet *packet)
{
    struct packet_form form;
    return proto_delimited_size(form_of(packet, &form));
}

size_t packet_encode(const struct packet *packet, uint8_t *out)
{
    struct packet_form form;
    return proto_delimited_put(form_of(packet, &form), out);
}

/* Reads one member of the oneof; it replaces any earlier one. */
static enum err read_member(const struct proto_field *field, struct packet_form *form)
{
    form->packet.sum_case = (P2p__Packet__SumCase)field->schema->id;
    switch (form->packet.sum_case) {
    case P2P__PACKET__SUM_PACKET_PING:
        p2p__packet_ping__init(&form->ping);
        return proto_read(field->bytes, &form->ping.base);
    case P2P__PACKET__SUM_PACKET_PONG:
        p2p__packet_pong__init(&form->pong);
        return proto_read(field->bytes, &form->pong.base);
    default:
        p2p__packet_msg__init(&form->msg);
        return proto_read(field->bytes, &form->msg.base);
    }
}

static enum err packet_of_form(const struct packet_form *form, struct packet *packet)
{
    switch (form->packet.sum_case) {
    case P2P__PACKET__SUM_PACKET_PING:
        *packet = (struct packet){.kind = PACKET_PING};
        return ERR_OK;
    case P2P__PACKET__SUM_PACKET_PONG:
        *packet = (struct packet){.kind = PACKET_PONG};
        return ERR_OK;
    case P2P__PACKET__SUM_PACKET_MSG:
        if (form->msg.channel_id < 0 || form->msg.channel_id > UINT8_MAX)
            return ERR_CHANNEL_UNKNOWN;
        *packet = (struct packet){.kind = PACKET_MSG,
            .channel = (uint8_t)form->msg.channel_id,
            .eof = form->msg.eof,
            .data = proto_span(form->msg.data)};
        return ERR_OK;
    default:
        return ERR_PACKET_KIND;
    }
}

enum err packet_decode(struct span body, struct packet *packet)
{
    struct packet_form form;
    p2p__packet__init(&form.packet);
    while (body.n > 0) {
        struct proto_field field;
        enum err err = proto_next(&p2p__packet__descriptor, &body, &field);
        if (!err && field.schema)
            err = read_member(&field, &form);
        if (err)
            return err;
    }
    return packet_of_form(&form, packet);
}
