/* core/node/admit.c: what a policy may say about who connects to us, and what it may not (P15). */
#include "world.h"

static struct admit_verdict at_socket, at_peer;
static struct admit_view seen_at_socket, seen; /* the last ones; seen: at stage peer */

static void twist(struct fake_policy *fake, enum hook hook, const void *view, void *verdict)
{
    (void)fake;
    const struct admit_view *admit = view;
    if (hook != HOOK_admit)
        return;
    bool socket = admit->stage == POLICY_STAGE_socket;
    *(struct admit_verdict *)verdict = socket ? at_socket : at_peer;
    *(socket ? &seen_at_socket : &seen) = *admit;
}

static const struct admit_verdict yes = {.act = ADMIT_accept, .accept = true};
static const struct admit_verdict no = {.act = ADMIT_accept, .accept = false};
static const struct admit_verdict is_false = {.is_false = true};
static const struct admit_verdict rejected = {.act = ADMIT_reject, .reject = "not today"};

static struct world *open_with(const struct node_settings *settings)
{
    struct world *world = world_open(settings);
    world->fake.answers[HOOK_admit] = true;
    world->fake.twist = twist;
    at_socket = at_peer = yes;
    return world;
}

static enum err socket_of(struct world *world, uint32_t n)
{
    struct endpoint remote = remote_of(n);
    world_accept(world, &remote);
    return world->done[0].kind == ACTION_REFUSE ? world->done[0].why : ERR_OK;
}

/* Peer n comes and proves its ID; whether it may stay. */
static bool stays(struct world *world, uint32_t n)
{
    struct peer_id id = id_of(n);
    assert_int_equal(socket_of(world, n), ERR_OK);
    uint64_t number = world->accepted;
    world_establish(world, number, &id, NULL);
    return world_is_peer(world, number);
}

static void p15_a_policy_may_refuse_a_socket(void **state)
{
    (void)state;
    const struct admit_verdict refusals[] = {no, is_false, rejected};
    struct node_settings settings = world_settings();
    struct world *world = open_with(&settings);
    for (uint32_t i = 0; i < 3; i++) {
        at_socket = refusals[i];
        assert_int_equal(socket_of(world, i + 1), ERR_POLICY);
    }
    at_socket = yes;
    assert_true(stays(world, 9));
    world_free(world);
}

static void p15_a_policy_may_refuse_a_proven_peer(void **state)
{
    (void)state;
    const struct admit_verdict refusals[] = {no, is_false, rejected};
    struct node_settings settings = world_settings();
    struct world *world = open_with(&settings);
    for (uint32_t i = 0; i < 3; i++) {
        at_peer = refusals[i];
        assert_false(stays(world, i + 1));
        assert_int_equal(world_last(world, ACTION_CLOSE)->why, ERR_POLICY);
    }
    world_free(world);
}

static void p15_a_policy_that_fails_leaves_it_to_the_rule(void **state)
{
    (void)state;
    struct node_settings settings = world_settings();
    settings.max_inbound = 1;
    struct world *world = open_with(&settings);
    world->fake.fails[HOOK_admit] = true;
    assert_true(stays(world, 1));
    assert_int_equal(socket_of(world, 2), ERR_NO_SLOT);
    world_free(world);
}

static void p15_yes_makes_no_slot(void **state)
{
    (void)state;
    struct node_settings settings = world_settings();
    settings.max_inbound = 2;
    struct world *world = open_with(&settings);
    assert_true(stays(world, 1) && stays(world, 2));
    assert_false(stays(world, 3)); /* it may prove itself, no more */
    assert_int_equal(world_last(world, ACTION_CLOSE)->why, ERR_NO_SLOT);
    assert_string_equal(seen.default_reject, "no_slot");
    assert_int_equal(node_counts(world->node).inbound, 2);
    world_free(world);
}

