/* The handshake as a whole, key exchange and authentication: wire.md 2.1, 2.2, 3, Appendix A. */
#include "unit/link/pair.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>

#include <cmocka.h>

static void assert_hex(const uint8_t *bytes, const char *hex)
{
    for (size_t i = 0; hex[2 * i]; i++) {
        unsigned byte;
        sscanf(hex + 2 * i, "%2x", &byte);
        assert_int_equal(bytes[i], byte);
    }
}

static void handshake_sends_the_bytes_of_appendix_a(void **state)
{
    (void)state;
    uint8_t from_a[LINK_TRANSMIT_MIN], from_b[LINK_TRANSMIT_MIN];
    side_open(&a, &b.key.id, EPHEMERAL_A, at(0));
    side_open(&b, NULL, EPHEMERAL_B, at(0));
    assert_int_equal(link_transmit(a.link, at(0), from_a, sizeof from_a), 35);
    assert_hex(from_a, "220a208f40c5adb68f25624ae5b214ea767a6ec94d829d3d7b5e1ad1ba6f3e2138285f");
    assert_int_equal(link_receive(b.link, at(0), from_a, 35), ERR_OK);
    assert_int_equal(link_transmit(b.link, at(0), from_b, sizeof from_b), 35 + FRAME_SEALED);
    assert_hex(from_b, "220a2079a631eede1bf9c98f12032cdeadd0e7a079398fc786b88cc846ec89af85a51a");
    assert_int_equal(link_receive(a.link, at(0), from_b, 35), ERR_OK);
    memmove(from_b, from_b + 35, FRAME_SEALED);

    assert_int_equal(link_transmit(a.link, at(0), from_a, sizeof from_a), FRAME_SEALED);
    assert_hex(from_a, "b5efb63cb6b17a8b3ce5372a3dfa11e3");
    assert_hex(from_a + FRAME_PLAIN, "8257c2adb7ab5af72f6417c8437b2527");
    assert_hex(from_b, "2dcdb4d84e6eae85b12d8bd1923715a5");
    assert_hex(from_b + FRAME_PLAIN, "d9dc5e4d4f0ce7f360f3c269747ee90a");

    assert_int_equal(link_receive(a.link, at(0), from_b, FRAME_SEALED), ERR_OK);
    assert_int_equal(link_transmit(a.link, at(0), from_a, sizeof from_a), FRAME_SEALED);
    assert_hex(from_a, "77be5732662de4134526e581acee65cc");
    assert_hex(from_a + FRAME_PLAIN, "e2abb1b0f3097cc0fb661815d3d314ba");
}

/* Whoever connects and says nothing costs neither a key nor a byte. */
static void inbound_link_waits_for_the_peers_key(void **state)
{
    (void)state;
    uint8_t out[LINK_TRANSMIT_MIN], message[EPHEMERAL_MESSAGE_SIZE];
    side_open(&a, NULL, EPHEMERAL_A, at(0));
    assert_int_equal(link_transmit(a.link, at(0), out, sizeof out), 0);
    ephemeral_message_encode(puppet.ephemeral.public_key, message);
    assert_int_equal(link_receive(a.link, at(1), message, sizeof message - 1), ERR_OK);
    assert_int_equal(link_transmit(a.link, at(1), out, sizeof out), 0);
    assert_int_equal(link_receive(a.link, at(2), message + sizeof message - 1, 1), ERR_OK);
    assert_int_equal(
        link_transmit(a.link, at(2), out, sizeof out), EPHEMERAL_MESSAGE_SIZE + FRAME_SEALED);
}

static void handshake_completes_whatever_the_split(void **state)
{
    (void)state;
    static const size_t splits[] = {0, 1, 2, 7, 34, 35, 36, 1043, 1044, 1045, 2087};
    for (size_t i = 0; i < sizeof splits / sizeof *splits; i++) {
        setup(NULL);
        side_open(&a, &b.key.id, EPHEMERAL_A, at(0));
        side_open(&b, NULL, EPHEMERAL_B, at(0));
        converse(&a, &b, at(0), splits[i]);
        assert_int_equal(a.established_n, 1);
        assert_int_equal(b.established_n, 1);
        assert_true(peer_id_equal(&a.established_id, &b.key.id));
        assert_true(peer_id_equal(link_peer_id(b.link), &a.key.id));
        teardown(NULL);
    }
}

