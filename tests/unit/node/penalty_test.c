/* core/node/penalty.c: the punishment matrix (1.10), row by row; rows about dials are in
 * dialer_test.c, the two of a crawled seed in exchange_test.c. */
#include "world.h"

static struct world *open_node(void)
{
    struct node_settings settings = world_settings();
    return world_open(&settings);
}

static void m1_undecodable_message_and_others_below_us_disconnect_without_a_ban(void **state)
{
    (void)state;
    static const enum err errs[] = {ERR_PEX_UNDECODABLE, ERR_TOO_LONG, ERR_CHANNEL_CAPACITY,
        ERR_CHANNEL_UNKNOWN, ERR_PACKET_KIND, ERR_PACKET_TOO_LONG, ERR_FRAME_TAG};
    struct world *world = open_node();
    for (uint32_t i = 0; i < 7; i++) {
        uint64_t number = world_inbound(world, i + 1);
        world_closed(world, number, errs[i]);
        assert_string_equal(
            world->fake.kind, err_name(errs[i])); /* the policy may think otherwise */
        assert_false(world_is_banned(world, i + 1));
        assert_true(world_logged(world, "peer stopped for error"));
    }
    world_free(world);
}

static void m2_ends_that_honest_peers_bring_about_are_no_incidents(void **state)
{
    (void)state;
    static const enum err errs[] = {ERR_CLOSED_BY_PEER, ERR_RESET, ERR_TIMEOUT, ERR_PONG_TIMEOUT,
        ERR_HOST_UNREACHABLE, ERR_UNREACHABLE, ERR_IO};
    struct world *world = open_node();
    for (uint32_t i = 0; i < 7; i++)
        world_closed(world, world_inbound(world, i + 1), errs[i]);
    assert_int_equal(world->fake.asked[HOOK_ban], 0);
    world_free(world);
}

/* The third quick request (R27), a list with a bad address (R33), one nobody asked for (R32). */
static void offend_too_soon(struct world *world, uint64_t number)
{
    for (unsigned i = 0; i < 3; i++)
        world_request(world, number);
}

static void offend_unsolicited(struct world *world, uint64_t number)
{
    world_list_of(world, number, 500, 1);
}

struct offence {
    void (*commit)(struct world *world, uint64_t number);
    enum err kind;
};

static const struct offence offences[] = {
    {offend_too_soon, ERR_PEX_TOO_SOON},
    {world_bad_list, ERR_PEX_BAD_ADDRESS},
    {offend_unsolicited, ERR_PEX_UNSOLICITED},
};

static void m3_the_three_offences_disconnect_and_ban_for_24_hours(void **state)
{
    (void)state;
    for (unsigned i = 0; i < 3; i++) {
        struct world *world = open_node();
        offences[i].commit(world, world_inbound(world, 1));
        assert_int_equal(world_only(world, ACTION_CLOSE)->why, offences[i].kind);
        assert_int_equal(world_only(world, ACTION_CLOSE)->flush_ms, 0);
        assert_false(world_knows(world, 1)); /* it had announced itself */
        struct peer_id id = id_of(1);
        const struct ban *ban = bans_by_id(book_bans(world->book), world->now, &id);
        assert_int_equal(ban->until_ms - world->now.wall_ms, HOURS_MS(24));
        assert_string_equal(ban->reason, err_name(offences[i].kind));
        assert_int_equal(node_counts(world->node).bans, 1);
        world_free(world);
    }
}

static void m3_persistent_and_unconditional_peers_and_seeds_are_never_banned(void **state)
{
    (void)state;
    struct node_settings settings = world_settings_naming_two();
    struct addr_text seed = text_of(3, "seed.example");
    settings.seeds = &seed;
    settings.seeds_n = 1;
    for (unsigned i = 0; i < 3; i++) {
        struct world *world = world_open(&settings);
        for (uint32_t n = 1; n <= 3; n++) {
            offences[i].commit(world, world_inbound(world, n));
            assert_int_equal(world_only(world, ACTION_CLOSE)->why, offences[i].kind);
        }
        assert_int_equal(bans_count(book_bans(world->book)), 0);
        world_free(world);
    }
}

static void m3_a_persistent_peer_that_offends_is_dialed_again(void **state)
{
    (void)state;
    struct node_settings settings = world_settings();
    struct addr_text friend = text_of(1, NULL);
    settings.persistent_peers = &friend;
    settings.persistent_peers_n = 1;
    struct world *world = world_open(&settings);
    world_run(world, SECONDS_MS(3));
    world_connect(world, world_number(world, 1));
    world_run(world, SECONDS_MS(10));
    world_bad_list(world, world_number(world, 1));
    assert_true(world_dialed(world, 1)); /* S14 */
    world_free(world);
}

static void m4_entries_the_book_refuses_cost_nothing(void **state)
{
    (void)state;
    struct world *world = open_node();
    uint64_t peer = world_outbound(world, 1);
    struct addr addrs[20];
    for (uint32_t i = 0; i < 20; i++)
        addrs[i] = addr_at(50 + i, 0x0a000001 + i);
    world_list(world, peer, addrs, 20);
    assert_true(world_is_peer(world, peer)); /* R35 */
    assert_int_equal(world->fake.asked[HOOK_ban], 0);
    world_free(world);
}

static void incidents_of_an_id_are_counted_over_its_connections_for_a_day(void **state)
{
    (void)state;
    struct world *world = open_node();
    for (unsigned i = 1; i <= 3; i++) {
        world_closed(world, world_inbound(world, 1), ERR_FRAME_TAG);
        assert_int_equal(world->fake.incidents, i);
    }
    world_run(world, HOURS_MS(24) + 1);
    world_closed(world, world_inbound(world, 1), ERR_FRAME_TAG);
    assert_int_equal(world->fake.incidents, 1);
    world_free(world);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(m1_undecodable_message_and_others_below_us_disconnect_without_a_ban),
        cmocka_unit_test(m2_ends_that_honest_peers_bring_about_are_no_incidents),
        cmocka_unit_test(m3_the_three_offences_disconnect_and_ban_for_24_hours),
        cmocka_unit_test(m3_persistent_and_unconditional_peers_and_seeds_are_never_banned),
        cmocka_unit_test(m3_a_persistent_peer_that_offends_is_dialed_again),
        cmocka_unit_test(m4_entries_the_book_refuses_cost_nothing),
        cmocka_unit_test(incidents_of_an_id_are_counted_over_its_connections_for_a_day),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