static void p15_a_full_node_may_replace_a_peer(void **state)
{
    (void)state;
    struct node_settings settings = world_settings();
    settings.max_inbound = 2;
    struct world *world = open_with(&settings);
    assert_true(stays(world, 1) && stays(world, 2));
    at_peer = (struct admit_verdict){.act = ADMIT_replace, .replace = 1};
    assert_true(stays(world, 3));
    assert_int_equal(world_only(world, ACTION_CLOSE)->why, ERR_GRACEFUL);
    assert_int_equal(node_counts(world->node).inbound, 2);
    assert_int_equal((int)(world_number(world, 1) > 0) + (int)(world_number(world, 2) > 0), 1);
    world_free(world);
}

static void p15_of_many_peers_a_sample_may_be_replaced_and_not_often(void **state)
{
    (void)state;
    struct node_settings settings = world_settings();
    settings.max_inbound = 600;
    struct world *world = open_with(&settings);
    world->skips_book = true;
    for (uint32_t i = 1; i <= settings.max_inbound; i++)
        assert_true(stays(world, i));
    unsigned replaced = 0;
    for (uint32_t i = 0; i < 100; i++) {
        at_peer = (struct admit_verdict){.act = ADMIT_replace, .replace = 254};
        replaced += stays(world, 1000 + i);
        assert_in_range(seen.peers_n, 255, 256); /* the newcomer is looked at like all others */
    }
    assert_int_equal(replaced, 20);
    world_run(world, SECONDS_MS(1));
    assert_true(stays(world, 2000));
    assert_int_equal(node_counts(world->node).inbound, 600);
    world_free(world);
}

static void p15_nonsense_rows_replace_nobody(void **state)
{
    (void)state;
    static const int64_t rows[] = {-1, 2, 1000, INT64_MAX, INT64_MIN};
    struct node_settings settings = world_settings();
    settings.max_inbound = 2;
    struct world *world = open_with(&settings);
    assert_true(stays(world, 1) && stays(world, 2));
    for (uint32_t i = 0; i < 5; i++) {
        at_peer = (struct admit_verdict){.act = ADMIT_replace, .replace = rows[i]};
        assert_false(stays(world, 10 + i));
        assert_int_equal(node_counts(world->node).inbound, 2);
    }
    world_free(world);
}

static void p15_with_free_slots_there_is_nobody_to_replace(void **state)
{
    (void)state;
    struct node_settings settings = world_settings();
    struct world *world = open_with(&settings);
    assert_true(stays(world, 1));
    at_peer = (struct admit_verdict){.act = ADMIT_replace, .replace = 0};
    assert_true(stays(world, 2));
    assert_int_equal(seen.peers_n, 0);
    assert_int_equal(node_counts(world->node).inbound, 2);
    world_free(world);
}

static void p15_named_peers_are_neither_replaced_nor_refused(void **state)
{
    (void)state;
    struct node_settings settings = world_settings_naming_two();
    settings.max_inbound = 2;
    struct world *world = open_with(&settings);
    at_peer = no;
    assert_true(stays(world, 1) && stays(world, 2));
    at_peer = yes;
    assert_true(stays(world, 3)); /* 2 is not counted */
    at_peer = (struct admit_verdict){.act = ADMIT_replace, .replace = 0};
    assert_true(stays(world, 4));
    assert_int_equal(seen.peers_n, 1);
    assert_true(world_number(world, 1) > 0 && world_number(world, 2) > 0);
    assert_int_equal(world_number(world, 3), 0);
    world_free(world);
}

