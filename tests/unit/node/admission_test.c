/* core/node/admission.c: who may connect and stay (S4 - S8, S14, S15, S21 - S24, F5, F24, P15). */
#include "world.h"

static struct world *open_node(void)
{
    struct node_settings settings = world_settings();
    return world_open(&settings);
}

/* Accepts from where peer n is; the answer. */
static enum action_kind answer_to(struct world *world, uint32_t n)
{
    struct endpoint remote = remote_of(n);
    world_accept(world, &remote);
    return world->done[0].kind;
}

/* Establishes an accepted socket of peer n as the ID of peer `as`; whether it may stay. */
static bool may_stay(struct world *world, uint32_t n, uint32_t as)
{
    struct endpoint remote = remote_of(n);
    struct peer_id id = id_of(as);
    uint64_t number = world_accept(world, &remote);
    assert_int_equal(world->done[0].kind, ACTION_ACCEPT);
    world_establish(world, number, &id, NULL);
    return world_is_peer(world, number);
}

/* ---- slots (S21, S23, F24) ---- */

static void s21_a_full_node_refuses_before_the_handshake(void **state)
{
    (void)state;
    struct node_settings settings = world_settings();
    settings.max_inbound = 2;
    struct world *world = world_open(&settings);
    uint64_t first = world_inbound(world, 1);
    world_inbound(world, 2);
    assert_int_equal(answer_to(world, 3), ACTION_REFUSE);
    assert_int_equal(world->done[0].why, ERR_NO_SLOT);
    assert_true(world_logged(world, "inbound refused"));
    world_closed(world, first, ERR_CLOSED_BY_PEER);
    world_inbound(world, 3);
    world_free(world);
}

static void s23_sockets_in_handshake_do_not_let_more_in_than_slots(void **state)
{
    (void)state;
    struct node_settings settings = world_settings();
    settings.max_inbound = 2;
    struct world *world = world_open(&settings);
    uint64_t numbers[5];
    for (uint32_t i = 0; i < 5; i++) { /* F24: a budget of their own */
        struct endpoint remote = remote_of(i + 1);
        numbers[i] = world_accept(world, &remote);
        assert_int_equal(world->done[0].kind, ACTION_ACCEPT);
    }
    unsigned stayed = 0;
    for (uint32_t i = 0; i < 5; i++) {
        struct peer_id id = id_of(i + 1);
        world_establish(world, numbers[i], &id, NULL);
        stayed += world_is_peer(world, numbers[i]);
    }
    assert_int_equal(stayed, 2);
    assert_int_equal(world_only(world, ACTION_CLOSE)->why, ERR_NO_SLOT);
    world_free(world);
}

static void f24_handshakes_have_a_budget_and_are_refused_at_once_beyond_it(void **state)
{
    (void)state;
    struct node_settings settings = world_settings();
    settings.max_handshaking = 3;
    struct world *world = world_open(&settings);
    for (uint32_t i = 1; i <= 3; i++)
        assert_int_equal(answer_to(world, i), ACTION_ACCEPT);
    assert_int_equal(answer_to(world, 4), ACTION_REFUSE);
    world_closed(world, 1, ERR_HANDSHAKE_TIMEOUT);
    assert_int_equal(answer_to(world, 4), ACTION_ACCEPT);
    world_free(world);
}

static struct world *open_with_friends(const struct peer_id *friends, size_t n)
{
    struct node_settings settings = world_settings();
    settings.max_inbound = 1;
    settings.unconditional_ids = friends;
    settings.unconditional_ids_n = n;
    return world_open(&settings);
}

static void s4_s23_unconditional_peers_come_in_beyond_the_maximum(void **state)
{
    (void)state;
    struct peer_id friends[] = {id_of(1), id_of(2)};
    struct world *world = open_with_friends(friends, 2);
    assert_true(may_stay(world, 3, 3));
    assert_false(may_stay(world, 4, 4));
    assert_true(may_stay(world, 1, 1));
    assert_true(may_stay(world, 2, 2));
    assert_int_equal(node_counts(world->node).inbound, 1); /* S5 */
    assert_int_equal(node_counts(world->node).peers, 3);
    world_free(world);
}

