/* core/node/admission.c: what a peer that comes or goes means to the exchange (R20 - R24). */
#include "world.h"

static struct world *open_node(void)
{
    struct node_settings settings = world_settings();
    return world_open(&settings);
}

/* ---- peers come and go ---- */

static void r20_outbound_peer_is_asked_while_the_book_needs_more(void **state)
{
    (void)state;
    struct world *world = open_node();
    uint64_t peer = world_outbound(world, 1);
    assert_int_equal(world_sent(world, PEX_REQUEST), 1);
    assert_int_equal(world_last(world, ACTION_SEND)->conn, peer);
    assert_false(world_knows(world, 1)); /* its own address is not added */
    world_free(world);
}

static void r20_outbound_peer_is_not_asked_when_the_book_has_enough(void **state)
{
    (void)state;
    struct world *world = open_node();
    world_add_peers(world, 100, 1000);
    assert_false(book_need_more(world->book));
    world_outbound(world, 1);
    assert_int_equal(world_sent(world, PEX_REQUEST), 0);
    world_free(world);
}

static void r20_peer_without_the_channel_is_not_asked(void **state)
{
    (void)state;
    struct world *world = open_node();
    world->lacks_pex = true;
    world_outbound(world, 1);
    assert_int_equal(world_sent(world, PEX_REQUEST), 0);
    world_run(world, MINUTES_MS(2));
    assert_int_equal(world_sent(world, PEX_REQUEST), 0);
    world_free(world);
}

static void r21_inbound_peer_is_added_with_itself_as_source_and_not_asked(void **state)
{
    (void)state;
    struct world *world = open_node();
    struct peer_id id = id_of(1);
    struct endpoint remote = remote_of(1);
    uint64_t number = world_accept(world, &remote);
    world_establish(world, number, &id, "tcp://99.1.2.3:7777");
    assert_int_equal(world->done_n, 0);
    const struct book_entry *entry = book_find(world->book, &id);
    assert_non_null(entry);
    assert_true(entry->connected);
    assert_int_equal(entry->addr.at.port, 7777);
    struct ip claimed = ip_of_v4(0x63010203);
    assert_true(ip_equal(&entry->addr.at.ip, &claimed));
    const struct addr *source = book_source(world->book, entry, 0);
    assert_true(peer_id_equal(&source->id, &id));
    assert_true(ip_equal(&source->at.ip, &remote.ip)); /* F20: the socket's, not the claim */
    assert_int_equal(source->at.port, 7777);
    world_free(world);
}

static void r21_private_peer_is_not_added(void **state)
{
    (void)state;
    struct node_settings settings = world_settings();
    struct peer_id private_id = id_of(1);
    settings.private_ids = &private_id;
    settings.private_ids_n = 1;
    struct world *world = world_open(&settings);
    world_inbound(world, 1);
    assert_true(world_logged(world, "address refused by the book")); /* R22 */
    assert_false(world_knows(world, 1));
    uint64_t teller = world_outbound(world, 2);
    world_list_of(world, teller, 1, 1);
    assert_false(world_knows(world, 1));
    world_free(world);
}

static void r23_unspecified_listen_address_is_not_added_but_the_peer_stays(void **state)
{
    (void)state;
    struct world *world = open_node();
    struct peer_id id = id_of(1);
    struct endpoint remote = remote_of(1);
    uint64_t number = world_accept(world, &remote);
    world_establish(world, number, &id, "tcp://0.0.0.0:26656");
    assert_true(world_is_peer(world, number));
    assert_int_equal(book_count(world->book), 0);
    world_free(world);
}

static void f23_listen_address_by_name_is_skipped_and_never_looked_up(void **state)
{
    (void)state;
    struct world *world = open_node();
    struct peer_id id = id_of(1);
    struct endpoint remote = remote_of(1);
    uint64_t number = world_accept(world, &remote);
    world_establish(world, number, &id, "tcp://node.example:26656");
    assert_true(world_is_peer(world, number));
    assert_int_equal(world_count(world, ACTION_RESOLVE), 0);
    assert_int_equal(book_count(world->book), 0);
    world_free(world);
}

static void r24_a_returning_peer_has_no_request_of_ours_and_none_of_its_own(void **state)
{
    (void)state;
    struct world *world = open_node();
    uint64_t peer = world_outbound(world, 1);
    world_closed(world, peer, ERR_CLOSED_BY_PEER);
    world_run(world, SECONDS_MS(20));
    peer = world_inbound(world, 1);
    world_request(world, peer);
    world_request(world, peer); /* the free pass is there again */
    assert_true(world_is_peer(world, peer));
    world_list_of(world, peer, 50, 1); /* R32: what was asked before does not count */
    assert_false(world_is_peer(world, peer));
    assert_true(world_is_banned(world, 1));
    world_free(world);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(r20_outbound_peer_is_asked_while_the_book_needs_more),
        cmocka_unit_test(r20_outbound_peer_is_not_asked_when_the_book_has_enough),
        cmocka_unit_test(r20_peer_without_the_channel_is_not_asked),
        cmocka_unit_test(r21_inbound_peer_is_added_with_itself_as_source_and_not_asked),
        cmocka_unit_test(r21_private_peer_is_not_added),
        cmocka_unit_test(r23_unspecified_listen_address_is_not_added_but_the_peer_stays),
        cmocka_unit_test(f23_listen_address_by_name_is_skipped_and_never_looked_up),
        cmocka_unit_test(r24_a_returning_peer_has_no_request_of_ours_and_none_of_its_own),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
