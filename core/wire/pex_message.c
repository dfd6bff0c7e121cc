#include "wire/pex_message.h"

#include "base/varint.h"
#include "proto/pex.pb-c.h"
#include "wire/proto.h"

#define ENTRY_MAX (2 + 2 + PEER_ID_TEXT + 2 + IP_TEXT_MAX + 4)
#define ENTRY_BODY_MAX 127 /* its length takes one byte */
#define HEAD_MAX (1 + VARINT_MAX)
_Static_assert(ENTRY_MAX - 2 <= ENTRY_BODY_MAX, "put_entry leaves room for one byte of length");

/* Tag and length of an embedded message of n bytes; both fields so written have one-byte tags. */
static size_t put_head(uint8_t *out, uint32_t number, size_t n)
{
    out[0] = (uint8_t)(number << 3 | 2);
    return 1 + varint_put(out + 1, n);
}

static size_t put_entry(uint8_t out[ENTRY_MAX], const struct addr *addr)
{
    char id[PEER_ID_TEXT + 1], ip[IP_TEXT_MAX];
    Pex__NetAddress entry = PEX__NET_ADDRESS__INIT;
    entry.id = proto_text(span_of(peer_id_text(&addr->id, id), PEER_ID_TEXT));
    entry.ip = proto_text(span_of_text(ip_text(&addr->at.ip, ip)));
    entry.port = addr->at.port;
    size_t n = pex__net_address__pack(&entry, out + 2);
    return put_head(out, pex__pex_addrs__descriptor.fields[0].id, n) + n;
}

/* Puts bytes in front of *at, which does not go below out. */
static bool put_before(uint8_t **at, const uint8_t *out, const uint8_t *bytes, size_t n)
{
    if (n > (size_t)(*at - out))
        return false;
    *at -= n;
    memcpy(*at, bytes, n);
    return true;
}

/* From the last entry to the first, so that each length is known when it is written. */
enum err pex_message_encode(const struct pex_message *message, uint8_t *out, size_t cap, size_t *n)
{
    bool is_list = message->kind == PEX_ADDRS;
    uint8_t *end = out + (cap < PEX_MESSAGE_MAX ? cap : PEX_MESSAGE_MAX), *at = end;
    for (size_t i = is_list ? message->addrs_n : 0; i-- > 0;) {
        uint8_t entry[ENTRY_MAX];
        if (!put_before(&at, out, entry, put_entry(entry, &message->addrs[i])))
            return ERR_TOO_LONG;
    }
    uint32_t kind = is_list ? PEX__MESSAGE__SUM_PEX_ADDRS : PEX__MESSAGE__SUM_PEX_REQUEST;
    uint8_t head[HEAD_MAX];
    if (!put_before(&at, out, head, put_head(head, kind, (size_t)(end - at))))
        return ERR_TOO_LONG;
    *n = (size_t)(end - at);
    memmove(out, at, *n);
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
