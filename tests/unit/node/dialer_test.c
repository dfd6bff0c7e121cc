/* core/node/dialer.c: one dial and its bookkeeping (R50 - R57, S10 - S12, P3 - P5, F3, F4, F15,
 * F21, F25). */
#include "world.h"

#define PERIOD SECONDS_MS(30)

/* A node whose book holds peer 1 only; its first dial is in progress. */
static struct world *open_one(void)
{
    struct node_settings settings = world_settings();
    struct world *world = world_new(&settings);
    world_add_peers(world, 1, 1);
    world_start(world);
    return world;
}

static const struct book_entry *entry_of(const struct world *world, uint32_t n)
{
    struct peer_id id = id_of(n);
    return book_find(world->book, &id);
}

/* The dial of peer 1 fails, and is made again as soon as the back-off allows; `times` times. */
static void fail_and_retry(struct world *world, enum err err, unsigned times)
{
    for (unsigned i = 0; i < times; i++) {
        world_dial_fails(world, world_number(world, 1), err, false);
        for (unsigned wait = 0; world_number(world, 1) == 0 && wait < 20000; wait++)
            world_run(world, PERIOD);
    }
}

/* ---- counting (R50 - R52, R57) ---- */

static void r52_wait_doubles_with_each_failure(void **state)
{
    (void)state;
    struct world *world = open_one();
    int64_t failed_ms = 0;
    for (unsigned n = 1; n <= 16; n++) {
        assert_true(world_number(world, 1));
        int64_t waited_ms = world->now.mono_ms - failed_ms;
        if (n > 1) /* at least 2^(n-1) s, and then up to the next round */
            assert_in_range(waited_ms, 1000 << (n - 1), (1000 << (n - 1)) + 1000 + PERIOD);
        failed_ms = world->now.mono_ms;
        fail_and_retry(world, ERR_REFUSED, 1);
        assert_int_equal(world->fake.failures, n); /* R57 */
    }
    assert_int_equal(entry_of(world, 1)->attempts, 16); /* R55, B42 */
    assert_int_equal(entry_of(world, 1)->last_failure, ERR_REFUSED);
    world_free(world);
}

static void r51_seventeen_failed_dials_block_the_address_for_a_day(void **state)
{
    (void)state;
    struct world *world = open_one();
    fail_and_retry(world, ERR_TIMEOUT, 16);
    assert_int_equal(bans_count(book_bans(world->book)), 0);
    uint64_t dials = node_counts(world->node).dials;
    world_dial_fails(world, world_number(world, 1), ERR_TIMEOUT, false);
    assert_int_equal(dials, 17);
    assert_false(world_knows(world, 1));
    struct addr addr = addr_of(1);
    assert_int_equal(world_add(world, &addr, 8), ERR_BANNED);
    assert_false(world_is_banned(world, 1)); /* F3: the endpoint never proved the ID */
    world_run(world, HOURS_MS(24));
    assert_int_equal(world_add(world, &addr, 8), ERR_OK);
    world_free(world);
}

static void f4_after_the_ban_failures_are_counted_from_one(void **state)
{
    (void)state;
    struct world *world = open_one();
    fail_and_retry(world, ERR_TIMEOUT, 16);
    world_dial_fails(world, world_number(world, 1), ERR_TIMEOUT, false);
    world_run(world, HOURS_MS(24));
    struct addr addr = addr_of(1);
    assert_int_equal(world_add(world, &addr, 8), ERR_OK);
    world_run(world, PERIOD);
    fail_and_retry(world, ERR_TIMEOUT, 1);
    assert_int_equal(world->fake.failures, 1);
    assert_true(world_knows(world, 1));
    world_free(world);
}

static void r50_failures_are_counted_by_endpoint(void **state)
{
    (void)state;
    struct node_settings settings = world_settings();
    settings.strict = false;
    settings.allow_duplicate_ip = true;
    struct world *world = world_open(&settings);
    struct addr same_endpoint = addr_of(1);
    same_endpoint.id = id_of(2);
    struct event event = {.kind = EVENT_COMMAND};
    event.command.kind = COMMAND_DIAL;
    event.command.addr = addr_of(1);
    world_step(world, &event);
    world_dial_fails(world, world_number(world, 1), ERR_REFUSED, false);
    event.command.addr = same_endpoint;
    world_step(world, &event);
    world_dial_fails(world, world_number(world, 2), ERR_REFUSED, false);
    assert_int_equal(world->fake.failures, 2);
    world_free(world);
}

