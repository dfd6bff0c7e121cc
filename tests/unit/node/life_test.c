/* core/node/node.c: start, stop, saving, deadlines (R2, R7, B50), and what all steps have in
 * common. */
#include "world.h"

#define SAVE_EVERY MINUTES_MS(2)

static struct world *open_node(void)
{
    struct node_settings settings = world_settings();
    return world_open(&settings);
}

/* ---- saving (B50) ---- */

static void b50_the_book_is_saved_every_two_minutes(void **state)
{
    (void)state;
    struct world *world = open_node();
    world_run(world, SAVE_EVERY - 1);
    assert_int_equal(world_count(world, ACTION_EXPORT), 0);
    world_run(world, 1);
    assert_int_equal(world_count(world, ACTION_EXPORT), 1);
    world_run(world, 10 * SAVE_EVERY);
    assert_int_equal(world_count(world, ACTION_EXPORT), 10);
    world_free(world);
}

static void b50_one_image_at_a_time_is_being_written(void **state)
{
    (void)state;
    struct world *world = open_node();
    world->holds_stores = true;
    world_run(world, 10 * SAVE_EVERY);
    assert_int_equal(world_count(world, ACTION_EXPORT), 1);
    world_command(world, COMMAND_SAVE);
    assert_int_equal(world->done_n, 0);
    struct event failed = {.kind = EVENT_EXPORTED, .exported = {ERR_IO}};
    world_step(world, &failed);
    assert_false(world_logged(world, "book saved"));
    world_command(world, COMMAND_SAVE);
    assert_int_equal(world_count(world, ACTION_EXPORT), 1);
    world_free(world);
}

/* ---- stop ---- */

static void r7_stop_closes_everything_and_saves_last(void **state)
{
    (void)state;
    struct world *world = open_node();
    struct endpoint remote = remote_of(3);
    world_inbound(world, 1);
    world_outbound(world, 2);
    world_accept(world, &remote);
    world_dial(world, 4);
    world->holds_stores = true;
    world_command(world, COMMAND_SAVE); /* a write that is still under way does not matter */
    world_command(world, COMMAND_STOP);
    assert_int_equal(world_count(world, ACTION_CLOSE), 4);
    assert_int_equal(world->done[4].kind, ACTION_EXPORT);
    assert_int_equal(world->done_n, 5);
    assert_int_equal(world->sockets_n, 0);
    assert_int_equal(node_deadline(world->node), NEVER_MS);
    world_free(world);
}

static void after_a_stop_nothing_is_begun(void **state)
{
    (void)state;
    struct node_settings settings = world_settings();
    struct addr_text seeds[] = {text_of(901, "seed.example"), text_of(902, NULL)};
    struct addr_text friend = text_of(903, "friend.example");
    settings.seeds = seeds;
    settings.seeds_n = 2;
    settings.persistent_peers = &friend;
    settings.persistent_peers_n = 1;
    settings.configured_dial_delay_max_ms = 0;
    struct world *world = world_open(&settings);
    uint64_t walking = world_number(world, 902);
    assert_int_equal(world_count(world, ACTION_RESOLVE), 2);
    world_command(world, COMMAND_STOP);
    struct ip ip = addr_of(901).at.ip;
    world_resolved(world, 0, &ip);
    assert_int_equal(world->done_n, 0);
    world_resolved(world, UINT64_C(1) << 32, &ip);
    assert_int_equal(world->done_n, 0);
    struct event late = {.kind = EVENT_DIAL_FAILED, .conn = walking};
    late.dial_failed.err = ERR_REFUSED;
    world_step(world, &late);
    assert_int_equal(world->done_n, 0);
    late.kind = EVENT_COMMAND;
    late.command.kind = COMMAND_DIAL;
    late.command.addr = addr_of(7);
    world_step(world, &late);
    world_command(world, COMMAND_STOP);
    world_step(world, &(struct event){.kind = EVENT_TICK});
    assert_int_equal(world->done_n, 0);
    struct endpoint remote = remote_of(9);
    world_accept(world, &remote); /* S8: every socket gets its answer still */
    assert_int_equal(world->done[0].why, ERR_STOPPING);
    world_free(world);
}

static void a_second_start_changes_nothing(void **state)
{
    (void)state;
    struct world *world = open_node();
    uint64_t rounds = node_counts(world->node).rounds;
    world_start(world);
    assert_int_equal(node_counts(world->node).rounds, rounds);
    world_free(world);
}