static void s4_the_rule_of_one_ip_holds_for_unconditional_peers_too(void **state)
{
    (void)state;
    struct peer_id friends[] = {id_of(1), id_of(2)};
    struct world *world = open_with_friends(friends, 2);
    assert_true(may_stay(world, 1, 1));
    assert_int_equal(answer_to(world, 1), ACTION_REFUSE);
    assert_int_equal(world->done[0].why, ERR_DUPLICATE_IP);
    world_free(world);
}

/* ---- duplicates (S7, S8, S22) ---- */

static void s8_a_connected_id_is_refused_either_way(void **state)
{
    (void)state;
    struct world *world = open_node();
    world_inbound(world, 1);
    assert_false(may_stay(world, 2, 1));
    assert_int_equal(world_only(world, ACTION_CLOSE)->why, ERR_DUPLICATE_ID);
    assert_int_equal(node_counts(world->node).peers, 1);
    world_free(world);
}

static void s8_two_ends_that_dial_each_other_keep_the_first(void **state)
{
    (void)state;
    struct world *world = open_node();
    uint64_t dial = world_dial(world, 1);
    uint64_t inbound = world_inbound(world, 1); /* while our dial is under way */
    world_connect(world, dial);
    assert_false(world_is_peer(world, dial));
    assert_true(world_is_peer(world, inbound));
    assert_int_equal(bans_count(book_bans(world->book)), 0);
    world_free(world);
}

static void s8_two_ends_that_kept_neither_try_again_at_a_time_of_their_own(void **state)
{
    (void)state;
    int64_t least = INT64_MAX, most = 0;
    for (uint64_t seed = 1; seed <= 30; seed++) {
        struct node_settings settings = world_settings();
        settings.rng_seed = seed;
        struct world *world = world_new(&settings);
        world_add_peers(world, 1, 1);
        world_start(world);
        uint64_t dial = world_number(world, 1), inbound = world_inbound(world, 1);
        world_connect(world, dial);
        assert_int_equal(world_only(world, ACTION_CLOSE)->why, ERR_DUPLICATE_ID);
        world_closed(world, inbound, ERR_CLOSED_BY_PEER); /* the other end kept neither */
        int64_t after_ms = 0;
        for (; world_number(world, 1) == 0; after_ms += 100)
            world_run(world, 100);
        least = earlier_ms(least, after_ms);
        most = after_ms > most ? after_ms : most;
        world_free(world);
    }
    assert_in_range(least, 0, 5000);
    assert_in_range(most, 25000, SECONDS_MS(30) + 100);
}

static void s22_a_second_socket_of_an_ip_is_refused_at_accept(void **state)
{
    (void)state;
    struct world *world = open_node();
    world_outbound(world, 1); /* dialed or accepted: both count */
    assert_int_equal(answer_to(world, 1), ACTION_REFUSE);
    assert_int_equal(world->done[0].why, ERR_DUPLICATE_IP);
    assert_int_equal(answer_to(world, 2), ACTION_ACCEPT);
    assert_int_equal(answer_to(world, 2), ACTION_REFUSE); /* the first is still in handshake */
    world_free(world);
}

static void s22_ips_may_repeat_when_allowed(void **state)
{
    (void)state;
    struct node_settings settings = world_settings();
    settings.allow_duplicate_ip = true;
    struct world *world = world_open(&settings);
    for (uint32_t i = 0; i < 5; i++)
        assert_true(may_stay(world, 1, 10 + i));
    world_free(world);
}

static void s22_a_dialed_peer_of_a_connected_ip_is_dropped(void **state)
{
    (void)state;
    struct world *world = open_node();
    uint64_t dial = world_dial(world, 1);
    assert_true(may_stay(world, 1, 9)); /* another ID of that IP came first */
    world_connect(world, dial);
    assert_int_equal(world_only(world, ACTION_CLOSE)->why, ERR_DUPLICATE_IP);
    world_free(world);
}

