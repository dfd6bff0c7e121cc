/* Node info and its checks: wire.md 2.2 steps 5 - 9, 4. */
#include "unit/link/pair.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>

#include <cmocka.h>

static void handshake_sends_long_node_info_in_several_frames(void **state)
{
    (void)state;
    static char rpc[10000];
    memset(rpc, 'r', sizeof rpc);
    a.settings.own.rpc_address = span_of(rpc, sizeof rpc);
    side_open(&a, &b.key.id, EPHEMERAL_A, at(0));
    side_open(&b, NULL, EPHEMERAL_B, at(0));
    converse(&a, &b, at(0), 13);
    assert_int_equal(b.established_n, 1);
    assert_int_equal(link_memory(b.link), link_memory(a.link));
}

static void own_node_info_that_is_too_long_is_our_fault(void **state)
{
    (void)state;
    static char rpc[NODE_INFO_BODY_MAX];
    memset(rpc, 'r', sizeof rpc);
    a.settings.own.rpc_address = span_of(rpc, sizeof rpc);
    side_open(&a, NULL, EPHEMERAL_A, at(0));
    assert_int_equal(puppet_meet(&puppet, &a, at(0)), ERR_OK);
    assert_int_equal(puppet_authenticate(&puppet, &a, at(0)), ERR_INVALID);
}

static void node_info_rejects(const struct node_info *info, unsigned puppet_seed, enum err expected)
{
    setup(NULL);
    puppet_init(&puppet, puppet_seed);
    side_open(&a, NULL, EPHEMERAL_A, at(0));
    assert_int_equal(puppet_meet(&puppet, &a, at(0)), ERR_OK);
    assert_int_equal(puppet_authenticate(&puppet, &a, at(0)), ERR_OK);
    assert_int_equal(puppet_introduce(&puppet, &a, at(0), info), expected);
    assert_int_equal(a.established_n, 0);
    assert_true(peer_id_equal(link_peer_id(a.link), &puppet.key.id));
    assert_false(link_is_established(a.link));
    /* what we sealed before still goes out: the peer can tell its operator what differs */
    uint8_t said[NODE_INFO_BODY_MAX];
    size_t n = puppet_take(&puppet, &a, at(0), said, sizeof said);
    assert_true(n > AUTH_MESSAGE_SIZE);
    assert_true(link_is_drained(a.link));
    teardown(NULL);
}

/* wire.md 2.2 steps 6 - 9; each case fails the later checks as well, so the order shows */
static void node_info_is_checked_in_the_order_of_the_steps(void **state)
{
    (void)state;
    struct side own;
    side_init(&own, SEED_A);
    struct node_info info = info_of(own.id_text);
    info.network = span_of_text("other-chain");
    info.moniker = (struct span){0};
    node_info_rejects(&info, SEED_B, ERR_NODE_INFO);
    info.moniker = span_of_text("m");
    node_info_rejects(&info, SEED_B, ERR_NODE_INFO_ID);
    node_info_rejects(&info, SEED_A, ERR_SELF);
}

static struct node_info info_of_b(struct side *other)
{
    side_init(other, SEED_B);
    return info_of(other->id_text);
}

static void tells(const struct node_info *info, enum err err, const char *detail)
{
    setup(NULL);
    puppet_init(&puppet, SEED_B);
    side_open(&a, NULL, EPHEMERAL_A, at(0));
    assert_int_equal(puppet_meet(&puppet, &a, at(0)), ERR_OK);
    assert_int_equal(puppet_authenticate(&puppet, &a, at(0)), ERR_OK);
    assert_null(link_detail(a.link));
    assert_int_equal(puppet_introduce(&puppet, &a, at(0), info), err);
    assert_string_equal(link_detail(a.link), detail);
    teardown(NULL);
}

static void tells_network(const char *sent, const char *detail)
{
    struct side other;
    struct node_info info = info_of_b(&other);
    info.network = span_of_text(sent);
    tells(&info, ERR_OTHER_NETWORK, detail);
}

static void both_networks_are_named(void **state)
{
    (void)state;
    tells_network("other-chain", "our network is test-chain, theirs is other-chain");
    tells_network("", "our network is test-chain, theirs is empty");
    tells_network("a\x1b[31m\nb", "our network is test-chain, theirs is a?[31m?b");
    tells_network("12345678901234567890123456789012345678901234567890+more",
        "our network is test-chain, theirs is 12345678901234567890123456789012345678901234567890");
}

