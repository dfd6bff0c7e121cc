/* core/node/penalty.c: what no script may decide about bans (P17). */
#include "world.h"

static struct world *open_node(void)
{
    struct node_settings settings = world_settings();
    return world_open(&settings);
}

static void offend_too_soon(struct world *world, uint64_t number)
{
    for (unsigned i = 0; i < 3; i++)
        world_request(world, number);
}

/* ---- what scripts may not decide (P17) ---- */

static struct ban_verdict twisted;

static void twist(struct fake_policy *fake, enum hook hook, const void *view, void *verdict)
{
    (void)fake;
    (void)view;
    if (hook == HOOK_ban)
        *(struct ban_verdict *)verdict = twisted;
}

static struct world *open_twisted(const struct node_settings *settings, double ban_s, int scope)
{
    struct world *world = world_open(settings);
    twisted =
        (struct ban_verdict){.ban_s = ban_s, .scope = (enum policy_scope)scope, .disconnect = true};
    world->fake.twist = twist;
    return world;
}

static void p17_bans_last_between_a_minute_and_30_days(void **state)
{
    (void)state;
    static const double seconds[] = {0.001, 59, 60, 7200, 2592000, 1e300, INFINITY};
    static const int64_t want_s[] = {60, 60, 60, 7200, 2592000, 2592000, 2592000};
    struct node_settings settings = world_settings();
    for (unsigned i = 0; i < 7; i++) {
        struct world *world = open_twisted(&settings, seconds[i], POLICY_SCOPE_id);
        world_bad_list(world, world_inbound(world, 1));
        struct peer_id id = id_of(1);
        const struct ban *ban = bans_by_id(book_bans(world->book), world->now, &id);
        assert_int_equal(ban->until_ms - world->now.wall_ms, SECONDS_MS(want_s[i]));
        world_free(world);
    }
}

static void p17_no_number_of_seconds_is_no_ban(void **state)
{
    (void)state;
    static const double seconds[] = {0, -1, -INFINITY, NAN};
    struct node_settings settings = world_settings();
    for (unsigned i = 0; i < 4; i++) {
        struct world *world = open_twisted(&settings, seconds[i], POLICY_SCOPE_id);
        world_bad_list(world, world_inbound(world, 1));
        assert_int_equal(bans_count(book_bans(world->book)), 0);
        world_free(world);
    }
}

static void p17_some_offences_always_disconnect(void **state)
{
    (void)state;
    struct node_settings settings = world_settings();
    struct world *world = open_twisted(&settings, 0, POLICY_SCOPE_id);
    twisted.disconnect = false;
    uint64_t spared = world_inbound(world, 1), gone = world_inbound(world, 2);
    offend_too_soon(world, spared);
    world_bad_list(world, spared);
    assert_true(world_is_peer(world, spared));
    assert_int_equal(world_sent(world, PEX_ADDRS), 0); /* but no answer (P12) */
    world_list_of(world, gone, 500, 1);
    assert_false(world_is_peer(world, gone));
    twisted.is_false = true;
    gone = world_inbound(world, 3);
    world_list_of(world, gone, 500, 1);
    assert_false(world_is_peer(world, gone));
    world_free(world);
}

static void p17_a_script_that_fails_disconnects_without_a_ban(void **state)
{
    (void)state;
    struct world *world = open_node();
    world->fake.fails[HOOK_ban] = true;
    for (unsigned i = 0; i < 3; i++) {
        uint64_t number = world_inbound(world, i + 1);
        if (i == 0)
            offend_too_soon(world, number);
        else if (i == 1)
            world_bad_list(world, number);
        else
            world_list_of(world, number, 500, 1);
        assert_false(world_is_peer(world, number));
    }
    assert_int_equal(bans_count(book_bans(world->book)), 0);
    world_free(world);
}

static bool ip_is_banned(const struct world *world, uint32_t ipv4)
{
    struct ip ip = ip_of_v4(ipv4);
    return bans_by_ip(book_bans(world->book), world->now, &ip) != NULL;
}

