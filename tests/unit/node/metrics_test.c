/* core/node/metrics.h: what a node counts by cause. */
#include "world.h"

static const struct node_metrics *of(const struct world *world)
{
    return node_metrics(world->node);
}

static void dials_are_counted_by_result(void **state)
{
    (void)state;
    struct node_settings settings = world_settings();
    struct world *world = world_open(&settings);
    world_outbound(world, 1);
    world_dial_fails(world, world_dial(world, 2), ERR_REFUSED, false);
    world_dial_fails(world, world_dial(world, 3), ERR_REFUSED, false);
    world_dial_fails(world, world_dial(world, 4), ERR_WRONG_ID, false);
    assert_int_equal(of(world)->dials[ERR_OK], 1);
    assert_int_equal(of(world)->dials[ERR_REFUSED], 2);
    assert_int_equal(of(world)->dials[ERR_WRONG_ID], 1);
    assert_int_equal(of(world)->seed_dials[ERR_REFUSED], 0);
    assert_int_equal(of(world)->bans[ERR_WRONG_ID], 1); /* F3: the pair */
    world_free(world);
}

static void a_dial_that_is_not_begun_is_counted_by_reason(void **state)
{
    (void)state;
    struct node_settings settings = world_settings();
    struct world *world = world_open(&settings);
    world_outbound(world, 1);
    struct event event = {.kind = EVENT_COMMAND};
    event.command.kind = COMMAND_DIAL;
    event.command.addr = addr_of(1);
    world_step(world, &event);
    assert_int_equal(of(world)->dials_held[ERR_ALREADY_CONNECTED], 1);
    assert_int_equal(of(world)->dials[ERR_OK], 1);
    world_free(world);
}

static void dials_of_seeds_are_counted_apart(void **state)
{
    (void)state;
    struct node_settings settings = world_settings();
    struct addr_text seed = text_of(900, NULL);
    settings.seeds = &seed;
    settings.seeds_n = 1;
    struct world *world = world_open(&settings);
    assert_int_equal(world_all_dials_fail(world, ERR_TIMEOUT), 1);
    assert_int_equal(of(world)->seed_dials[ERR_TIMEOUT], 1);
    assert_int_equal(of(world)->dials[ERR_TIMEOUT], 1);
    world_free(world);
}

static void refusals_and_departures_are_counted_by_reason(void **state)
{
    (void)state;
    struct node_settings settings = world_settings();
    settings.max_inbound = 1;
    struct world *world = world_open(&settings);
    struct endpoint second = remote_of(2);
    uint64_t first = world_inbound(world, 1);
    world_accept(world, &second);
    assert_int_equal(of(world)->refused[ERR_NO_SLOT], 1);
    world_closed(world, first, ERR_CLOSED_BY_PEER);
    assert_int_equal(of(world)->gone[ERR_CLOSED_BY_PEER], 1);
    uint64_t third = world_accept(world, &second);
    world_closed(world, third, ERR_HANDSHAKE_TIMEOUT);
    assert_int_equal(of(world)->refused[ERR_HANDSHAKE_TIMEOUT], 1);
    assert_int_equal(of(world)->gone[ERR_HANDSHAKE_TIMEOUT], 0);
    world_free(world);
}

static void bans_are_counted_by_what_the_peer_did(void **state)
{
    (void)state;
    struct node_settings settings = world_settings();
    struct world *world = world_open(&settings);
    world_bad_list(world, world_inbound(world, 1));
    assert_int_equal(of(world)->bans[ERR_PEX_BAD_ADDRESS], 1);
    assert_int_equal(of(world)->gone[ERR_PEX_BAD_ADDRESS], 1);
    world_free(world);
}

static void bans_of_an_operator_are_counted_apart(void **state)
{
    (void)state;
    struct node_settings settings = world_settings();
    struct world *world = world_open(&settings);
    struct peer_id id = id_of(1);
    struct event event = {.kind = EVENT_COMMAND};
    event.command.kind = COMMAND_BAN;
    event.command.ban.target = ban_of_id(&id);
    event.command.ban.duration_ms = HOURS_MS(1);
    event.command.ban.reason = "why";
    world_step(world, &event);
    assert_int_equal(of(world)->bans[ERR_BANNED], 1);
    assert_int_equal(node_counts(world->node).bans, 1);
    world_free(world);
}

static void refused_addresses_are_counted_by_reason(void **state)
{
    (void)state;
    struct node_settings settings = world_settings();
    struct world *world = world_open(&settings);
    uint64_t number = world_outbound(world, 1);
    const struct addr list[] = {
        addr_of(50), addr_at(51, 0x0a000001), {settings.id, addr_of(52).at}};
    world_list(world, number, list, 3);
    assert_int_equal(of(world)->addresses_refused[ERR_ADDR_NON_ROUTABLE], 1);
    assert_int_equal(of(world)->addresses_refused[ERR_ADDR_SELF], 1);
    assert_int_equal(of(world)->addresses_refused[ERR_OK], 0);
    assert_int_equal(node_counts(world->node).addresses_added, 1);
    world_free(world);
}

static void a_crawl_lasts_until_its_last_dial_has_ended(void **state)
{
    (void)state;
    struct node_settings settings = world_settings();
    settings.seed_mode = true;
    struct world *world = world_new(&settings);
    world_add_peers(world, 1, 3);
    world_start(world);
    assert_int_equal(of(world)->crawl.passes, 0);
    world_run(world, 700);
    world_all_dials_fail(world, ERR_REFUSED);
    assert_int_equal(of(world)->crawl.passes, 1);
    assert_int_equal(of(world)->crawl.last_ms, 700);
    world_run(world, SECONDS_MS(30)); /* the next finds nobody who is due */
    assert_int_equal(of(world)->crawl.passes, 2);
    assert_int_equal(of(world)->crawl.last_ms, 0);
    assert_int_equal(of(world)->crawl.total_ms, 700);
    world_free(world);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(dials_are_counted_by_result),
        cmocka_unit_test(a_dial_that_is_not_begun_is_counted_by_reason),
        cmocka_unit_test(dials_of_seeds_are_counted_apart),
        cmocka_unit_test(refusals_and_departures_are_counted_by_reason),
        cmocka_unit_test(bans_are_counted_by_what_the_peer_did),
        cmocka_unit_test(bans_of_an_operator_are_counted_apart),
        cmocka_unit_test(refused_addresses_are_counted_by_reason),
        cmocka_unit_test(a_crawl_lasts_until_its_last_dial_has_ended),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