/* ---- time ---- */

static void deadline_is_never_in_the_past_after_a_tick(void **state)
{
    (void)state;
    struct world *world = open_node();
    world_inbound(world, 1);
    for (unsigned i = 0; i < 1000; i++) {
        world->now.mono_ms += 777 * (i % 100);
        world_step(world, &(struct event){.kind = EVENT_TICK});
        assert_true(node_deadline(world->node) > world->now.mono_ms);
    }
    world_free(world);
}

static void a_lonely_node_is_not_woken_every_second(void **state)
{
    (void)state;
    struct world *world = open_node();
    assert_int_equal(node_deadline(world->node), world->now.mono_ms + SECONDS_MS(30));
    world_free(world);
}

static void scripts_never_see_the_clock_go_back(void **state)
{
    (void)state;
    struct node_settings settings = world_settings();
    struct world *world = world_new(&settings);
    world_add_peers(world, 1, 1);
    world_start(world);
    double before = world->fake.bias.common.now;
    assert_int_equal((int64_t)before, world->now.wall_ms / 1000);
    world_all_dials_fail(world, ERR_REFUSED);
    world->now.wall_ms -= HOURS_MS(5); /* the operator set the clock */
    world_run(world, SECONDS_MS(30));
    assert_true(world->fake.bias.common.now >= before);
    assert_true(world->fake.rows[0].last_attempt_age_s >= 0);
    world_free(world);
}

/* ---- what people see ---- */

static void round_trip(struct world *world, uint64_t number, int32_t ms)
{
    struct event event = {.kind = EVENT_ROUND_TRIP, .conn = number};
    event.round_trip.ms = ms;
    world_step(world, &event);
}

static void note_peer(void *context, const struct node_peer *peer)
{
    *(struct node_peer *)context = *peer;
}

static void round_trips_are_smoothed_and_never_overflow(void **state)
{
    (void)state;
    struct world *world = open_node();
    world_add_peers(world, 1, 1);
    struct node_peer peer = {.rtt_ms = 0};
    uint64_t inbound = world_inbound(world, 2);
    node_peers(world->node, note_peer, &peer);
    assert_int_equal(peer.rtt_ms, -1);
    round_trip(world, inbound, 80);
    round_trip(world, inbound, 160);
    round_trip(world, inbound, -5);
    node_peers(world->node, note_peer, &peer);
    assert_int_equal(peer.rtt_ms, 90);
    for (unsigned i = 0; i < 100; i++)
        round_trip(world, inbound, INT32_MAX);
    node_peers(world->node, note_peer, &peer);
    assert_true(peer.rtt_ms > 1000000000);
    world_free(world);
}

static void peers_are_listed_with_what_is_known_of_them(void **state)
{
    (void)state;
    struct node_settings settings = world_settings();
    struct peer_id friend = id_of(1);
    settings.unconditional_ids = &friend;
    settings.unconditional_ids_n = 1;
    struct world *world = world_open(&settings);
    int64_t at_ms = world->now.mono_ms;
    world_inbound(world, 1);
    struct endpoint remote = remote_of(5);
    world_accept(world, &remote); /* not a peer yet */
    struct node_peer peer = {.rtt_ms = 0};
    node_peers(world->node, note_peer, &peer);
    assert_true(peer_id_equal(&peer.id, &friend));
    assert_true(peer.unconditional && !peer.outbound && !peer.persistent && !peer.is_seed);
    assert_int_equal(peer.connected_ms, at_ms);
    assert_string_equal(peer.version, "1.0.0");
    world_free(world);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(b50_the_book_is_saved_every_two_minutes),
        cmocka_unit_test(b50_one_image_at_a_time_is_being_written),
        cmocka_unit_test(r7_stop_closes_everything_and_saves_last),
        cmocka_unit_test(after_a_stop_nothing_is_begun),
        cmocka_unit_test(a_second_start_changes_nothing),
        cmocka_unit_test(deadline_is_never_in_the_past_after_a_tick),
        cmocka_unit_test(a_lonely_node_is_not_woken_every_second),
        cmocka_unit_test(scripts_never_see_the_clock_go_back),
        cmocka_unit_test(round_trips_are_smoothed_and_never_overflow),
        cmocka_unit_test(peers_are_listed_with_what_is_known_of_them),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
