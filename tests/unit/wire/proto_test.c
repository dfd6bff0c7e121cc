/* The rules of wire.md 0.3 one by one; reference_test.c holds them against the reference. */
#include "wire/proto.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

#include "proto/p2p.pb-c.h"
#include "vectors/hex.h"

/* PacketMsg: channel_id = 1 (int32), eof = 2 (bool), data = 3 (bytes). */
static enum err read_msg(struct span body, P2p__PacketMsg *msg)
{
    p2p__packet_msg__init(msg);
    return proto_read(body, &msg->base);
}

static void assert_reads(struct span body, int32_t channel, bool eof, struct span data)
{
    P2p__PacketMsg msg;
    assert_int_equal(read_msg(body, &msg), ERR_OK);
    assert_int_equal(msg.channel_id, channel);
    assert_int_equal(msg.eof, eof);
    assert_true(span_equal(proto_span(msg.data), data));
}

static void assert_refused(struct span body)
{
    P2p__PacketMsg msg;
    assert_int_equal(read_msg(body, &msg), ERR_UNDECODABLE);
}

static void proto_reads_fields_in_any_order(void **state)
{
    (void)state;
    assert_reads(HEX(""), 0, false, HEX(""));
    assert_reads(HEX("0820 1001 1a020102"), 32, true, HEX("0102"));
    assert_reads(HEX("1a020102 1001 0820"), 32, true, HEX("0102"));
}

static void proto_texts_borrow_from_the_body(void **state)
{
    (void)state;
    P2p__PacketMsg msg;
    struct span body = HEX("1a020102");
    assert_int_equal(read_msg(body, &msg), ERR_OK);
    assert_ptr_equal(msg.data.data, body.at + 2);
}

static void proto_keeps_the_last_of_a_repeated_field(void **state)
{
    (void)state;
    assert_reads(HEX("0820 0821 1001 1000 1a0101 1a0102"), 33, false, HEX("02"));
    assert_reads(HEX("1a0101 1a00"), 0, false, HEX(""));
}

static void proto_keeps_the_low_bits_of_an_integer(void **state)
{
    (void)state;
    assert_reads(HEX("08a080808010"), 32, false, HEX(""));
    assert_reads(HEX("08ffffffffffffffffff01"), -1, false, HEX(""));
}

static void proto_takes_any_nonzero_for_true(void **state)
{
    (void)state;
    assert_reads(HEX("1002"), 0, true, HEX(""));
    assert_reads(HEX("1080808080808001"), 0, true, HEX(""));
    assert_reads(HEX("108000"), 0, false, HEX(""));
}

static void proto_takes_longer_forms_of_varints(void **state)
{
    (void)state;
    assert_reads(HEX("888000 a08000 9a00 828000 0102"), 32, false, HEX("0102"));
    /* Bits of a tenth byte that do not fit are dropped, in values, tags and lengths. */
    assert_reads(HEX("08a08080808080808080 7e"), 32, false, HEX(""));
    assert_reads(HEX("8880808080808080807e 20"), 32, false, HEX(""));
}

static void proto_refuses_a_varint_of_eleven_bytes(void **state)
{
    (void)state;
    assert_refused(HEX("08a0808080808080808080 00"));
    assert_refused(HEX("8880808080808080808000 20"));
    assert_refused(HEX("4880808080808080808080 00"));
}

static void proto_skips_unknown_fields(void **state)
{
    (void)state;
    assert_reads(HEX("20ffffffffffffffffff01 0820"), 32, false, HEX(""));
    assert_reads(HEX("21 0102030405060708 0820"), 32, false, HEX(""));
    assert_reads(HEX("22 03 010203 0820"), 32, false, HEX(""));
    assert_reads(HEX("25 01020304 0820"), 32, false, HEX(""));
    assert_reads(HEX("f8ffffff 0f 01 0820"), 32, false, HEX(""));
}

static void proto_skips_balanced_groups(void **state)
{
    (void)state;
    assert_reads(HEX("23 24 0820"), 32, false, HEX(""));
    assert_reads(HEX("23 0801 2b 2c 1a0101 24 0820"), 32, false, HEX(""));
    assert_reads(HEX("23 04 0820"), 32, false, HEX("")); /* the numbers are not compared */
}

static void proto_refuses_unbalanced_groups(void **state)
{
    (void)state;
    assert_refused(HEX("23"));
    assert_refused(HEX("23 2b 24"));
    assert_refused(HEX("24"));
    assert_refused(HEX("0c"));
    assert_refused(HEX("23 26 24"));
}

static void proto_skips_deep_groups_without_recursion(void **state)
{
    (void)state;
    static uint8_t body[64000];
    size_t half = sizeof body / 2;
    memset(body, 0x23, half);
    memset(body + half, 0x24, half);
    assert_reads(span_of(body, sizeof body), 0, false, HEX(""));
    assert_refused(span_of(body, sizeof body - 1));
}

static void proto_refuses_another_wire_type_for_a_known_field(void **state)
{
    (void)state;
    assert_refused(HEX("0a0120"));
    assert_refused(HEX("0d20000000"));
    assert_refused(HEX("092000000000000000"));
    assert_refused(HEX("0b 0c"));
    assert_refused(HEX("1801"));
}

static void proto_refuses_bad_tags(void **state)
{
    (void)state;
    assert_refused(HEX("00 00"));                         /* field 0 */
    assert_refused(HEX("8080808040 00"));                 /* field 2^31, negative to Go */
    assert_refused(HEX("808080808001 00"));               /* field 2^32: its low 32 bits are 0 */
    assert_refused(HEX("26"));                            /* wire type 6 */
    assert_refused(HEX("27"));                            /* wire type 7 */
    assert_reads(HEX("888080808001 20"), 32, 0, HEX("")); /* field 2^32 + 1 is field 1 to Go */
}