/* ---- bans (F5) ---- */

static void f5_a_banned_id_is_turned_away_after_the_handshake(void **state)
{
    (void)state;
    struct world *world = open_node();
    world_ban(world, 1, HOURS_MS(1)); /* not in the book: the ban does not need that */
    assert_false(may_stay(world, 1, 1));
    assert_int_equal(world_only(world, ACTION_CLOSE)->why, ERR_BANNED);
    world_run(world, HOURS_MS(1)); /* expires by itself */
    assert_true(may_stay(world, 1, 1));
    world_free(world);
}

static void f5_a_banned_ip_is_refused_before_the_handshake(void **state)
{
    (void)state;
    struct world *world = open_node();
    world_ban_ip(world, 1, HOURS_MS(1));
    assert_int_equal(answer_to(world, 1), ACTION_REFUSE);
    assert_int_equal(world->done[0].why, ERR_BANNED);
    world_free(world);
}

static void f5_a_ban_made_while_dialing_is_enforced_at_the_end(void **state)
{
    (void)state;
    struct world *world = open_node();
    uint64_t dial = world_dial(world, 1);
    world_ban(world, 1, HOURS_MS(1));
    world_connect(world, dial);
    assert_int_equal(world_only(world, ACTION_CLOSE)->why, ERR_BANNED);
    world_free(world);
}

static void p15_bans_do_not_keep_unconditional_peers_out(void **state)
{
    (void)state;
    struct peer_id friend = id_of(1);
    struct world *world = open_with_friends(&friend, 1);
    world_ban_ip(world, 1, HOURS_MS(1));
    world_ban(world, 1, HOURS_MS(1));
    assert_true(may_stay(world, 1, 1));
    world_ban_ip(world, 2, HOURS_MS(1));
    assert_false(may_stay(world, 2, 2)); /* found out once the ID is known */
    world_free(world);
}

/* ---- ends (S14, S15, S24, F25) ---- */

static void s15_everything_of_a_connection_is_gone_when_the_peer_returns(void **state)
{
    (void)state;
    struct world *world = open_node();
    struct peer_id id = id_of(1);
    for (unsigned i = 0; i < 20; i++) {
        uint64_t number = world_inbound(world, 1);
        assert_true(book_find(world->book, &id)->connected);
        world_closed(world, number, ERR_RESET);
        assert_false(book_find(world->book, &id)->connected);
        assert_int_equal(node_counts(world->node).peers, 0);
    }
    world_free(world);
}

static void s14_an_end_of_a_connection_that_is_gone_is_ignored(void **state)
{
    (void)state;
    struct world *world = open_node();
    uint64_t number = world_inbound(world, 1);
    world_closed(world, number, ERR_RESET);
    struct event again = {.kind = EVENT_CLOSED, .conn = number};
    world_step(world, &again);
    assert_int_equal(world->done_n + world->logged_n, 0);
    world_free(world);
}

static void s24_failed_handshakes_are_logged_and_cost_nothing(void **state)
{
    (void)state;
    static const enum err errs[] = {ERR_HANDSHAKE_TIMEOUT, ERR_AUTH_SIGNATURE, ERR_SELF,
        ERR_CLOSED_BY_PEER, ERR_NODE_INFO, ERR_RESET};
    struct world *world = open_node();
    for (unsigned i = 0; i < 6; i++) {
        struct endpoint remote = remote_of(1);
        uint64_t number = world_accept(world, &remote);
        world_closed(world, number, errs[i]);
        assert_true(world_logged(world, "inbound rejected"));
        assert_int_equal(world->done_n, 0);
    }
    assert_int_equal(world->fake.asked[HOOK_ban], 0); /* nobody proved to have done it */
    assert_int_equal(bans_count(book_bans(world->book)), 0);
    world_free(world);
}