static void r56_f21_success_forgets_failures_and_stamps_the_entry(void **state)
{
    (void)state;
    struct world *world = open_one();
    fail_and_retry(world, ERR_REFUSED, 2);
    world_connect(world, world_number(world, 1));
    const struct book_entry *entry = entry_of(world, 1);
    assert_int_equal(entry->attempts, 0);
    assert_int_equal(entry->last_success_ms, world->now.wall_ms);
    assert_int_equal(entry->last_verified_ms, world->now.wall_ms);
    assert_int_equal(entry->rtt_ms, 20);
    assert_int_equal(entry->side, BOOK_NEW); /* not good yet (P6) */
    world_closed(world, world_number(world, 1), ERR_CLOSED_BY_PEER);
    world_run(world, PERIOD);
    fail_and_retry(world, ERR_REFUSED, 1);
    assert_int_equal(world->fake.failures, 1);
    world_free(world);
}

static void s10_r54_a_second_dial_of_an_id_is_not_made(void **state)
{
    (void)state;
    struct world *world = open_one();
    uint64_t dials = node_counts(world->node).dials;
    struct event event = {.kind = EVENT_COMMAND};
    event.command.kind = COMMAND_DIAL;
    event.command.addr = addr_of(1);
    world_step(world, &event);
    event.command.addr.at = addr_of(2).at; /* elsewhere */
    world_step(world, &event);
    world_connect(world, world_number(world, 1));
    world_step(world, &event);
    assert_int_equal(node_counts(world->node).dials, dials);
    assert_int_equal(world->fake.asked[HOOK_backoff], 0); /* no bookkeeping */
    world_free(world);
}

static void s11_the_outbound_maximum_does_not_stop_an_operator(void **state)
{
    (void)state;
    struct node_settings settings = world_settings();
    settings.max_outbound = 0;
    struct world *world = world_open(&settings);
    world_outbound(world, 1);
    world_outbound(world, 2);
    assert_int_equal(node_counts(world->node).outbound, 2);
    world_free(world);
}

/* ---- results (R55) ---- */

static void f3_a_wrong_id_blocks_the_pair_and_never_the_claimed_id(void **state)
{
    (void)state;
    struct world *world = open_one();
    world_dial_fails(world, world_number(world, 1), ERR_WRONG_ID, false);
    assert_int_equal(world->fake.asked[HOOK_backoff], 0);
    assert_false(world_knows(world, 1));
    assert_false(world_is_banned(world, 1));
    struct addr pair = addr_of(1), elsewhere = addr_at(1, 0x63010203);
    assert_int_equal(world_add(world, &pair, 8), ERR_BANNED);
    assert_int_equal(world_add(world, &elsewhere, 8), ERR_OK);
    world_run(world, PERIOD);
    assert_true(world_dialed(world, 1));
    world_connect(world, world_number(world, 1)); /* the victim itself is welcome */
    assert_true(world_is_peer(world, world_number(world, 1)));
    world_free(world);
}

static void f25_a_peer_of_another_network_is_removed_and_its_proven_id_blocked(void **state)
{
    (void)state;
    static const enum err errs[] = {
        ERR_OTHER_NETWORK, ERR_OTHER_BLOCK_VERSION, ERR_NO_COMMON_CHANNEL};
    for (unsigned i = 0; i < 3; i++) {
        struct world *world = open_one();
        world_dial_fails(world, world_number(world, 1), errs[i], true);
        assert_false(world_knows(world, 1));
        assert_true(world_is_banned(world, 1));
        struct addr elsewhere = addr_at(1, 0x63010203);
        assert_int_equal(world_add(world, &elsewhere, 8), ERR_BANNED);
        world_free(world);
    }
}

