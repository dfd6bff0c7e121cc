/* core/node/answer.c: what a policy may say to a request, and what it may not (P12, P14). */
#include "world.h"

static struct answer_verdict twisted;
static struct answer_view seen;

static void twist(struct fake_policy *fake, enum hook hook, const void *view, void *verdict)
{
    (void)fake;
    if (hook != HOOK_answer)
        return;
    seen = *(const struct answer_view *)view;
    *(struct answer_verdict *)verdict = twisted;
}

static struct world *open_with(bool seed_mode, enum policy_act act)
{
    struct node_settings settings = world_settings();
    settings.seed_mode = seed_mode;
    struct world *world = world_open(&settings);
    world_add_peers(world, 100, 20);
    world->fake.answers[HOOK_answer] = true;
    world->fake.twist = twist;
    twisted = (struct answer_verdict){.act = act, .linger_s = 10};
    return world;
}

static void p12_a_policy_may_ignore_or_disconnect(void **state)
{
    (void)state;
    struct world *world = open_with(false, POLICY_ACT_ignore);
    uint64_t peer = world_inbound(world, 1);
    world_request(world, peer);
    assert_int_equal(world->done_n, 0);
    twisted = (struct answer_verdict){.is_false = true, .act = POLICY_ACT_answer};
    world_request(world, peer);
    assert_int_equal(world->done_n, 0);
    world_run(world, SECONDS_MS(10));
    twisted = (struct answer_verdict){.act = POLICY_ACT_disconnect};
    world_request(world, peer);
    assert_int_equal(world_only(world, ACTION_CLOSE)->why, ERR_GRACEFUL);
    assert_int_equal(bans_count(book_bans(world->book)), 0);
    world_free(world);
}

static void p12_what_came_too_soon_is_abuse_whatever_it_says(void **state)
{
    (void)state;
    struct world *world = open_with(false, POLICY_ACT_answer);
    uint64_t peer = world_inbound(world, 1);
    for (unsigned i = 0; i < 3; i++)
        world_request(world, peer);
    assert_false(world_is_peer(world, peer));
    assert_true(world_is_banned(world, 1));
    assert_int_equal(world->fake.asked[HOOK_answer], 2);
    world_free(world);
}

static void p12_the_free_pass_is_not_given_twice_whatever_it_says(void **state)
{
    (void)state;
    struct world *world = open_with(false, POLICY_ACT_answer);
    uint64_t peer = world_inbound(world, 1);
    world_request(world, peer);
    world_request(world, peer);
    world_closed(world, peer, ERR_CLOSED_BY_PEER);
    peer = world_inbound(world, 1);
    world_request(world, peer);
    assert_int_equal(world_sent(world, PEX_ADDRS), 0);
    assert_int_equal(seen.default_act, POLICY_ACT_disconnect);
    assert_false(world_is_peer(world, peer));
    world_free(world);
}

static void p12_the_budget_of_an_ip_holds_whatever_it_says(void **state)
{
    (void)state;
    struct world *world = open_with(true, POLICY_ACT_answer);
    struct ip ip = addr_of(1).at.ip;
    unsigned answers = 0;
    for (uint32_t i = 0; i < 30; i++) {
        struct endpoint remote = {ip, (uint16_t)(40000 + i)};
        struct peer_id id = id_of(1000 + i);
        uint64_t number = world_accept(world, &remote);
        world_establish(world, number, &id, "tcp://0.0.0.0:1");
        world_request(world, number);
        answers += (unsigned)world_sent(world, PEX_ADDRS);
    }
    assert_int_equal(answers, 20);
    assert_true(seen.ip_answers < 1);
    world_free(world);
}

static void p12_a_seed_answers_once_whatever_it_says(void **state)
{
    (void)state;
    struct world *world = open_with(true, POLICY_ACT_answer);
    uint64_t peer = world_inbound(world, 1);
    world_request(world, peer);
    assert_int_equal(world_sent(world, PEX_ADDRS), 1);
    assert_int_equal(world_only(world, ACTION_CLOSE)->conn, peer);
    world_free(world);
}

static void p14_a_seed_lingers_for_ten_seconds_at_most(void **state)
{
    (void)state;
    static const double seconds[] = {0, 3.5, 10, 11, INFINITY, NAN, -5};
    static const int64_t want_ms[] = {0, 3500, 10000, 10000, 10000, 0, 0};
    for (unsigned i = 0; i < 7; i++) {
        struct world *world = open_with(true, POLICY_ACT_answer);
        twisted.linger_s = seconds[i];
        world_request(world, world_inbound(world, 1));
        assert_int_equal(world_only(world, ACTION_CLOSE)->flush_ms, want_ms[i]);
        world_free(world);
    }
}

static void p12_a_policy_that_fails_leaves_it_to_the_rule(void **state)
{
    (void)state;
    struct world *world = open_with(false, POLICY_ACT_disconnect);
    world->fake.fails[HOOK_answer] = true;
    world_request(world, world_inbound(world, 1));
    assert_int_equal(world_sent(world, PEX_ADDRS), 1);
    world_free(world);
}

static void p12_the_view_tells_what_came_before(void **state)
{
    (void)state;
    struct world *world = open_with(false, POLICY_ACT_answer);
    uint64_t peer = world_inbound(world, 1);
    world_request(world, peer);
    assert_true(seen.since_last_s < 0 && seen.peer.requests == 1);
    world_run(world, SECONDS_MS(12));
    world_request(world, peer);
    assert_true(seen.since_last_s == 12 && seen.peer.requests == 2);
    world_closed(world, peer, ERR_CLOSED_BY_PEER);
    world_run(world, SECONDS_MS(20));
    world_request(world, world_inbound(world, 1));
    assert_true(seen.since_last_s == 20 && seen.peer.requests == 1);
    world_free(world);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(p12_a_policy_may_ignore_or_disconnect),
        cmocka_unit_test(p12_what_came_too_soon_is_abuse_whatever_it_says),
        cmocka_unit_test(p12_the_free_pass_is_not_given_twice_whatever_it_says),
        cmocka_unit_test(p12_the_budget_of_an_ip_holds_whatever_it_says),
        cmocka_unit_test(p12_a_seed_answers_once_whatever_it_says),
        cmocka_unit_test(p14_a_seed_lingers_for_ten_seconds_at_most),
        cmocka_unit_test(p12_a_policy_that_fails_leaves_it_to_the_rule),
        cmocka_unit_test(p12_the_view_tells_what_came_before),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