static void handshake_takes_all_of_a_peers_bytes_at_once(void **state)
{
    (void)state;
    /* key, authentication and node info of a peer that already has our key, in one read */
    side_open(&a, &puppet.key.id, EPHEMERAL_A, at(0));
    uint8_t all[EPHEMERAL_MESSAGE_SIZE + 2 * FRAME_SEALED];
    puppet_read_key(&puppet, &a, at(0));
    ephemeral_message_encode(puppet.ephemeral.public_key, all);
    struct auth_message auth;
    memcpy(auth.public_key, node_key_public(&puppet.key), 32);
    node_key_sign(&puppet.key, span_of(puppet.challenge, 32), auth.signature);
    uint8_t text[FRAME_DATA_MAX];
    auth_message_encode(&auth, text);
    frame_seal(&puppet.seal, span_of(text, AUTH_MESSAGE_SIZE), all + EPHEMERAL_MESSAGE_SIZE);
    size_t n;
    struct node_info info = info_of(puppet.id_text);
    assert_int_equal(node_info_encode(&info, text, sizeof text, &n), ERR_OK);
    frame_seal(&puppet.seal, span_of(text, n), all + EPHEMERAL_MESSAGE_SIZE + FRAME_SEALED);
    assert_int_equal(link_receive(a.link, at(0), all, sizeof all), ERR_OK);
    assert_true(link_is_established(a.link));
}

static void handshake_reads_messages_that_share_a_frame(void **state)
{
    (void)state;
    side_open(&a, NULL, EPHEMERAL_A, at(0));
    assert_int_equal(puppet_meet(&puppet, &a, at(0)), ERR_OK);
    struct auth_message auth;
    memcpy(auth.public_key, node_key_public(&puppet.key), 32);
    node_key_sign(&puppet.key, span_of(puppet.challenge, 32), auth.signature);
    uint8_t text[FRAME_DATA_MAX];
    auth_message_encode(&auth, text);
    size_t n;
    struct node_info info = info_of(puppet.id_text);
    size_t cap = sizeof text - AUTH_MESSAGE_SIZE;
    assert_int_equal(node_info_encode(&info, text + AUTH_MESSAGE_SIZE, cap, &n), ERR_OK);
    memcpy(text + AUTH_MESSAGE_SIZE + n, "\x02\x0a\x00", 3); /* and a ping */
    struct span all = span_of(text, AUTH_MESSAGE_SIZE + n + 3);
    assert_int_equal(puppet_send_frame(&puppet, &a, at(0), all), ERR_OK);
    assert_true(link_is_established(a.link));
    uint8_t out[2 * FRAME_DATA_MAX];
    n = puppet_take(&puppet, &a, at(0), out, sizeof out);
    assert_memory_equal(out + n - 3, "\x02\x12\x00", 3);
}

static void handshake_reads_one_byte_per_frame_and_skips_empty_ones(void **state)
{
    (void)state;
    side_open(&a, NULL, EPHEMERAL_A, at(0));
    assert_int_equal(puppet_meet(&puppet, &a, at(0)), ERR_OK);
    assert_int_equal(puppet_authenticate(&puppet, &a, at(0)), ERR_OK);
    uint8_t text[FRAME_DATA_MAX];
    size_t n;
    struct node_info info = info_of(puppet.id_text);
    assert_int_equal(node_info_encode(&info, text, sizeof text, &n), ERR_OK);
    for (size_t i = 0; i < n; i++) {
        assert_false(link_is_established(a.link));
        struct span empty = {0};
        assert_int_equal(puppet_send_frame(&puppet, &a, at(0), empty), ERR_OK);
        assert_int_equal(puppet_send_frame(&puppet, &a, at(0), span_of(text + i, 1)), ERR_OK);
    }
    assert_true(link_is_established(a.link));
}

static void key_exchange_rejects(struct span message, enum err expected)
{
    setup(NULL);
    side_open(&a, NULL, EPHEMERAL_A, at(0));
    assert_int_equal(side_receive(&a, at(0), message), expected);
    assert_int_equal(link_receive(a.link, at(0), (uint8_t[]){0}, 1), expected);
    uint8_t out[LINK_TRANSMIT_MIN];
    assert_int_equal(link_transmit(a.link, at(0), out, sizeof out), 0);
    assert_null(link_peer_id(a.link));
    teardown(NULL);
}

