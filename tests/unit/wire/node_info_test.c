#include "wire/node_info.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

#include "base/varint.h"
#include "vectors/hex.h"
#include "vectors/wire.h"

#define TEXT(text) span_of_text(text)

static struct node_info info_of_a(void)
{
    static const uint8_t channels[] = {PEX_CHANNEL};
    return (struct node_info){
        .p2p_version = P2P_PROTOCOL,
        .block_version = BLOCK_PROTOCOL,
        .id = TEXT(A_ID_TEXT),
        .listen_addr = TEXT("tcp://0.0.0.0:26656"),
        .network = TEXT("test-chain"),
        .version = TEXT("0.34.24"),
        .channels = span_of(channels, sizeof channels),
        .moniker = TEXT("m"),
    };
}

static void node_info_encodes_as_the_vector(void **state)
{
    (void)state;
    struct node_info info = info_of_a();
    uint8_t out[200];
    size_t n;
    assert_int_equal(node_info_encode(&info, out, sizeof out, &n), ERR_OK);
    assert_true(span_equal(span_of(out, n), HEX(A_NODE_INFO)));
}

static void node_info_writes_embedded_messages_even_when_empty(void **state)
{
    (void)state;
    struct node_info info = {0};
    uint8_t out[8];
    size_t n;
    assert_int_equal(node_info_encode(&info, out, sizeof out, &n), ERR_OK);
    assert_true(span_equal(span_of(out, n), HEX("04 0a00 4200")));
}

static void node_info_encode_rejects_what_does_not_fit(void **state)
{
    (void)state;
    struct node_info info = info_of_a();
    uint8_t out[99];
    size_t n = 7;
    assert_int_equal(node_info_encode(&info, out, sizeof out - 1, &n), ERR_TOO_LONG);
    assert_int_equal(n, 7);
    assert_int_equal(node_info_encode(&info, out, sizeof out, &n), ERR_OK);
}

static void node_info_encode_rejects_a_body_above_10240(void **state)
{
    (void)state;
    static uint8_t text[NODE_INFO_BODY_MAX], out[2 * NODE_INFO_BODY_MAX];
    struct node_info info = {0};
    uint64_t body_n;
    size_t n;
    memset(text, 'x', sizeof text);
    info.moniker = span_of(text, NODE_INFO_BODY_MAX - 7); /* tag, two bytes of length, 0a00 4200 */
    assert_int_equal(node_info_encode(&info, out, sizeof out, &n), ERR_OK);
    struct span in = span_of(out, n);
    assert_int_equal(varint_take(&in, &body_n), ERR_OK);
    assert_int_equal(body_n, NODE_INFO_BODY_MAX);
    info.moniker.n++;
    assert_int_equal(node_info_encode(&info, out, sizeof out, &n), ERR_TOO_LONG);
}

static void node_info_decodes_the_vector(void **state)
{
    (void)state;
    struct span message = HEX(A_NODE_INFO);
    struct node_info info, a = info_of_a();
    span_take(&message, 1);
    assert_int_equal(node_info_decode(message, &info), ERR_OK);
    assert_int_equal(info.p2p_version, 8);
    assert_int_equal(info.block_version, 11);
    assert_int_equal(info.app_version, 0);
    assert_true(span_equal(info.id, a.id));
    assert_true(span_equal(info.listen_addr, a.listen_addr));
    assert_true(span_equal(info.network, a.network));
    assert_true(span_equal(info.version, a.version));
    assert_true(span_equal(info.channels, a.channels));
    assert_true(span_equal(info.moniker, a.moniker));
    assert_int_equal(info.tx_index.n, 0);
    assert_int_equal(info.rpc_address.n, 0);
    assert_true(info.moniker.at > message.at && info.moniker.at < message.at + message.n);
}

static void node_info_decode_leaves_missing_fields_empty(void **state)
{
    (void)state;
    struct node_info info;
    assert_int_equal(node_info_decode(HEX(""), &info), ERR_OK);
    assert_int_equal(info.block_version, 0);
    assert_int_equal(info.id.n, 0);
    assert_int_equal(info.rpc_address.n, 0);
}

static void node_info_decode_rejects_malformed_bytes(void **state)
{
    (void)state;
    struct node_info info = {.app_version = 7};
    assert_int_equal(node_info_decode(HEX("0a"), &info), ERR_UNDECODABLE);
    assert_int_equal(node_info_decode(HEX("0a0408"), &info), ERR_UNDECODABLE);
    assert_int_equal(node_info_decode(HEX("0a020a00"), &info), ERR_UNDECODABLE);
    assert_int_equal(node_info_decode(HEX("3801"), &info), ERR_UNDECODABLE);
    assert_int_equal(info.app_version, 7);
}