static void f25_whoever_dials_us_for_another_network_is_removed_and_blocked(void **state)
{
    (void)state;
    struct world *world = open_node();
    struct endpoint remote = remote_of(1);
    struct peer_id known = id_of(1), stranger = id_of(2);
    world_add_peers(world, 1, 1);
    world_closed_as(world, world_accept(world, &remote), ERR_OTHER_NETWORK, &known);
    assert_false(world_knows(world, 1));
    assert_true(world_is_banned(world, 1));
    world_closed_as(world, world_accept(world, &remote), ERR_OTHER_NETWORK, &stranger);
    assert_false(world_is_banned(world, 2)); /* nobody would dial it: no room in the ban list */
    world_free(world);
}

/* ---- events that come when they should not ---- */

static void events_of_unknown_connections_are_ignored(void **state)
{
    (void)state;
    struct world *world = open_node();
    struct pex_message request = {.kind = PEX_REQUEST};
    struct node_info info = {.id = span_of_text("x")};
    uint64_t numbers[] = {0, 77, CONN_OUTBOUND, CONN_OUTBOUND + 77, UINT64_MAX};
    for (unsigned i = 0; i < 5; i++) {
        for (int kind = EVENT_ESTABLISHED; kind <= EVENT_CLOSED; kind++) {
            struct event event = {.kind = (enum event_kind)kind, .conn = numbers[i]};
            if (kind == EVENT_MESSAGE)
                event.message = &request;
            if (kind == EVENT_ESTABLISHED)
                event.established.info = &info;
            world_step(world, &event);
            assert_int_equal(world->done_n, 0);
        }
    }
    world_free(world);
}

static void messages_before_the_handshake_are_ignored(void **state)
{
    (void)state;
    struct world *world = open_node();
    struct endpoint remote = remote_of(1);
    uint64_t number = world_accept(world, &remote);
    world_request(world, number);
    world_bad_list(world, number);
    assert_int_equal(world->done_n, 0);
    world_request(world, world_dial(world, 2));
    assert_int_equal(world->done_n, 0);
    world_free(world);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(s21_a_full_node_refuses_before_the_handshake),
        cmocka_unit_test(s23_sockets_in_handshake_do_not_let_more_in_than_slots),
        cmocka_unit_test(f24_handshakes_have_a_budget_and_are_refused_at_once_beyond_it),
        cmocka_unit_test(s4_s23_unconditional_peers_come_in_beyond_the_maximum),
        cmocka_unit_test(s4_the_rule_of_one_ip_holds_for_unconditional_peers_too),
        cmocka_unit_test(s8_a_connected_id_is_refused_either_way),
        cmocka_unit_test(s8_two_ends_that_dial_each_other_keep_the_first),
        cmocka_unit_test(s8_two_ends_that_kept_neither_try_again_at_a_time_of_their_own),
        cmocka_unit_test(s22_a_second_socket_of_an_ip_is_refused_at_accept),
        cmocka_unit_test(s22_ips_may_repeat_when_allowed),
        cmocka_unit_test(s22_a_dialed_peer_of_a_connected_ip_is_dropped),
        cmocka_unit_test(f5_a_banned_id_is_turned_away_after_the_handshake),
        cmocka_unit_test(f5_a_banned_ip_is_refused_before_the_handshake),
        cmocka_unit_test(f5_a_ban_made_while_dialing_is_enforced_at_the_end),
        cmocka_unit_test(p15_bans_do_not_keep_unconditional_peers_out),
        cmocka_unit_test(s15_everything_of_a_connection_is_gone_when_the_peer_returns),
        cmocka_unit_test(s14_an_end_of_a_connection_that_is_gone_is_ignored),
        cmocka_unit_test(s24_failed_handshakes_are_logged_and_cost_nothing),
        cmocka_unit_test(f25_whoever_dials_us_for_another_network_is_removed_and_blocked),
        cmocka_unit_test(events_of_unknown_connections_are_ignored),
        cmocka_unit_test(messages_before_the_handshake_are_ignored),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