/* An inbound peer n at this address offends. */
static void offend_from(struct world *world, uint32_t n, uint32_t ipv4)
{
    struct endpoint remote = {ip_of_v4(ipv4), 40000};
    struct peer_id id = id_of(n);
    uint64_t number = world_accept(world, &remote);
    world_establish(world, number, &id, "tcp://0.0.0.0:1");
    world_bad_list(world, number);
    assert_false(world_is_peer(world, number));
}

static void p17_scopes_ip_and_group_ban_the_address_and_the_16(void **state)
{
    (void)state;
    struct node_settings settings = world_settings();
    struct world *world = open_twisted(&settings, 3600, POLICY_SCOPE_ip);
    offend_from(world, 1, 0x63010203);
    assert_true(ip_is_banned(world, 0x63010203) && !ip_is_banned(world, 0x63010204));
    twisted.scope = POLICY_SCOPE_group;
    offend_from(world, 2, 0x64010203);
    assert_true(ip_is_banned(world, 0x6401ffff) && !ip_is_banned(world, 0x64020000));
    world_free(world);
}

static uint64_t inbound_from(struct world *world, uint32_t n, uint32_t ipv4)
{
    struct endpoint remote = {ip_of_v4(ipv4), 40000};
    struct peer_id id = id_of(n);
    uint64_t number = world_accept(world, &remote);
    world_establish(world, number, &id, NULL);
    return number;
}

static void p17_a_banned_range_loses_its_peers_at_once(void **state)
{
    (void)state;
    struct node_settings settings = world_settings();
    struct world *world = open_twisted(&settings, 3600, POLICY_SCOPE_group);
    world_add_peers(world, 100, 20); /* so that the range is no quarter of the book */
    uint64_t before = inbound_from(world, 3, 0x64010001);
    uint64_t outside = inbound_from(world, 4, 0x64020001);
    uint64_t offender = inbound_from(world, 5, 0x64010002);
    uint64_t after = inbound_from(world, 6, 0x64010003);
    world_bad_list(world, offender);
    assert_int_equal(world_count(world, ACTION_CLOSE), 3);
    assert_false(world_is_peer(world, before) || world_is_peer(world, offender));
    assert_false(world_is_peer(world, after));
    assert_true(world_is_peer(world, outside));
    world_free(world);
}

static void p17_a_range_banned_as_its_offender_leaves_loses_the_others(void **state)
{
    (void)state;
    struct node_settings settings = world_settings();
    struct world *world = open_twisted(&settings, 3600, POLICY_SCOPE_group);
    world_add_peers(world, 100, 20); /* so that the range is no quarter of the book */
    uint64_t offender = inbound_from(world, 5, 0x64010002);
    uint64_t other = inbound_from(world, 6, 0x64010003);
    world_closed(world, offender, ERR_PACKET_KIND);
    assert_int_equal(world_only(world, ACTION_CLOSE)->conn, other);
    assert_int_equal(world_last(world, ACTION_CLOSE)->why, ERR_BANNED);
    world_free(world);
}

static void p17_group_never_means_local_or_unroutable(void **state)
{
    (void)state;
    struct node_settings settings = world_settings();
    struct world *world = open_twisted(&settings, 3600, POLICY_SCOPE_group);
    offend_from(world, 1, 0x7f000005);
    offend_from(world, 2, 0x0a010203);
    assert_false(ip_is_banned(world, 0x7f000005) || ip_is_banned(world, 0x0a010203));
    assert_true(world_is_banned(world, 1) && world_is_banned(world, 2)); /* the ID instead */
    world_free(world);
}

static void p17_loopback_is_never_banned_in_a_private_network(void **state)
{
    (void)state;
    struct node_settings settings = world_settings();
    settings.strict = false;
    for (int scope = POLICY_SCOPE_ip; scope <= POLICY_SCOPE_group; scope++) {
        struct world *world = open_twisted(&settings, 3600, scope);
        offend_from(world, 1, 0x7f000001);
        assert_false(ip_is_banned(world, 0x7f000001));
        assert_true(world_is_banned(world, 1));
        world_free(world);
    }
}