static void assert_valid(const struct node_info *info)
{
    const char *why = "";
    if (node_info_validate(info, &why))
        fail_msg("%s", why);
}

static void assert_invalid(const struct node_info *info, const char *expected)
{
    const char *why = "valid";
    assert_int_equal(node_info_validate(info, &why), ERR_NODE_INFO);
    assert_string_equal(why, expected);
}

static void node_info_validates_every_allowed_form(void **state)
{
    (void)state;
    static const char *const addresses[] = {"tcp://0.0.0.0:26656", "1.2.3.4:0", "[::]:26656",
        "tcp://[2001:db8::1]:1", "seed.example.com:26656", "udp://x:65535"};
    static const char *const switches[] = {"", "on", "off"};
    struct node_info info = info_of_a();
    for (size_t i = 0; i < sizeof addresses / sizeof *addresses; i++) {
        info.listen_addr = TEXT(addresses[i]);
        assert_valid(&info);
    }
    for (size_t i = 0; i < sizeof switches / sizeof *switches; i++) {
        info.tx_index = TEXT(switches[i]);
        assert_valid(&info);
    }
    info.version = info.rpc_address = TEXT("");
    info.channels = TEXT("0123456789abcdef");
    info.network = span_of("\0\xff", 2); /* not looked at */
    info.moniker = TEXT(" ~");
    assert_valid(&info);
    info.channels = TEXT("");
    assert_valid(&info);
}

static void node_info_validate_rejects_the_id(void **state)
{
    (void)state;
    static const char *const ids[] = {"", "519CAE93E93AD011D785355894405ED8FA8162C6",
        "519cae93e93ad011d785355894405ed8fa8162c", "0000000000000000000000000000000000000000"};
    struct node_info info = info_of_a();
    for (size_t i = 0; i < sizeof ids / sizeof *ids; i++) {
        info.id = TEXT(ids[i]);
        assert_invalid(&info, "ID is not 40 lower-case hex characters");
    }
}

static void node_info_validate_rejects_the_listen_address(void **state)
{
    (void)state;
    static const char *const addresses[] = {"", "tcp://", "1.2.3.4", "tcp://1.2.3.4", ":26656",
        "1.2.3.4:", "1.2.3.4:65536", "1.2.3.4:-1", "::1:26656", "[fe80::1%eth0]:1",
        "b9bef121776426480c44779d5a3de6320d7aa639@1.2.3.4:1"};
    struct node_info info = info_of_a();
    for (size_t i = 0; i < sizeof addresses / sizeof *addresses; i++) {
        const char *why = NULL;
        info.listen_addr = TEXT(addresses[i]);
        assert_int_equal(node_info_validate(&info, &why), ERR_NODE_INFO);
        assert_non_null(why);
    }
}

static void node_info_validate_rejects_texts_that_do_not_print(void **state)
{
    (void)state;
    static const struct span texts[] = {{(const uint8_t *)" ", 1}, {(const uint8_t *)"   ", 3},
        {(const uint8_t *)"a\n", 2}, {(const uint8_t *)"a\x7f", 2}, {(const uint8_t *)"\x1f", 1},
        {(const uint8_t *)"a\0b", 3}, {(const uint8_t *)"\xc3\xa4", 2}};
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
        struct node_info info = info_of_a();
        info.rpc_address = texts[i];
        assert_invalid(&info, "rpc_address is not printable ASCII");
        info.moniker = texts[i];
        assert_invalid(&info, "moniker is empty or not printable ASCII");
        info.version = texts[i];
        assert_invalid(&info, "version is not printable ASCII");
    }
    struct node_info info = info_of_a();
    info.moniker = TEXT("");
    assert_invalid(&info, "moniker is empty or not printable ASCII");
}

static void node_info_validate_rejects_channels(void **state)
{
    (void)state;
    struct node_info info = info_of_a();
    info.channels = TEXT("0123456789abcdefg");
    assert_invalid(&info, "more than 16 channels");
    info.channels = HEX("002000");
    assert_invalid(&info, "a channel is named twice");
    info.channels = HEX("ffff");
    assert_invalid(&info, "a channel is named twice");
}

static void node_info_validate_rejects_tx_index(void **state)
{
    (void)state;
    static const char *const texts[] = {"On", "on ", "of", "offf", "0"};
    struct node_info info = info_of_a();
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
        info.tx_index = TEXT(texts[i]);
        assert_invalid(&info, "tx_index is neither on nor off");
    }
}