static void proto_refuses_truncation(void **state)
{
    (void)state;
    struct span body = HEX("0820 1001 1a03010203");
    for (size_t n = 1; n < body.n; n++)
        if (n != 2 && n != 4) /* the ends of whole fields */
            assert_refused(span_of(body.at, n));
    assert_refused(HEX("21 01020304050607"));
    assert_refused(HEX("25 010203"));
    assert_refused(HEX("22 02 01"));
}

static void proto_refuses_lengths_beyond_the_body(void **state)
{
    (void)state;
    assert_refused(HEX("1a 04 010203"));
    assert_refused(HEX("1a ffffffff07 010203"));
    assert_refused(HEX("1a ffffffffffffffff7f 010203"));
    assert_refused(HEX("1a ffffffffffffffffff01 010203")); /* -1 */
    assert_refused(HEX("22 ffffffffffffffffff01 010203"));
}

static void proto_merges_a_repeated_embedded_message(void **state)
{
    (void)state;
    P2p__ProtocolVersion protocol = P2P__PROTOCOL_VERSION__INIT;
    P2p__DefaultNodeInfoOther other = P2P__DEFAULT_NODE_INFO_OTHER__INIT;
    P2p__DefaultNodeInfo info = P2P__DEFAULT_NODE_INFO__INIT;
    info.protocol_version = &protocol;
    info.other = &other;
    assert_int_equal(proto_read(HEX("0a0408081001 0a021002 4203120161 42030a0162"), &info.base), 0);
    assert_int_equal(protocol.p2p, 8);
    assert_int_equal(protocol.block, 2);
    assert_true(span_equal(proto_span(other.rpc_address), HEX("61")));
    assert_true(span_equal(proto_span(other.tx_index), HEX("62")));
}

static void proto_keeps_the_last_member_of_a_oneof(void **state)
{
    (void)state;
    P2p__PublicKey key = P2P__PUBLIC_KEY__INIT;
    assert_int_equal(proto_read(HEX("0a0161 120162"), &key.base), ERR_OK);
    assert_int_equal(key.sum_case, P2P__PUBLIC_KEY__SUM_SECP256K1);
    assert_true(span_equal(proto_span(key.secp256k1), HEX("62")));
    assert_int_equal(proto_read(HEX("120162 0a00"), &key.base), ERR_OK);
    assert_int_equal(key.sum_case, P2P__PUBLIC_KEY__SUM_ED25519);
    assert_int_equal(key.ed25519.len, 0);
}

static void proto_reads_nul_and_invalid_utf8_in_texts(void **state)
{
    (void)state;
    P2p__DefaultNodeInfo info = P2P__DEFAULT_NODE_INFO__INIT;
    assert_int_equal(proto_read(HEX("3a 03 0080ff"), &info.base), ERR_OK);
    assert_true(span_equal(proto_span(info.moniker), HEX("0080ff")));
}

/* The list of differences in core/wire/README.md. When one of these fails, protobuf-c has changed
 * and the list should too. */
static void protobuf_c_itself_reads_differently(void **state)
{
    (void)state;
    static const struct {
        const char *hex;
        bool accepted_there;
    } cases[] = {
        {"23 24 0820", false},           /* a group */
        {"888080808000 20", false},      /* a tag of more than 5 bytes */
        {"888080808001 20", false},      /* the same, and Go drops its high bits */
        {"1a 828080808000 0102", false}, /* a length of more than 5 bytes */
        {"8080808040 00", true},         /* a negative field number */
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        uint8_t bytes[32];
        P2p__PacketMsg ours, *theirs;
        struct span body = hex_read(cases[i].hex, bytes, sizeof bytes);
        theirs = p2p__packet_msg__unpack(NULL, body.n, body.at);
        assert_int_equal(theirs != NULL, cases[i].accepted_there);
        assert_int_equal(read_msg(body, &ours) == ERR_OK, !cases[i].accepted_there);
        if (theirs)
            p2p__packet_msg__free_unpacked(theirs, NULL);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(proto_reads_fields_in_any_order),
        cmocka_unit_test(proto_texts_borrow_from_the_body),
        cmocka_unit_test(proto_keeps_the_last_of_a_repeated_field),
        cmocka_unit_test(proto_keeps_the_low_bits_of_an_integer),
        cmocka_unit_test(proto_takes_any_nonzero_for_true),
        cmocka_unit_test(proto_takes_longer_forms_of_varints),
        cmocka_unit_test(proto_refuses_a_varint_of_eleven_bytes),
        cmocka_unit_test(proto_skips_unknown_fields),
        cmocka_unit_test(proto_skips_balanced_groups),
        cmocka_unit_test(proto_refuses_unbalanced_groups),
        cmocka_unit_test(proto_skips_deep_groups_without_recursion),
        cmocka_unit_test(proto_refuses_another_wire_type_for_a_known_field),
        cmocka_unit_test(proto_refuses_bad_tags),
        cmocka_unit_test(proto_refuses_truncation),
        cmocka_unit_test(proto_refuses_lengths_beyond_the_body),
        cmocka_unit_test(proto_merges_a_repeated_embedded_message),
        cmocka_unit_test(proto_keeps_the_last_member_of_a_oneof),
        cmocka_unit_test(proto_reads_nul_and_invalid_utf8_in_texts),
        cmocka_unit_test(protobuf_c_itself_reads_differently),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
