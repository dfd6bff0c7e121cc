#include "wire/proto.h"

#include "base/varint.h"

#include <assert.h>

enum wire_type {
    WIRE_VARINT,
    WIRE_FIXED64,
    WIRE_BYTES,
    WIRE_GROUP_START,
    WIRE_GROUP_END,
    WIRE_FIXED32,
};

/* Not varint_take: inside a message Go drops the bits of a tenth byte that do not fit. */
static bool take_varint(struct span *in, uint64_t *value)
{
    uint64_t sum = 0;
    for (unsigned i = 0; i < VARINT_MAX && i < in->n; i++) {
        uint8_t byte = in->at[i];
        sum |= (uint64_t)(byte & 0x7f) << (7 * i);
        if (byte < 0x80) {
            span_take(in, i + 1);
            *value = sum;
            return true;
        }
    }
    return false;
}

static bool take_bytes(struct span *in, uint64_t n, struct span *bytes)
{
    if (n > in->n)
        return false;
    *bytes = span_take(in, (size_t)n);
    return true;
}

/* Takes the value of a field that is no group. */
static bool take_value(struct span *in, enum wire_type type, struct proto_field *field)
{
    switch (type) {
    case WIRE_VARINT:
        return take_varint(in, &field->value);
    case WIRE_FIXED64:
        return take_bytes(in, 8, &field->bytes);
    case WIRE_BYTES:
        return take_varint(in, &field->value) && take_bytes(in, field->value, &field->bytes);
    case WIRE_FIXED32:
        return take_bytes(in, 4, &field->bytes);
    default:
        return false;
    }
}

/* Skips to the end of a group that has begun. Only nesting counts: Go compares no field numbers
 * here. */
static bool skip_group(struct span *in)
{
    size_t depth = 1;
    while (depth > 0) {
        struct proto_field skipped;
        uint64_t tag;
        if (!take_varint(in, &tag))
            return false;
        enum wire_type type = tag & 7;
        if (type == WIRE_GROUP_START)
            depth++;
        else if (type == WIRE_GROUP_END)
            depth--;
        else if (!take_value(in, type, &skipped))
            return false;
    }
    return true;
}

static enum wire_type wire_type_of(ProtobufCType type)
{
    switch (type) {
    case PROTOBUF_C_TYPE_INT32:
    case PROTOBUF_C_TYPE_UINT32:
    case PROTOBUF_C_TYPE_UINT64:
    case PROTOBUF_C_TYPE_BOOL:
        return WIRE_VARINT;
    default:
        assert(type == PROTOBUF_C_TYPE_BYTES || type == PROTOBUF_C_TYPE_MESSAGE);
        return WIRE_BYTES;
    }
}

enum err proto_next(
    const ProtobufCMessageDescriptor *schema, struct span *rest, struct proto_field *field)
{
    struct span in = *rest;
    struct proto_field taken = {0};
    uint64_t tag;
    if (!take_varint(&in, &tag))
        return ERR_UNDECODABLE;
    enum wire_type type = tag & 7;
    uint32_t number = (uint32_t)(tag >> 3); /* higher bits are dropped, as Go does */
    if (number == 0 || number > INT32_MAX)
        return ERR_UNDECODABLE;
    taken.schema = protobuf_c_message_descriptor_get_field(schema, number);
    if (taken.schema && wire_type_of(taken.schema->type) != type)
        return ERR_UNDECODABLE;
    if (type == WIRE_GROUP_START ? !skip_group(&in) : !take_value(&in, type, &taken))
        return ERR_UNDECODABLE;
    *rest = in;
    *field = taken;
    return ERR_OK;
}

static enum err set_member(ProtobufCMessage *message, const struct proto_field *field)
{
    const ProtobufCFieldDescriptor *schema = field->schema;
    void *member = (uint8_t *)message + schema->offset;
    bool in_oneof = schema->flags & PROTOBUF_C_FIELD_FLAG_ONEOF;
    if (in_oneof)
        *(uint32_t *)((uint8_t *)message + schema->quantifier_offset) = schema->id;
    switch (schema->type) {
    case PROTOBUF_C_TYPE_INT32:
    case PROTOBUF_C_TYPE_UINT32:
        *(uint32_t *)member = (uint32_t)field->value;
        return ERR_OK;
    case PROTOBUF_C_TYPE_UINT64:
        *(uint64_t *)member = field->value;
        return ERR_OK;
    case PROTOBUF_C_TYPE_BOOL:
        *(protobuf_c_boolean *)member = field->value != 0;
        return ERR_OK;
    case PROTOBUF_C_TYPE_BYTES:
        *(ProtobufCBinaryData *)member = proto_text(field->bytes);
        return ERR_OK;
    default:
        assert(schema->type == PROTOBUF_C_TYPE_MESSAGE && !in_oneof);
        return proto_read(field->bytes, *(ProtobufCMessage **)member);
    }
}

enum err proto_read(struct span body, ProtobufCMessage *message)
{
    while (body.n > 0) {
        struct proto_field field;
        enum err err = proto_next(message->descriptor, &body, &field);
        if (!err && field.schema) {
            assert(field.schema->label != PROTOBUF_C_LABEL_REPEATED);
            err = set_member(message, &field);
        }
        if (err)
            return err;
    }
    return ERR_OK;
}

size_t proto_delimited_size(const ProtobufCMessage *message)
{
    size_t n = protobuf_c_message_get_packed_size(message);
    return varint_size(n) + n;
}

size_t proto_delimited_put(const ProtobufCMessage *message, uint8_t *out)
{
    size_t prefix = varint_put(out, protobuf_c_message_get_packed_size(message));
    return prefix + protobuf_c_message_pack(message, out + prefix);
}