static void key_exchange_rejects_malformed_messages(void **state)
{
    (void)state;
    uint8_t bytes[64] = {0x21, 0x0a, 0x1f};
    key_exchange_rejects(span_of(bytes, 34), ERR_KEY_EXCHANGE); /* 31 bytes */
    memcpy(bytes, "\x23\x0a\x21", 3);
    key_exchange_rejects(span_of(bytes, 36), ERR_KEY_EXCHANGE); /* 33 bytes */
    key_exchange_rejects(span_of("\0", 1), ERR_KEY_EXCHANGE);   /* empty body */
}

static void key_exchange_fails_on_the_length_before_any_body_byte(void **state)
{
    (void)state;
    key_exchange_rejects(span_of("\x41", 1), ERR_TOO_LONG);
    key_exchange_rejects(span_of("\xff\xff\xff\xff\xff\xff\xff\xff\xff\x02", 10), ERR_VARINT);
}

static void key_exchange_rejects_low_order_points(void **state)
{
    (void)state;
    uint8_t message[35] = {0x22, 0x0a, 0x20};
    key_exchange_rejects(span_of(message, sizeof message), ERR_LOW_ORDER_POINT); /* 0 */
    message[3] = 1;
    key_exchange_rejects(span_of(message, sizeof message), ERR_LOW_ORDER_POINT); /* 1 */
}

/* wire.md 3.4: a reflected key is not looked for, but its frames do not open */
static void reflected_bytes_fail_the_first_frame(void **state)
{
    (void)state;
    side_open(&a, &b.key.id, EPHEMERAL_A, at(0));
    uint8_t bytes[LINK_TRANSMIT_MIN];
    size_t n = link_transmit(a.link, at(0), bytes, sizeof bytes);
    assert_int_equal(link_receive(a.link, at(0), bytes, n), ERR_OK);
    n = link_transmit(a.link, at(0), bytes, sizeof bytes);
    assert_int_equal(link_receive(a.link, at(0), bytes, n), ERR_FRAME_TAG);
}

static void frame_with_a_wrong_tag_or_length_ends_the_link(void **state)
{
    (void)state;
    side_open(&a, NULL, EPHEMERAL_A, at(0));
    assert_int_equal(puppet_meet(&puppet, &a, at(0)), ERR_OK);
    uint8_t frame[FRAME_SEALED] = {0};
    assert_int_equal(link_receive(a.link, at(0), frame, sizeof frame), ERR_FRAME_TAG);
    teardown(NULL);
    setup(NULL);
    side_open(&a, NULL, EPHEMERAL_A, at(0));
    assert_int_equal(puppet_meet(&puppet, &a, at(0)), ERR_OK);
    memcpy(frame, "\x01\x04\x00\x00", 4); /* 1025 */
    frame_cipher_seal(&puppet.seal, frame, FRAME_PLAIN, frame);
    assert_int_equal(link_receive(a.link, at(0), frame, sizeof frame), ERR_FRAME_LENGTH);
}

static void authentication_rejects(struct span message, enum err expected)
{
    setup(NULL);
    side_open(&a, NULL, EPHEMERAL_A, at(0));
    assert_int_equal(puppet_meet(&puppet, &a, at(0)), ERR_OK);
    assert_int_equal(puppet_send(&puppet, &a, at(0), message), expected);
    assert_null(link_peer_id(a.link));
    teardown(NULL);
}

static void authentication_rejects_malformed_messages(void **state)
{
    (void)state;
    uint8_t bytes[AUTH_MESSAGE_SIZE] = {0};
    memcpy(bytes, "\x66\x0a\x22\x0a\x20", 5);
    memcpy(bytes + 37, "\x12\x40", 2);
    struct span message = span_of(bytes, sizeof bytes);
    authentication_rejects(message, ERR_AUTH_SIGNATURE); /* all-zero key and signature */
    bytes[3] = 0x12;                                     /* secp256k1 */
    authentication_rejects(message, ERR_AUTH_KEY);
    authentication_rejects(span_of("\0", 1), ERR_AUTH_KEY);
    authentication_rejects(span_of("\x01\x0b", 2), ERR_UNDECODABLE);
    authentication_rejects(span_of("\x81\x04", 2), ERR_TOO_LONG); /* 513 */
}

