#include "wire/packet.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

#include "base/varint.h"
#include "vectors/hex.h"
#include "vectors/wire.h"

static struct packet msg(uint8_t channel, bool eof, struct span data)
{
    return (struct packet){.kind = PACKET_MSG, .channel = channel, .eof = eof, .data = data};
}

static void assert_encodes(struct packet packet, struct span expected)
{
    uint8_t out[64];
    assert_int_equal(packet_size(&packet), expected.n);
    assert_int_equal(packet_encode(&packet, out), expected.n);
    assert_memory_equal(out, expected.at, expected.n);
}

static void packet_encodes_as_the_vectors(void **state)
{
    (void)state;
    assert_encodes((struct packet){.kind = PACKET_PING}, HEX(PING));
    assert_encodes((struct packet){.kind = PACKET_PONG}, HEX(PONG));
    assert_encodes(msg(0x00, true, HEX(PEX_REQUEST_MESSAGE)), HEX(PACKET_OF_REQUEST));
    assert_encodes(msg(0x00, true, HEX("")), HEX(PACKET_OF_EMPTY_MESSAGE));
    assert_encodes(msg(0x20, true, HEX("010203")), HEX(PACKET_ON_20));
    assert_encodes(msg(0x00, false, HEX("010203")), HEX(PACKET_ON_00));
    assert_encodes(msg(0xff, false, HEX("")), HEX("051a0308ff01"));
    assert_encodes(msg(0x00, false, HEX("")), HEX("021a00"));
}

static void packet_of_full_payload_has_the_vectors_head(void **state)
{
    (void)state;
    uint8_t data[PACKET_PAYLOAD_MAX] = {1, 2, 3}, out[1100];
    struct packet packet = msg(0x20, true, span_of(data, sizeof data));
    struct span head = HEX(FULL_PACKET_HEAD);
    assert_int_equal(packet_size(&packet), 1036);
    assert_int_equal(packet_encode(&packet, out), 1036);
    assert_memory_equal(out, head.at, head.n);
    assert_memory_equal(out + head.n, data, sizeof data);
}

static void packet_body_max_is_the_size_of_a_full_packet_on_channel_1(void **state)
{
    (void)state;
    static const size_t payloads[] = {1, 127, 128, 1024, 65536};
    static uint8_t data[65536], out[66000];
    assert_int_equal(packet_body_max(1024), 1034);
    for (size_t i = 0; i < sizeof payloads / sizeof *payloads; i++) {
        struct packet packet = msg(1, true, span_of(data, payloads[i]));
        struct span in = span_of(out, packet_encode(&packet, out));
        uint64_t body_n;
        assert_int_equal(varint_take(&in, &body_n), ERR_OK);
        assert_int_equal(packet_body_max(payloads[i]), body_n);
    }
}

/* Decodes a delimited packet. */
static enum err decode(struct span delimited, struct packet *packet)
{
    uint64_t n;
    assert_int_equal(varint_take(&delimited, &n), ERR_OK);
    assert_int_equal(n, delimited.n);
    return packet_decode(delimited, packet);
}

static void assert_decodes(struct span delimited, struct packet expected)
{
    struct packet packet;
    assert_int_equal(decode(delimited, &packet), ERR_OK);
    assert_int_equal(packet.kind, expected.kind);
    assert_int_equal(packet.channel, expected.channel);
    assert_int_equal(packet.eof, expected.eof);
    assert_true(span_equal(packet.data, expected.data));
}

static void packet_decodes_the_vectors(void **state)
{
    (void)state;
    assert_decodes(HEX(PING), (struct packet){.kind = PACKET_PING});
    assert_decodes(HEX(PONG), (struct packet){.kind = PACKET_PONG});
    assert_decodes(HEX(PACKET_OF_REQUEST), msg(0x00, true, HEX(PEX_REQUEST_MESSAGE)));
    assert_decodes(HEX(PACKET_OF_EMPTY_MESSAGE), msg(0x00, true, HEX("")));
    assert_decodes(HEX(PACKET_ON_20), msg(0x20, true, HEX("010203")));
    assert_decodes(HEX(PACKET_ON_00), msg(0x00, false, HEX("010203")));
    assert_decodes(HEX(PACKET_OF_PEX_LIST), msg(0x00, true, HEX(PEX_LIST_OF_A)));
}

static void packet_data_borrows_from_the_body(void **state)
{
    (void)state;
    struct packet packet;
    struct span body = HEX("1a051a03010203");
    assert_int_equal(packet_decode(body, &packet), ERR_OK);
    assert_ptr_equal(packet.data.at, body.at + 4);
}

static void packet_decode_takes_the_last_member_whole(void **state)
{
    (void)state;
    assert_decodes(HEX("08 1a0408011001 0a00"), (struct packet){.kind = PACKET_PING});
    assert_decodes(HEX("08 1a020820 1a021001"), msg(0, true, HEX("")));
    assert_decodes(HEX("0c 1a03088010 0a00 980601 1200"), (struct packet){.kind = PACKET_PONG});
}

static void assert_refused(struct span body, enum err err)
{
    struct packet packet = {.channel = 7};
    assert_int_equal(packet_decode(body, &packet), err);
    assert_int_equal(packet.channel, 7);
}

static void packet_decode_rejects_no_known_kind(void **state)
{
    (void)state;
    assert_refused(HEX(""), ERR_PACKET_KIND);
    assert_refused(HEX("2200"), ERR_PACKET_KIND);
    assert_refused(HEX("f80101 2b 2c"), ERR_PACKET_KIND);
}

static void packet_decode_rejects_channels_outside_a_byte(void **state)
{
    (void)state;
    assert_refused(HEX("1a03088002"), ERR_CHANNEL_UNKNOWN);                 /* 256 */
    assert_refused(HEX("1a0b08ffffffffffffffffff01"), ERR_CHANNEL_UNKNOWN); /* -1 */
    assert_refused(HEX("1a0608ffffffff07"), ERR_CHANNEL_UNKNOWN);           /* largest int32 */
    assert_decodes(HEX("05 1a0308ff01"), msg(0xff, false, HEX("")));
}

static void packet_decode_rejects_malformed_bytes(void **state)
{
    (void)state;
    assert_refused(HEX("0a"), ERR_UNDECODABLE);
    assert_refused(HEX("0a01"), ERR_UNDECODABLE);
    assert_refused(HEX("0800"), ERR_UNDECODABLE);
    assert_refused(HEX("0a0108"), ERR_UNDECODABLE);      /* inside a ping */
    assert_refused(HEX("1a0108 0a00"), ERR_UNDECODABLE); /* replaced, but malformed */
    assert_refused(HEX("1a03088002 0a"), ERR_UNDECODABLE);
    assert_refused(HEX("1a041a030102"), ERR_UNDECODABLE);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(packet_encodes_as_the_vectors),
        cmocka_unit_test(packet_of_full_payload_has_the_vectors_head),
        cmocka_unit_test(packet_body_max_is_the_size_of_a_full_packet_on_channel_1),
        cmocka_unit_test(packet_decodes_the_vectors),
        cmocka_unit_test(packet_data_borrows_from_the_body),
        cmocka_unit_test(packet_decode_takes_the_last_member_whole),
        cmocka_unit_test(packet_decode_rejects_no_known_kind),
        cmocka_unit_test(packet_decode_rejects_channels_outside_a_byte),
        cmocka_unit_test(packet_decode_rejects_malformed_bytes),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
