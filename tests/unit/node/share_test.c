/* core/node/share.c: what we tell who asks (R25, R26, B36, B37, P13). */
#include "world.h"

static struct world *open_seed(void)
{
    struct node_settings settings = world_settings();
    settings.seed_mode = true;
    return world_open(&settings);
}

static void r25_seed_prefers_vetted_addresses(void **state)
{
    (void)state;
    struct world *world = open_seed();
    world_add_peers(world, 100, 200);
    for (uint32_t i = 100; i < 200; i++) {
        struct addr addr = addr_of(i);
        book_mark_good(world->book, world->now, &addr);
    }
    uint64_t peer = world_inbound(world, 1);
    world_request(world, peer);
    size_t n = world_only(world, ACTION_SEND)->addrs_n, old = 0;
    for (size_t i = 0; i < n; i++)
        old += book_is_good(world->book, &world->list[i].id);
    assert_int_equal(n, 46);       /* B35: 23 % of 201, less the requester if it was drawn */
    assert_int_equal(n - old, 14); /* B37: 30 % new */
    world_free(world);
}

/* Of peers 100 .. 299, those below `until` were reached by us. */
static struct world *open_seed_that_reached(uint32_t until)
{
    struct world *world = open_seed();
    world_add_peers(world, 100, 200);
    for (uint32_t i = 100; i < until; i++) {
        struct addr addr = addr_of(i);
        book_mark_success(world->book, world->now, &addr, 20);
    }
    return world;
}

static size_t count_verified(const struct world *world, size_t n)
{
    size_t verified = 0;
    for (size_t i = 0; i < n; i++)
        verified += book_find(world->book, &world->list[i].id)->last_verified_ms > 0;
    return verified;
}

static void b37_seed_gives_addresses_it_reached_itself_first(void **state)
{
    (void)state;
    static const uint32_t untils[] = {100, 101, 130, 146, 147, 300};
    for (unsigned i = 0; i < 6; i++) {
        struct world *world = open_seed_that_reached(untils[i]);
        uint64_t peer = world_inbound(world, 1);
        world_request(world, peer);
        size_t n = world_only(world, ACTION_SEND)->addrs_n;
        size_t reached = untils[i] - 100;
        assert_int_equal(n, 46); /* always full */
        assert_int_equal(count_verified(world, n), reached < n ? reached : n);
        for (size_t a = 0; a < n; a++)
            for (size_t b = 0; b < a; b++)
                assert_false(peer_id_equal(&world->list[a].id, &world->list[b].id));
        world_free(world);
    }
}

static struct share_verdict twisted;

static void twist(struct fake_policy *fake, enum hook hook, const void *view, void *verdict)
{
    (void)fake;
    (void)view;
    if (hook == HOOK_share)
        *(struct share_verdict *)verdict = twisted;
}

/* The answer of a node of this role to a peer, when the policy says `verdict`. */
static size_t answer_with(struct world *world, struct share_verdict verdict)
{
    twisted = verdict;
    world->fake.twist = twist;
    world_request(world, world_inbound(world, 1));
    return world_only(world, ACTION_SEND)->addrs_n;
}

static void p13_a_policy_may_ask_for_those_reached_lately_only(void **state)
{
    (void)state;
    struct world *world = open_seed_that_reached(300);
    world->now.wall_ms += HOURS_MS(24) * 8;
    world_add_peers(world, 300, 1);
    struct addr addr = addr_of(300);
    book_mark_success(world->book, world->now, &addr, 20);
    size_t n = answer_with(world,
        (struct share_verdict){
            .count = 50, .new_percent = -1, .verified_only = true, .verified_within_s = 604800});
    assert_int_equal(n, 1);
    assert_true(peer_id_equal(&world->list[0].id, &addr.id));
    world_free(world);
}

static void p13_numbers_beyond_250_give_250(void **state)
{
    (void)state;
    static const int64_t counts[] = {250, 251, INT64_MAX, 0, -1, INT64_MIN, 7};
    static const size_t want[] = {250, 250, 250, 0, 0, 0, 7};
    for (unsigned i = 0; i < 7; i++) {
        struct world *world = open_seed();
        world_add_peers(world, 100, 600);
        assert_int_equal(
            answer_with(world, (struct share_verdict){.count = counts[i], .new_percent = NAN}),
            want[i]);
        world_free(world);
    }
}

static void p13_false_shares_nothing_but_answers(void **state)
{
    (void)state;
    struct world *world = open_seed_that_reached(150);
    assert_int_equal(answer_with(world, (struct share_verdict){.is_false = true}), 0);
    world_free(world);
}

static void p13_rows_without_candidates_share_nothing(void **state)
{
    (void)state;
    struct world *world = open_seed_that_reached(150);
    struct share_verdict rows = {.act = SHARE_rows, .rows = {0, 5, -1, INT64_MAX}, .rows_n = 4};
    assert_int_equal(answer_with(world, rows), 0);
    world_free(world);
}

/* First asks to be shown 400, then takes some of them, twice and with nonsense in between. */
static void twist_rows(struct fake_policy *fake, enum hook hook, const void *view, void *verdict)
{
    const struct share_view *share = view;
    if (hook != HOOK_share)
        return;
    struct share_verdict draw = {.count = 5, .new_percent = -1, .draw = 400};
    struct share_verdict rows = {.act = SHARE_rows,
        .rows = {2, 2, 0, 399, 400, -7, INT64_MAX, INT64_MIN, 17, 0},
        .rows_n = 10};
    *(struct share_verdict *)verdict = share->candidates_n == 0 ? draw : rows;
    for (size_t i = 0; i < share->candidates_n; i++)
        fake->rows[i] = share->candidates[i];
    *(size_t *)fake->test = share->candidates_n;
}

static void p13_a_policy_may_choose_row_by_row_each_once(void **state)
{
    (void)state;
    struct world *world = open_seed();
    size_t shown = 0;
    world_add_peers(world, 100, 600);
    world->fake.twist = twist_rows;
    world->fake.test = &shown;
    world_request(world, world_inbound(world, 1));
    assert_int_equal(shown, 400);
    assert_int_equal(world->fake.asked[HOOK_share], 2);
    assert_int_equal(world_only(world, ACTION_SEND)->addrs_n, 4); /* rows 2, 0, 399, 17 */
    struct peer_id requester = id_of(1);
    for (size_t i = 0; i < 4; i++)
        assert_false(peer_id_equal(&world->list[i].id, &requester));
    world_free(world);
}

static void p13_a_policy_that_fails_leaves_the_plain_selection(void **state)
{
    (void)state;
    struct world *world = open_seed_that_reached(100);
    world->fake.fails[HOOK_share] = true;
    world_request(world, world_inbound(world, 1));
    assert_int_equal(world_only(world, ACTION_SEND)->addrs_n, 46);
    world_free(world);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(r25_seed_prefers_vetted_addresses),
        cmocka_unit_test(b37_seed_gives_addresses_it_reached_itself_first),
        cmocka_unit_test(p13_a_policy_may_ask_for_those_reached_lately_only),
        cmocka_unit_test(p13_numbers_beyond_250_give_250),
        cmocka_unit_test(p13_false_shares_nothing_but_answers),
        cmocka_unit_test(p13_rows_without_candidates_share_nothing),
        cmocka_unit_test(p13_a_policy_may_choose_row_by_row_each_once),
        cmocka_unit_test(p13_a_policy_that_fails_leaves_the_plain_selection),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