static void p17_ranges_never_cover_whom_the_operator_named(void **state)
{
    (void)state;
    struct addr_text seed = text_of(1, NULL), friend = text_of(2, NULL);
    struct peer_id unconditional = id_of(3);
    struct node_settings settings = world_settings();
    settings.seeds = &seed;
    settings.seeds_n = 1;
    settings.persistent_peers = &friend;
    settings.persistent_peers_n = 1;
    settings.unconditional_ids = &unconditional;
    settings.unconditional_ids_n = 1;
    struct world *world = open_twisted(&settings, 3600, POLICY_SCOPE_group);
    world_add_peers(world, 100, 20); /* so that no range is a quarter of the book */
    world_inbound(world, 3);
    for (uint32_t n = 1; n <= 3; n++) {
        uint32_t neighbour = (20u << 24) + (n << 16) + 99;
        offend_from(world, 50 + n, neighbour);
        assert_false(ip_is_banned(world, neighbour));
        assert_true(world_is_banned(world, 50 + n));
    }
    world_free(world);
}

static void p17_ranges_never_cover_more_than_a_quarter_of_the_book(void **state)
{
    (void)state;
    struct node_settings settings = world_settings();
    settings.max_outbound = 0;
    struct world *world = open_twisted(&settings, 3600, POLICY_SCOPE_group);
    world_add_peers(world, 100, 14);
    for (uint32_t i = 0; i < 5; i++) { /* 5 of 19 */
        struct addr addr = addr_at(200 + i, 0x63010000 + i);
        assert_int_equal(world_add(world, &addr, 9 + i), ERR_OK);
    }
    offend_from(world, 1, 0x63010203);
    assert_false(ip_is_banned(world, 0x63010203));
    assert_true(world_is_banned(world, 1));
    world_add_peers(world, 114, 1); /* 5 of 20 */
    offend_from(world, 2, 0x63010203);
    assert_true(ip_is_banned(world, 0x63010203));
    world_free(world);
}

static void p17_no_more_than_half_of_the_outbound_peers_an_hour(void **state)
{
    (void)state;
    struct node_settings settings = world_settings();
    struct world *world = open_twisted(&settings, 3600, POLICY_SCOPE_id);
    uint64_t numbers[8];
    for (uint32_t i = 0; i < 8; i++) {
        numbers[i] = world_outbound(world, i + 1);
        world_run(world, 200);
    }
    for (uint32_t i = 0; i < 6; i++) /* for what 1.10 bans nobody */
        world_closed(world, numbers[i], ERR_FRAME_TAG);
    assert_int_equal(bans_count(book_bans(world->book)), 4);
    world_bad_list(world, numbers[6]); /* for what it does */
    assert_true(world_is_banned(world, 7));
    world_run(world, HOURS_MS(1));
    uint64_t number = world_number(world, 8);
    world_closed(world, number, ERR_FRAME_TAG);
    assert_true(world_is_banned(world, 8)); /* one an hour always */
    world_free(world);
}

static void p17_a_range_counts_all_the_outbound_peers_in_it(void **state)
{
    (void)state;
    struct node_settings settings = world_settings();
    settings.own_addresses_n = 0;
    struct world *world = open_twisted(&settings, 3600, POLICY_SCOPE_group);
    struct event event = {.kind = EVENT_COMMAND};
    event.command.kind = COMMAND_DIAL;
    for (uint32_t i = 1; i <= 3; i++) { /* three of our four outbound peers in one /16 */
        event.command.addr = addr_at(i, 0x63010200 + i);
        world_step(world, &event);
        world_connect(world, world_number(world, i));
    }
    world_outbound(world, 4);
    world_closed(world, world_number(world, 1), ERR_FRAME_TAG);
    assert_false(ip_is_banned(world, 0x63010201));
    assert_true(world_is_banned(world, 1));
    world_free(world);
}