static void what_is_wrong_with_a_node_info_is_told(void **state)
{
    (void)state;
    struct side other;
    struct node_info info = info_of_b(&other);
    info.block_version = 12;
    tells(&info, ERR_OTHER_BLOCK_VERSION, "our block protocol is 11, theirs is 12");
    info = info_of_b(&other);
    info.channels = span_of("\x20\x21", 2);
    tells(&info, ERR_NO_COMMON_CHANNEL, "our channels: 00, theirs: 20 21");
    info = info_of_b(&other);
    info.moniker = (struct span){0};
    tells(&info, ERR_NODE_INFO, "moniker is empty or not printable ASCII");
}

static void node_info_must_be_compatible(void **state)
{
    (void)state;
    struct side other;
    side_init(&other, SEED_B);
    struct node_info info = info_of(other.id_text);
    info.block_version = 10;
    info.network = span_of_text("other-chain");
    info.channels = span_of("\x20", 1);
    node_info_rejects(&info, SEED_B, ERR_OTHER_BLOCK_VERSION);
    info.block_version = BLOCK_PROTOCOL;
    node_info_rejects(&info, SEED_B, ERR_OTHER_NETWORK);
    info.network = span_of_text("test-chain");
    node_info_rejects(&info, SEED_B, ERR_NO_COMMON_CHANNEL);
}

/* F20, wire.md 1.2: IDs are compared as text */
static void node_info_with_an_upper_case_id_is_refused(void **state)
{
    (void)state;
    struct side other;
    side_init(&other, SEED_B);
    for (char *c = other.id_text; *c; c++)
        *c = (char)(*c >= 'a' ? *c - 'a' + 'A' : *c);
    struct node_info info = info_of(other.id_text);
    side_open(&a, NULL, EPHEMERAL_A, at(0));
    assert_int_equal(puppet_meet(&puppet, &a, at(0)), ERR_OK);
    assert_int_equal(puppet_authenticate(&puppet, &a, at(0)), ERR_OK);
    assert_int_not_equal(puppet_introduce(&puppet, &a, at(0), &info), ERR_OK);
}

/* F23: never looked up, never a reason to refuse */
static void node_info_with_a_host_name_is_accepted(void **state)
{
    (void)state;
    struct node_info info = info_of(puppet.id_text);
    info.listen_addr = span_of_text("tcp://seed.example.org:26656");
    side_open(&a, NULL, EPHEMERAL_A, at(0));
    assert_int_equal(puppet_meet(&puppet, &a, at(0)), ERR_OK);
    assert_int_equal(puppet_authenticate(&puppet, &a, at(0)), ERR_OK);
    assert_int_equal(puppet_introduce(&puppet, &a, at(0), &info), ERR_OK);
    assert_true(link_is_established(a.link));
}

static void node_info_body_is_limited_before_it_is_read(void **state)
{
    (void)state;
    side_open(&a, NULL, EPHEMERAL_A, at(0));
    assert_int_equal(puppet_meet(&puppet, &a, at(0)), ERR_OK);
    assert_int_equal(puppet_authenticate(&puppet, &a, at(0)), ERR_OK);
    assert_int_equal(puppet_send(&puppet, &a, at(0), span_of("\x80\x50", 2)), ERR_OK); /* 10240 */
    teardown(NULL);
    setup(NULL);
    side_open(&a, NULL, EPHEMERAL_A, at(0));
    assert_int_equal(puppet_meet(&puppet, &a, at(0)), ERR_OK);
    assert_int_equal(puppet_authenticate(&puppet, &a, at(0)), ERR_OK);
    assert_int_equal(puppet_send(&puppet, &a, at(0), span_of("\x81\x50", 2)), ERR_TOO_LONG);
}

static void two_links_of_one_node_find_out(void **state)
{
    (void)state;
    side_init(&b, SEED_A);
    side_open(&a, &a.key.id, EPHEMERAL_A, at(0));
    side_open(&b, NULL, EPHEMERAL_B, at(0));
    converse(&a, &b, at(0), 0);
    assert_int_equal(link_tick(b.link, at(0)), ERR_SELF);
    assert_int_equal(a.established_n + b.established_n, 0);
}

#define CASE(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int main(void)
{
    if (!crypto_init())
        return 1;
    const struct CMUnitTest tests[] = {
        CASE(handshake_sends_long_node_info_in_several_frames),
        CASE(own_node_info_that_is_too_long_is_our_fault),
        CASE(node_info_is_checked_in_the_order_of_the_steps),
        CASE(both_networks_are_named),
        CASE(what_is_wrong_with_a_node_info_is_told),
        CASE(node_info_must_be_compatible),
        CASE(node_info_with_an_upper_case_id_is_refused),
        CASE(node_info_with_a_host_name_is_accepted),
        CASE(node_info_body_is_limited_before_it_is_read),
        CASE(two_links_of_one_node_find_out),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