static void p5_a_ban_without_a_proven_id_covers_the_pair_only(void **state)
{
    (void)state;
    struct world *world = open_one();
    world_dial_fails(world, world_number(world, 1), ERR_OTHER_NETWORK, false);
    assert_false(world_is_banned(world, 1));
    assert_false(world_knows(world, 1));
    world_free(world);
}

static void s12_reaching_ourselves_removes_the_address_and_records_it_as_ours(void **state)
{
    (void)state;
    struct world *world = open_one();
    world_dial_fails(world, world_number(world, 1), ERR_SELF, false);
    assert_false(world_knows(world, 1));
    struct addr again = addr_of(1), other_id = addr_of(1), elsewhere = addr_of(2);
    other_id.id = id_of(77);
    elsewhere.id = id_of(1);
    assert_int_equal(world_add(world, &again, 8), ERR_ADDR_SELF);
    assert_int_equal(world_add(world, &other_id, 8), ERR_ADDR_SELF);
    assert_int_equal(world_add(world, &elsewhere, 8), ERR_OK); /* that ID is not ours */
    world_free(world);
}

static void p3_failures_of_our_own_host_count_for_nothing(void **state)
{
    (void)state;
    struct world *world = open_one();
    static const enum err errs[] = {ERR_UNREACHABLE, ERR_NO_DESCRIPTORS, ERR_IO, ERR_NO_MEMORY};
    for (unsigned i = 0; i < 4; i++) {
        world_dial_fails(world, world_number(world, 1), errs[i], false);
        world_run(world, PERIOD); /* held back for a minute */
        assert_int_equal(world_count(world, ACTION_DIAL), 0);
        world_run(world, PERIOD);
        assert_int_equal(world_count(world, ACTION_DIAL), 1);
    }
    assert_int_equal(world->fake.asked[HOOK_backoff], 0);
    assert_int_equal(entry_of(world, 1)->attempts, 0);
    world_free(world);
}

/* A router says that there is no such host: our own route works. */
static void p3_a_host_that_is_not_there_counts_against_its_address(void **state)
{
    (void)state;
    struct world *world = open_one();
    world_dial_fails(world, world_number(world, 1), ERR_HOST_UNREACHABLE, false);
    assert_int_equal(entry_of(world, 1)->attempts, 1);
    assert_string_equal(world->fake.class, "host_unreachable");
    world_free(world);
}

static void r55_other_failures_are_told_to_the_policy_by_name(void **state)
{
    (void)state;
    static const enum err errs[] = {ERR_REFUSED, ERR_TIMEOUT, ERR_RESET, ERR_CLOSED_BY_PEER,
        ERR_HANDSHAKE_TIMEOUT, ERR_AUTH_SIGNATURE, ERR_HOST_UNREACHABLE};
    struct world *world = open_one();
    for (unsigned i = 0; i < 7; i++) {
        fail_and_retry(world, errs[i], 1);
        assert_string_equal(world->fake.class, err_name(errs[i]));
    }
    assert_int_equal(bans_count(book_bans(world->book)), 0);
    world_free(world);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(r52_wait_doubles_with_each_failure),
        cmocka_unit_test(r51_seventeen_failed_dials_block_the_address_for_a_day),
        cmocka_unit_test(f4_after_the_ban_failures_are_counted_from_one),
        cmocka_unit_test(r50_failures_are_counted_by_endpoint),
        cmocka_unit_test(r56_f21_success_forgets_failures_and_stamps_the_entry),
        cmocka_unit_test(s10_r54_a_second_dial_of_an_id_is_not_made),
        cmocka_unit_test(s11_the_outbound_maximum_does_not_stop_an_operator),
        cmocka_unit_test(f3_a_wrong_id_blocks_the_pair_and_never_the_claimed_id),
        cmocka_unit_test(f25_a_peer_of_another_network_is_removed_and_its_proven_id_blocked),
        cmocka_unit_test(p5_a_ban_without_a_proven_id_covers_the_pair_only),
        cmocka_unit_test(s12_reaching_ourselves_removes_the_address_and_records_it_as_ours),
        cmocka_unit_test(p3_failures_of_our_own_host_count_for_nothing),
        cmocka_unit_test(p3_a_host_that_is_not_there_counts_against_its_address),
        cmocka_unit_test(r55_other_failures_are_told_to_the_policy_by_name),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
