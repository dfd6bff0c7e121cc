#include "wire/pex_message.h"

#include "base/varint.h"
#include "proto/pex.pb-c.h"
#include "wire/proto.h"

/* One entry as a generated struct, with the texts it points at. */
struct entry_form {
    Pex__NetAddress entry;
    char id[PEER_ID_TEXT + 1];
    char ip[IP_TEXT_MAX];
};

static const ProtobufCMessage *form_of(const struct addr *addr, struct entry_form *form)
{
    pex__net_address__init(&form->entry);
    form->entry.id = proto_text(span_of(peer_id_text(&addr->id, form->id), PEER_ID_TEXT));
    form->entry.ip = proto_text(span_of_text(ip_text(&addr->at.ip, form->ip)));
    form->entry.port = addr->at.port;
    return &form->entry.base;
}

/* Tag and length of an embedded message of n bytes; both fields so written have one-byte tags. */
static size_t put_head(uint8_t *out, uint32_t number, size_t n)
{
    out[0] = (uint8_t)(number << 3 | 2);
    return 1 + varint_put(out + 1, n);
}

static size_t member_size(size_t n)
{
    return 1 + varint_size(n) + n;
}

static enum err put_entries(const struct pex_message *message, uint8_t *out, size_t cap, size_t *n)
{
    uint32_t number = pex__pex_addrs__descriptor.fields[0].id;
    size_t used = 0;
    for (size_t i = 0; i < message->addrs_n; i++) {
        struct entry_form form;
        const ProtobufCMessage *entry = form_of(&message->addrs[i], &form);
        size_t entry_n = protobuf_c_message_get_packed_size(entry);
        if (member_size(entry_n) > cap - used)
            return ERR_TOO_LONG;
        used += put_head(out + used, number, entry_n);
        used += protobuf_c_message_pack(entry, out + used);
    }
    *n = used;
    return ERR_OK;
}

enum err pex_message_encode(const struct pex_message *message, uint8_t *out, size_t cap, size_t *n)
{
    bool is_list = message->kind == PEX_ADDRS;
    size_t body_n = 0, room = cap < PEX_MESSAGE_MAX ? cap : PEX_MESSAGE_MAX;
    if (is_list && put_entries(message, out, room, &body_n))
        return ERR_TOO_LONG;
    if (member_size(body_n) > room)
        return ERR_TOO_LONG;
    memmove(out + member_size(body_n) - body_n, out, body_n);
    put_head(out, is_list ? PEX__MESSAGE__SUM_PEX_ADDRS : PEX__MESSAGE__SUM_PEX_REQUEST, body_n);
    *n = member_size(body_n);
    return ERR_OK;
}

static void list_add(
    struct pex_message *list, struct pex_scratch *scratch, const Pex__NetAddress *entry)
{
    struct addr addr;
    list->listed_n++;
    if (ip_parse(proto_span(entry->ip), &addr.at.ip) || entry->port > UINT16_MAX) {
        list->bad_address = true;
        return;
    }
    if (peer_id_parse(proto_span(entry->id), &addr.id) || peer_id_is_none(&addr.id)) {
        list->bad_ids_n++;
        return;
    }
    addr.at.port = (uint16_t)entry->port;
    if (list->addrs_n < PEX_SELECTION_MAX)
        scratch->addrs[list->addrs_n++] = addr;
}

static enum err read_list(struct span body, struct pex_scratch *scratch, struct pex_message *list)
{
    *list = (struct pex_message){.kind = PEX_ADDRS, .addrs = scratch->addrs};
    while (body.n > 0) {
        struct proto_field field;
        Pex__NetAddress entry = PEX__NET_ADDRESS__INIT;
        if (proto_next(&pex__pex_addrs__descriptor, &body, &field))
            return ERR_PEX_UNDECODABLE;
        if (!field.schema)
            continue;
        if (proto_read(field.bytes, &entry.base))
            return ERR_PEX_UNDECODABLE;
        list_add(list, scratch, &entry);
    }
    return ERR_OK;
}

/* Reads one member of the oneof; it replaces any earlier one. */
static enum err read_member(
    const struct proto_field *field, struct pex_scratch *scratch, struct pex_message *message)
{
    Pex__PexRequest request = PEX__PEX_REQUEST__INIT;
    if (field->schema->id == PEX__MESSAGE__SUM_PEX_ADDRS)
        return read_list(field->bytes, scratch, message);
    *message = (struct pex_message){.kind = PEX_REQUEST};
    return proto_read(field->bytes, &request.base) ? ERR_PEX_UNDECODABLE : ERR_OK;
}

enum err pex_message_decode(
    struct span bytes, struct pex_scratch *scratch, struct pex_message *message)
{
    struct pex_message read = {0};
    bool found = false;
    while (bytes.n > 0) {
        struct proto_field field;
        if (proto_next(&pex__message__descriptor, &bytes, &field))
            return ERR_PEX_UNDECODABLE;
        if (!field.schema)
            continue;
        if (read_member(&field, scratch, &read))
            return ERR_PEX_UNDECODABLE;
        found = true;
    }
    if (!found)
        return ERR_PEX_UNDECODABLE;
    if (read.addrs_n == 0 || read.bad_address) {
        read.addrs = NULL;
        read.addrs_n = 0;
    }
    *message = read;
    return ERR_OK;
}