static void p15_bans_limits_and_duplicates_are_not_asked_about(void **state)
{
    (void)state;
    struct node_settings settings = world_settings();
    settings.max_handshaking = 2;
    struct world *world = open_with(&settings);
    world_ban_ip(world, 1, HOURS_MS(1));
    assert_int_equal(socket_of(world, 1), ERR_BANNED);
    assert_true(stays(world, 2));
    struct endpoint remote = remote_of(2);
    world_accept(world, &remote);
    assert_int_equal(world->done[0].why, ERR_DUPLICATE_IP);
    world_ban(world, 3, HOURS_MS(1));
    assert_false(stays(world, 3));
    assert_int_equal(world_last(world, ACTION_CLOSE)->why, ERR_BANNED);
    assert_int_equal(socket_of(world, 4), ERR_OK);
    assert_int_equal(socket_of(world, 5), ERR_OK);
    unsigned asked = world->fake.asked[HOOK_admit];
    assert_int_equal(socket_of(world, 6), ERR_NO_SLOT); /* the hard cap of sockets */
    assert_int_equal(world->fake.asked[HOOK_admit], asked);
    world_free(world);
}

static void assert_others(
    const struct admit_view *view, int64_t ip, int64_t group, int64_t unproven)
{
    assert_int_equal(view->ip_peers, ip);
    assert_int_equal(view->group_peers, group);
    assert_int_equal(view->handshaking, unproven);
}

static void p15_who_comes_is_told_of_the_others_alone(void **state)
{
    (void)state;
    struct node_settings settings = world_settings();
    settings.allow_duplicate_ip = true;
    struct world *world = open_with(&settings);
    struct endpoint remote = remote_of(1);
    world_accept(world, &remote); /* an empty node */
    assert_others(&seen_at_socket, 0, 0, 0);
    struct peer_id first = id_of(1), second = id_of(2);
    world_establish(world, world->accepted, &first, NULL);
    assert_others(&seen, 0, 0, 0);

    world_accept(world, &remote);
    assert_others(&seen_at_socket, 1, 1, 0);
    uint64_t number = world->accepted;
    world_accept(world, &remote);
    assert_others(&seen_at_socket, 2, 2, 1);
    world_establish(world, number, &second, NULL);
    assert_others(&seen, 2, 2, 1);
    world_free(world);
}

static void p15_who_comes_is_told_of_the_outbound_peers_in_its_group(void **state)
{
    (void)state;
    struct node_settings settings = world_settings();
    struct world *world = open_with(&settings);
    world_outbound(world, 1);
    struct endpoint beside = remote_of(1), apart = remote_of(2);
    beside.ip.bytes[15]++; /* another address of the same /16 */
    world_accept(world, &beside);
    assert_int_equal(seen_at_socket.group_outbound, 1);
    world_accept(world, &apart);
    assert_int_equal(seen_at_socket.group_outbound, 0);
    world_free(world);
}

static void p15_a_dial_of_ours_is_not_asked_about(void **state)
{
    (void)state;
    struct node_settings settings = world_settings();
    struct world *world = open_with(&settings);
    at_peer = no;
    world_outbound(world, 1);
    assert_int_equal(world->fake.asked[HOOK_admit], 0);
    world_free(world);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(p15_a_policy_may_refuse_a_socket),
        cmocka_unit_test(p15_a_policy_may_refuse_a_proven_peer),
        cmocka_unit_test(p15_a_policy_that_fails_leaves_it_to_the_rule),
        cmocka_unit_test(p15_yes_makes_no_slot),
        cmocka_unit_test(p15_a_full_node_may_replace_a_peer),
        cmocka_unit_test(p15_of_many_peers_a_sample_may_be_replaced_and_not_often),
        cmocka_unit_test(p15_nonsense_rows_replace_nobody),
        cmocka_unit_test(p15_with_free_slots_there_is_nobody_to_replace),
        cmocka_unit_test(p15_named_peers_are_neither_replaced_nor_refused),
        cmocka_unit_test(p15_bans_limits_and_duplicates_are_not_asked_about),
        cmocka_unit_test(p15_who_comes_is_told_of_the_others_alone),
        cmocka_unit_test(p15_who_comes_is_told_of_the_outbound_peers_in_its_group),
        cmocka_unit_test(p15_a_dial_of_ours_is_not_asked_about),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