/* Everything is wrong; each repair uncovers the next fault. */
static void node_info_validate_checks_in_the_references_order(void **state)
{
    (void)state;
    struct node_info info = {.version = TEXT(" "),
        .channels = HEX("0000"),
        .tx_index = TEXT("x"),
        .rpc_address = TEXT(" ")};
    assert_invalid(&info, "ID is not 40 lower-case hex characters");
    info.id = TEXT(A_ID_TEXT);
    assert_invalid(&info, "missing port");
    info.listen_addr = TEXT("1.2.3.4:1");
    assert_invalid(&info, "version is not printable ASCII");
    info.version = TEXT("");
    assert_invalid(&info, "a channel is named twice");
    info.channels = TEXT("");
    assert_invalid(&info, "moniker is empty or not printable ASCII");
    info.moniker = TEXT("m");
    assert_invalid(&info, "tx_index is neither on nor off");
    info.tx_index = TEXT("on");
    assert_invalid(&info, "rpc_address is not printable ASCII");
    info.rpc_address = TEXT("");
    assert_valid(&info);
}

static void node_info_compatible_compares_block_network_and_channels(void **state)
{
    (void)state;
    struct node_info own = info_of_a(), theirs = own;
    theirs.p2p_version = 9;
    theirs.app_version = 1;
    theirs.version = TEXT("");
    theirs.channels = HEX("402100");
    assert_int_equal(node_info_compatible(&own, &theirs), ERR_OK);
    theirs.channels = HEX("4021");
    assert_int_equal(node_info_compatible(&own, &theirs), ERR_NO_COMMON_CHANNEL);
    theirs.channels = TEXT("");
    assert_int_equal(node_info_compatible(&own, &theirs), ERR_NO_COMMON_CHANNEL);
    theirs.network = TEXT("test-chain-2");
    assert_int_equal(node_info_compatible(&own, &theirs), ERR_OTHER_NETWORK);
    theirs.network = TEXT("Test-chain");
    assert_int_equal(node_info_compatible(&own, &theirs), ERR_OTHER_NETWORK);
    theirs.block_version = 10;
    assert_int_equal(node_info_compatible(&own, &theirs), ERR_OTHER_BLOCK_VERSION);
}

static void node_info_compatible_with_no_own_channels(void **state)
{
    (void)state;
    struct node_info own = info_of_a(), theirs = own;
    own.channels = TEXT("");
    assert_int_equal(node_info_compatible(&own, &theirs), ERR_OK);
}

static void node_info_listen_gives_the_literal_address_F23(void **state)
{
    (void)state;
    struct node_info info = info_of_a();
    struct addr addr;
    char text[ADDR_TEXT_MAX];
    info.listen_addr = TEXT("tcp://5.6.7.8:26656");
    assert_int_equal(node_info_listen(&info, &addr), ERR_OK);
    assert_string_equal(addr_to_text(&addr, text), A_ID_TEXT "@5.6.7.8:26656");
    info.listen_addr = TEXT("tcp://seed.example.com:26656");
    assert_int_equal(node_info_listen(&info, &addr), ERR_ADDR_UNRESOLVED);
    info.listen_addr = TEXT("tcp://seed.example.com");
    assert_int_equal(node_info_listen(&info, &addr), ERR_LISTEN_ADDRESS);
    info.listen_addr = TEXT("5.6.7.8:1");
    info.id = TEXT("x");
    assert_int_equal(node_info_listen(&info, &addr), ERR_LISTEN_ADDRESS);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(node_info_encodes_as_the_vector),
        cmocka_unit_test(node_info_writes_embedded_messages_even_when_empty),
        cmocka_unit_test(node_info_encode_rejects_what_does_not_fit),
        cmocka_unit_test(node_info_encode_rejects_a_body_above_10240),
        cmocka_unit_test(node_info_decodes_the_vector),
        cmocka_unit_test(node_info_decode_leaves_missing_fields_empty),
        cmocka_unit_test(node_info_decode_rejects_malformed_bytes),
        cmocka_unit_test(node_info_validates_every_allowed_form),
        cmocka_unit_test(node_info_validate_rejects_the_id),
        cmocka_unit_test(node_info_validate_rejects_the_listen_address),
        cmocka_unit_test(node_info_validate_rejects_texts_that_do_not_print),
        cmocka_unit_test(node_info_validate_rejects_channels),
        cmocka_unit_test(node_info_validate_rejects_tx_index),
        cmocka_unit_test(node_info_validate_checks_in_the_references_order),
        cmocka_unit_test(node_info_compatible_compares_block_network_and_channels),
        cmocka_unit_test(node_info_compatible_with_no_own_channels),
        cmocka_unit_test(node_info_listen_gives_the_literal_address_F23),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
