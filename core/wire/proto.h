/* Protobuf as the Go nodes write and read it (wire.md 0.3), over the structs and descriptors that
 * protoc-c makes of proto/.
 *
 * Writing is protobuf-c's. Reading is ours, because protobuf_c_message_unpack reads differently
 * (README.md has the list) and copies what it reads: here texts are borrowed from the body and no
 * memory is taken, whatever the bytes say. Rules of reading: fields in any order; unknown fields
 * and balanced groups are skipped at every level; the last of a repeated scalar or text wins; a
 * repeated embedded message is merged into the earlier one; of a oneof the last member counts.
 */
#ifndef WIRE_PROTO_H
#define WIRE_PROTO_H

#include "base/err.h"
#include "base/span.h"

#include <protobuf-c/protobuf-c.h>

/* One field as it stands in a message. */
struct proto_field {
    const ProtobufCFieldDescriptor *schema; /* NULL: an unknown field was skipped */
    uint64_t value;                         /* of a scalar */
    struct span bytes;                      /* of a text or an embedded message; borrowed */
};

/* Takes one field off the front of *rest, which must not be empty. ERR_UNDECODABLE: malformed, or
 * of another wire type than the schema says. */
enum err proto_next(
    const ProtobufCMessageDescriptor *schema, struct span *rest, struct proto_field *field);

/* Reads a whole message of scalars, texts and embedded messages into *message, an initialised
 * struct whose pointers to embedded messages lead to initialised structs. Members that are
 * repeated, or embedded messages in a oneof, need proto_next. Texts borrow from body. On
 * ERR_UNDECODABLE *message is unspecified. */
enum err proto_read(struct span body, ProtobufCMessage *message);

/* Bytes of the message with its length prefix. */
size_t proto_delimited_size(const ProtobufCMessage *message);
/* Writes the length prefix and the message, and returns their size. */
size_t proto_delimited_put(const ProtobufCMessage *message, uint8_t *out);

/* A text inside a generated struct that is only written from, never freed. */
static inline ProtobufCBinaryData proto_text(struct span text)
{
    return (ProtobufCBinaryData){text.n, (uint8_t *)text.at};
}

static inline struct span proto_span(ProtobufCBinaryData text)
{
    return span_of(text.data, text.len);
}

#endif