static void p17_an_ipv6_address_with_an_ipv4_inside_is_banned_alone(void **state)
{
    (void)state;
    struct node_settings settings = world_settings();
    struct world *world = open_twisted(&settings, 3600, POLICY_SCOPE_group);
    struct endpoint remote = {{{0, 0x64, 0xff, 0x9b, [12] = 99, 1, 2, 3}}, 40000}; /* NAT64 */
    struct ip other = remote.ip, plain = {{0x26, 0, 0x19, 1, [15] = 1}};
    other.bytes[12] = 100;
    struct peer_id id = id_of(1), second = id_of(2);
    uint64_t number = world_accept(world, &remote);
    world_establish(world, number, &id, "tcp://0.0.0.0:1");
    world_bad_list(world, number);
    assert_non_null(bans_by_ip(book_bans(world->book), world->now, &remote.ip));
    assert_null(bans_by_ip(book_bans(world->book), world->now, &other));
    number = world_accept(world, &(struct endpoint){plain, 40000});
    world_establish(world, number, &second, "tcp://0.0.0.0:1");
    world_bad_list(world, number);
    plain.bytes[9] = 9; /* of the same /32 */
    assert_non_null(bans_by_ip(book_bans(world->book), world->now, &plain));
    world_free(world);
}

static void p17_a_range_that_is_banned_is_left_by_all_its_peers(void **state)
{
    (void)state;
    struct node_settings settings = world_settings();
    for (int disconnect = 0; disconnect < 2; disconnect++) {
        struct world *world = open_twisted(&settings, 3600, POLICY_SCOPE_group);
        twisted.disconnect = disconnect;
        world_add_peers(world, 60, 20); /* so that the range is a small part of the book */
        uint64_t beside[2];
        for (uint32_t i = 0; i < 2; i++) { /* 20.1.0.9 beside 20.1.0.1; 20.2.0.1 is elsewhere */
            struct peer_id id = id_of(50 + i);
            struct endpoint at = addr_of(1 + i).at;
            at.ip.bytes[15] = 9;
            beside[i] = world_accept(world, &at);
            world_establish(world, beside[i], &id, NULL);
        }
        offend_too_soon(world, world_inbound(world, 1));
        assert_true(bans_count(book_bans(world->book)) > 0);
        assert_int_equal(world_is_peer(world, beside[0]), !disconnect);
        assert_true(world_is_peer(world, beside[1]));
        world_free(world);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(p17_bans_last_between_a_minute_and_30_days),
        cmocka_unit_test(p17_no_number_of_seconds_is_no_ban),
        cmocka_unit_test(p17_some_offences_always_disconnect),
        cmocka_unit_test(p17_a_script_that_fails_disconnects_without_a_ban),
        cmocka_unit_test(p17_scopes_ip_and_group_ban_the_address_and_the_16),
        cmocka_unit_test(p17_a_banned_range_loses_its_peers_at_once),
        cmocka_unit_test(p17_a_range_banned_as_its_offender_leaves_loses_the_others),
        cmocka_unit_test(p17_group_never_means_local_or_unroutable),
        cmocka_unit_test(p17_loopback_is_never_banned_in_a_private_network),
        cmocka_unit_test(p17_ranges_never_cover_whom_the_operator_named),
        cmocka_unit_test(p17_ranges_never_cover_more_than_a_quarter_of_the_book),
        cmocka_unit_test(p17_no_more_than_half_of_the_outbound_peers_an_hour),
        cmocka_unit_test(p17_a_range_counts_all_the_outbound_peers_in_it),
        cmocka_unit_test(p17_a_range_that_is_banned_is_left_by_all_its_peers),
        cmocka_unit_test(p17_an_ipv6_address_with_an_ipv4_inside_is_banned_alone),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