static void authentication_rejects_a_signature_of_another_challenge(void **state)
{
    (void)state;
    side_open(&a, NULL, EPHEMERAL_A, at(0));
    assert_int_equal(puppet_meet(&puppet, &a, at(0)), ERR_OK);
    puppet.challenge[0] ^= 1;
    assert_int_equal(puppet_authenticate(&puppet, &a, at(0)), ERR_AUTH_SIGNATURE);
}

/* wire.md 2.2 step 4: found before our node info is sent */
static void wrong_id_is_found_before_our_node_info_goes_out(void **state)
{
    (void)state;
    struct node_key other = key_from(SEED_C);
    side_open(&a, &other.id, EPHEMERAL_A, at(0));
    assert_int_equal(puppet_meet(&puppet, &a, at(0)), ERR_OK);
    uint8_t out[LINK_TRANSMIT_MIN];
    assert_int_equal(puppet_take(&puppet, &a, at(0), out, sizeof out), AUTH_MESSAGE_SIZE);
    assert_int_equal(puppet_authenticate(&puppet, &a, at(0)), ERR_WRONG_ID);
    assert_int_equal(link_transmit(a.link, at(0), out, sizeof out), 0);
    assert_true(peer_id_equal(link_peer_id(a.link), &puppet.key.id));
}

/* F18, wire.md 2.1: one deadline for keys and authentication, a fresh one for node info */
static void handshake_deadlines_are_absolute(void **state)
{
    (void)state;
    side_open(&a, NULL, EPHEMERAL_A, at(1000));
    assert_int_equal(link_deadline(a.link), 4000);
    uint8_t key[] = {0x22, 0x0a};
    assert_int_equal(link_receive(a.link, at(2500), key, 1), ERR_OK);
    assert_int_equal(link_receive(a.link, at(3999), key + 1, 1), ERR_OK);
    assert_int_equal(link_deadline(a.link), 4000);
    assert_int_equal(link_tick(a.link, at(3999)), ERR_OK);
    assert_int_equal(link_tick(a.link, at(4000)), ERR_HANDSHAKE_TIMEOUT);
    assert_int_equal(link_deadline(a.link), NEVER_MS);
}

static void handshake_deadline_starts_anew_for_node_info(void **state)
{
    (void)state;
    side_open(&a, NULL, EPHEMERAL_A, at(0));
    assert_int_equal(puppet_meet(&puppet, &a, at(1000)), ERR_OK);
    assert_int_equal(link_deadline(a.link), 3000);
    assert_int_equal(puppet_authenticate(&puppet, &a, at(2999)), ERR_OK);
    assert_int_equal(link_deadline(a.link), 5999);
    assert_int_equal(link_tick(a.link, at(5999)), ERR_HANDSHAKE_TIMEOUT);
}

static void bytes_after_the_deadline_come_too_late(void **state)
{
    (void)state;
    side_open(&a, NULL, EPHEMERAL_A, at(0));
    uint8_t message[EPHEMERAL_MESSAGE_SIZE];
    ephemeral_message_encode(puppet.ephemeral.public_key, message);
    assert_int_equal(
        link_receive(a.link, at(3000), message, sizeof message), ERR_HANDSHAKE_TIMEOUT);
}

#define CASE(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int main(void)
{
    if (!crypto_init())
        return 1;
    const struct CMUnitTest tests[] = {
        CASE(handshake_sends_the_bytes_of_appendix_a),
        CASE(inbound_link_waits_for_the_peers_key),
        CASE(handshake_completes_whatever_the_split),
        CASE(handshake_takes_all_of_a_peers_bytes_at_once),
        CASE(handshake_reads_messages_that_share_a_frame),
        CASE(handshake_reads_one_byte_per_frame_and_skips_empty_ones),
        CASE(key_exchange_rejects_malformed_messages),
        CASE(key_exchange_fails_on_the_length_before_any_body_byte),
        CASE(key_exchange_rejects_low_order_points),
        CASE(reflected_bytes_fail_the_first_frame),
        CASE(frame_with_a_wrong_tag_or_length_ends_the_link),
        CASE(authentication_rejects_malformed_messages),
        CASE(authentication_rejects_a_signature_of_another_challenge),
        CASE(wrong_id_is_found_before_our_node_info_goes_out),
        CASE(handshake_deadlines_are_absolute),
        CASE(handshake_deadline_starts_anew_for_node_info),
        CASE(bytes_after_the_deadline_come_too_late),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
