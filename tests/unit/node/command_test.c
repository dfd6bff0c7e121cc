/* core/node/command.c: what an operator does to a running node, and the answer to it. */
#include "world.h"

#include <stdio.h>

#define TOKEN 77

static struct addr_text named;

static struct world *open_node(void)
{
    struct node_settings settings = world_settings();
    return world_open(&settings);
}

static const struct done *command(struct world *world, struct node_command wanted)
{
    wanted.token = TOKEN;
    world_step(world, &(struct event){.kind = EVENT_COMMAND, .command = wanted});
    const struct done *answer = world_only(world, ACTION_ANSWER);
    assert_int_equal(answer->token, TOKEN);
    return answer;
}

static enum err ban(struct world *world, struct ban_target target)
{
    struct node_command wanted = {.kind = COMMAND_BAN};
    wanted.ban.target = target;
    wanted.ban.duration_ms = HOURS_MS(1);
    wanted.ban.reason = "spam";
    return command(world, wanted)->why;
}

static enum err unban(struct world *world, struct ban_target target)
{
    return command(world, (struct node_command){.kind = COMMAND_UNBAN, .target = target})->why;
}

static struct ban_target target_of(uint32_t n)
{
    struct peer_id id = id_of(n);
    return ban_of_id(&id);
}

static struct ban_target range_of(uint32_t n, uint8_t bits)
{
    struct addr addr = addr_of(n);
    struct cidr range = cidr_of(&addr.at.ip, bits);
    return ban_of_cidr(&range);
}

static enum err persistent_add(struct world *world, uint32_t n, const char *host)
{
    named = text_of(n, host);
    return command(world, (struct node_command){.kind = COMMAND_PERSISTENT_ADD, .peer = &named})
        ->why;
}

static enum err persistent_remove(struct world *world, uint32_t n)
{
    return command(world, (struct node_command){.kind = COMMAND_PERSISTENT_REMOVE, .id = id_of(n)})
        ->why;
}

static enum err set(struct world *world, enum node_setting setting, int64_t value)
{
    struct node_command wanted = {.kind = COMMAND_SET};
    wanted.set.setting = setting;
    wanted.set.value = value;
    return command(world, wanted)->why;
}

static void a_command_without_a_token_gets_no_answer(void **state)
{
    (void)state;
    struct world *world = open_node();
    world_command(world, COMMAND_SAVE);
    assert_int_equal(world_count(world, ACTION_ANSWER), 0);
    world_free(world);
}

static void a_dial_is_answered_with_why_it_cannot_be(void **state)
{
    (void)state;
    struct world *world = open_node();
    struct node_command dial = {.kind = COMMAND_DIAL, .addr = addr_of(1)};
    assert_int_equal(command(world, dial)->why, ERR_OK);
    const struct done *answer = command(world, dial);
    assert_int_equal(answer->why, ERR_ALREADY_CONNECTED);
    assert_non_null(strstr(answer->detail, "dialing "));
    world_ban(world, 2, HOURS_MS(1));
    dial.addr = addr_of(2);
    assert_int_equal(command(world, dial)->why, ERR_BANNED);
    dial.addr = (struct addr){id_of(3), world->settings.own_addresses[0].at};
    assert_int_equal(command(world, dial)->why, ERR_ADDR_SELF); /* under whatever ID */
    world_free(world);
}

static void a_dial_of_a_banned_peer_names_the_ban_and_how_to_end_it(void **state)
{
    (void)state;
    struct world *world = open_node();
    struct node_command dial = {.kind = COMMAND_DIAL, .addr = addr_of(2)};
    struct ban_target range = range_of(2, 96 + 16);
    char target[ADDR_TEXT_MAX], expected[DETAIL_MAX + 1];
    assert_int_equal(ban(world, range), ERR_OK);
    const struct done *answer = command(world, dial);
    assert_int_equal(answer->why, ERR_BANNED);
    ban_target_text(&range, target);
    assert_memory_equal(answer->detail, target, strlen(target));
    snprintf(expected, sizeof expected, ": spam; ctl unban %s ends it", target);
    assert_non_null(strstr(answer->detail, expected));
    assert_int_equal(unban(world, range), ERR_OK);
    assert_int_equal(command(world, dial)->why, ERR_OK);
    world_free(world);
}

static void says(struct world *world, struct ban_target target, const char *part)
{
    assert_int_equal(unban(world, target), ERR_NOT_FOUND);
    const char *detail = world_only(world, ACTION_ANSWER)->detail;
    if (!strstr(detail, part))
        fail_msg("\"%s\" is not in \"%s\"", part, detail);
}

static void an_unban_of_what_is_not_banned_says_what_is(void **state)
{
    (void)state;
    struct world *world = open_node();
    struct ban_target wide = range_of(2, 96 + 16);
    char text[ADDR_TEXT_MAX], part[ADDR_TEXT_MAX + 24];
    says(world, target_of(9), "nothing is banned");
    assert_int_equal(ban(world, wide), ERR_OK);
    ban_target_text(&wide, text);
    says(world, target_of(9), "1 other ban is in force");
    snprintf(part, sizeof part, "is in %s until ", text);
    says(world, range_of(2, 128), part);
    snprintf(part, sizeof part, "ctl unban %s ends it", text);
    says(world, range_of(2, 96 + 24), part);
    snprintf(part, sizeof part, "1 ban is inside of it: ctl bans ");
    says(world, range_of(2, 96 + 8), part);
    world_free(world);
}

static void disconnect_closes_one_peer_without_blame(void **state)
{
    (void)state;
    struct world *world = open_node();
    uint64_t one = world_inbound(world, 1), two = world_inbound(world, 2);
    struct node_command wanted = {.kind = COMMAND_DISCONNECT, .id = id_of(1)};
    assert_int_equal(command(world, wanted)->why, ERR_OK);
    assert_false(world_is_peer(world, one));
    assert_true(world_is_peer(world, two));
    assert_int_equal(world_only(world, ACTION_CLOSE)->why, ERR_GRACEFUL);
    assert_int_equal(command(world, wanted)->why, ERR_NOT_FOUND);
    world_free(world);
}

static void a_ban_by_id_closes_the_peer_and_ends_early(void **state)
{
    (void)state;
    struct world *world = open_node();
    uint64_t one = world_inbound(world, 1);
    assert_int_equal(ban(world, target_of(1)), ERR_OK);
    assert_int_equal(world_last(world, ACTION_ANSWER)->n, 1);
    assert_false(world_is_peer(world, one));
    assert_true(world_is_banned(world, 1));
    assert_false(world_knows(world, 1));
    assert_int_equal(unban(world, target_of(1)), ERR_OK);
    assert_false(world_is_banned(world, 1));
    assert_true(world_knows(world, 1));
    assert_int_equal(unban(world, target_of(1)), ERR_NOT_FOUND);
    world_free(world);
}

static void unban_of_an_id_ends_its_pairs_too_F3(void **state)
{
    (void)state;
    struct world *world = open_node();
    struct addr addr = addr_of(1);
    struct ban_target pair = ban_of_pair(&addr);
    book_ban(world->book, world->now, &pair, HOURS_MS(1), "test");
    world_ban(world, 1, HOURS_MS(1));
    world_ban(world, 2, HOURS_MS(1));
    assert_int_equal(unban(world, target_of(1)), ERR_OK);
    assert_int_equal(world_last(world, ACTION_ANSWER)->n, 2);
    assert_int_equal(bans_count(book_bans(world->book)), 1);
    world_free(world);
}

/* Bans lie in a heap: ending the fourth of these lifts the sixth to the place of the second. */
static void unban_of_an_id_ends_every_pair_wherever_it_lies_F3(void **state)
{
    (void)state;
    struct world *world = open_node();
    const struct {
        uint32_t id;
        int64_t hours;
    } bans[] = {{11, 1}, {1, 100}, {12, 2}, {1, 101}, {13, 102}, {14, 3}};
    for (uint16_t i = 0; i < sizeof bans / sizeof *bans; i++) {
        struct addr addr = addr_of(bans[i].id);
        addr.at.port = (uint16_t)(1000 + i);
        struct ban_target pair = ban_of_pair(&addr);
        book_ban(world->book, world->now, &pair, HOURS_MS(bans[i].hours), "test");
    }
    assert_int_equal(unban(world, target_of(1)), ERR_OK);
    assert_int_equal(world_last(world, ACTION_ANSWER)->n, 2);
    assert_int_equal(bans_count(book_bans(world->book)), 4);
    world_free(world);
}

static void a_ban_of_a_range_closes_the_peers_inside(void **state)
{
    (void)state;
    struct world *world = open_node();
    uint64_t peers[4];
    for (uint32_t i = 0; i < 4; i++)
        peers[i] = world_inbound(world, i + 4);
    assert_int_equal(ban(world, range_of(4, 96 + 15)), ERR_OK); /* 20.4.0.0/15: 4 and 5 */
    assert_int_equal(world_last(world, ACTION_ANSWER)->n, 2);
    assert_non_null(strstr(world_last(world, ACTION_CLOSE)->detail, "20.4.0.0/15 until "));
    for (uint32_t i = 0; i < 4; i++)
        assert_int_equal(world_is_peer(world, peers[i]), i >= 2);
    assert_int_equal(unban(world, range_of(4, 96 + 16)), ERR_NOT_FOUND); /* not that range */
    assert_int_equal(unban(world, range_of(4, 96 + 15)), ERR_OK);
    world_inbound(world, 4);
    world_free(world);
}

static void those_whom_the_operator_named_are_not_banned(void **state)
{
    (void)state;
    struct world *world = open_node();
    assert_int_equal(persistent_add(world, 1, NULL), ERR_OK);
    uint64_t dial = world_number(world, 1);
    assert_true(dial != 0);
    world_connect(world, dial);
    assert_int_equal(ban(world, target_of(1)), ERR_PROTECTED);
    assert_int_equal(ban(world, range_of(1, 128)), ERR_OK);
    assert_int_equal(world_last(world, ACTION_ANSWER)->n, 0);
    assert_true(world_is_peer(world, dial));
    world_free(world);
}

static void a_persistent_peer_is_dialed_at_once_and_again_until_it_is_removed(void **state)
{
    (void)state;
    struct world *world = open_node();
    assert_int_equal(persistent_add(world, 1, NULL), ERR_OK);
    assert_true(world_dialed(world, 1));
    assert_int_equal(persistent_add(world, 1, NULL), ERR_LISTED);
    world_dial_fails(world, world_number(world, 1), ERR_REFUSED, false);
    world_run(world, SECONDS_MS(10));
    assert_true(world_dialed(world, 1));
    assert_int_equal(persistent_remove(world, 1), ERR_OK);
    assert_int_equal(persistent_remove(world, 1), ERR_NOT_FOUND);
    world_dial_fails(world, world_number(world, 1), ERR_REFUSED, false);
    struct peer_id id = id_of(1);
    book_remove(world->book, &id); /* it was told to the book, where the rounds find it (S16) */
    world_run(world, MINUTES_MS(10));
    assert_false(world_dialed(world, 1));
    world_free(world);
}

static void a_persistent_peer_that_waits_for_its_next_dial_is_dialed_no_more(void **state)
{
    (void)state;
    struct world *world = open_node();
    struct peer_id id = id_of(1);
    assert_int_equal(persistent_add(world, 1, NULL), ERR_OK);
    world_dial_fails(world, world_number(world, 1), ERR_REFUSED, false);
    assert_int_equal(persistent_remove(world, 1), ERR_OK);
    book_remove(world->book, &id);
    world_run(world, MINUTES_MS(10));
    assert_false(world_dialed(world, 1));
    world_free(world);
}

static void a_connected_peer_becomes_persistent_and_ordinary_again(void **state)
{
    (void)state;
    struct world *world = open_node();
    uint64_t peer = world_inbound(world, 1);
    assert_int_equal(persistent_add(world, 1, NULL), ERR_OK);
    assert_int_equal(ban(world, target_of(1)), ERR_PROTECTED);
    assert_true(world_is_peer(world, peer));
    assert_int_equal(persistent_remove(world, 1), ERR_OK);
    assert_true(world_is_peer(world, peer));
    assert_int_equal(ban(world, target_of(1)), ERR_OK);
    assert_false(world_is_peer(world, peer));
    world_free(world);
}

static void a_connected_peer_is_spared_a_ban_while_it_is_persistent(void **state)
{
    (void)state;
    struct world *world = open_node();
    uint64_t peer = world_inbound(world, 1);
    assert_int_equal(persistent_add(world, 1, NULL), ERR_OK);
    world_bad_list(world, peer);
    assert_false(world_is_banned(world, 1));
    peer = world_inbound(world, 1);
    assert_int_equal(persistent_remove(world, 1), ERR_OK);
    world_bad_list(world, peer);
    assert_true(world_is_banned(world, 1));
    world_free(world);
}

static void a_late_look_up_of_a_removed_peer_reaches_nobody_else(void **state)
{
    (void)state;
    struct world *world = open_node();
    assert_int_equal(persistent_add(world, 1, "one.example"), ERR_OK);
    uint64_t token = world_only(world, ACTION_RESOLVE)->token;
    assert_int_equal(persistent_remove(world, 1), ERR_OK);
    assert_int_equal(persistent_add(world, 2, "two.example"), ERR_OK);
    uint64_t other = world_only(world, ACTION_RESOLVE)->token;
    assert_true(other != token);
    struct addr addr = addr_of(3);
    world_resolved(world, token, &addr.at.ip);
    assert_int_equal(world_count(world, ACTION_DIAL), 0);
    assert_int_equal(persistent_add(world, 4, NULL), ERR_OK); /* into the free place */
    world_resolved(world, other, &addr.at.ip);
    assert_true(world_dialed(world, 2));
    world_free(world);
}

static enum err seeds_add(struct world *world, uint32_t n, const char *host)
{
    named = text_of(n, host);
    return command(world, (struct node_command){.kind = COMMAND_SEED_ADD, .peer = &named})->why;
}

static enum err seeds_remove(struct world *world, uint32_t n)
{
    return command(world, (struct node_command){.kind = COMMAND_SEED_REMOVE, .id = id_of(n)})->why;
}

static void a_seed_is_asked_at_once_by_a_node_that_is_alone(void **state)
{
    (void)state;
    struct world *world = open_node();
    assert_int_equal(seeds_add(world, 1, NULL), ERR_OK);
    assert_true(world_dialed(world, 1));
    assert_int_equal(seeds_add(world, 1, NULL), ERR_LISTED);
    assert_int_equal(ban(world, target_of(1)), ERR_PROTECTED);
    world_free(world);
}

static void a_seed_that_is_removed_is_asked_no_more(void **state)
{
    (void)state;
    struct world *world = open_node();
    assert_int_equal(seeds_remove(world, 1), ERR_NOT_FOUND);
    assert_int_equal(seeds_add(world, 1, NULL), ERR_OK);
    world_dial_fails(world, world_number(world, 1), ERR_REFUSED, false);
    assert_int_equal(seeds_remove(world, 1), ERR_OK);
    assert_int_equal(seeds_remove(world, 1), ERR_NOT_FOUND);
    unsigned asked = world->fake.asked[HOOK_seeds];
    world_run(world, MINUTES_MS(10));
    assert_int_equal(world_count(world, ACTION_DIAL), 0);
    assert_int_equal(world->fake.asked[HOOK_seeds], asked);
    assert_int_equal(seeds_add(world, 1, NULL), ERR_OK);
    assert_true(world_dialed(world, 1));
    world_free(world);
}

static void seeds_that_are_removed_during_a_walk_are_passed_over(void **state)
{
    (void)state;
    struct world *world = open_node();
    for (uint32_t n = 1; n <= 3; n++)
        assert_int_equal(seeds_add(world, n, NULL), ERR_OK);
    world_dial_fails(world, world_number(world, 1), ERR_REFUSED, false); /* added when alone */
    world_run(world, MINUTES_MS(1)); /* a round, which asks all of them */
    uint32_t asked = world_number(world, 1) ? 1 : world_number(world, 2) ? 2 : 3;
    uint64_t dial = world_number(world, asked);
    assert_true(dial != 0);
    for (uint32_t n = 1; n <= 3; n++)
        assert_int_equal(seeds_remove(world, n), ERR_OK);
    assert_int_equal(
        seeds_add(world, 4, NULL), ERR_OK); /* into no place that the walk will visit */
    world_dial_fails(world, dial, ERR_REFUSED, false);
    assert_int_equal(world_count(world, ACTION_DIAL), 0);
    world_run(world, MINUTES_MS(2));
    assert_true(world_number(world, 4) != 0);
    world_free(world);
}

static void a_named_seed_that_is_removed_is_looked_up_no_more(void **state)
{
    (void)state;
    struct world *world = open_node();
    struct addr addr = addr_of(1);
    assert_int_equal(seeds_add(world, 1, "one.example"), ERR_OK);
    uint64_t token = world_only(world, ACTION_RESOLVE)->token;
    world_resolved(world, token, &addr.at.ip);
    uint64_t dial = world_number(world, 1);
    assert_int_equal(seeds_remove(world, 1), ERR_OK);
    world_dial_fails(world, dial, ERR_REFUSED, false);
    world_run(world, HOURS_MS(1));
    assert_int_equal(world_count(world, ACTION_RESOLVE), 0);
    world_free(world);
}

static void a_connected_seed_that_is_removed_is_a_peer_like_any_other(void **state)
{
    (void)state;
    struct world *world = open_node();
    uint64_t peer = world_inbound(world, 1);
    assert_int_equal(seeds_add(world, 1, NULL), ERR_OK);
    assert_int_equal(ban(world, target_of(1)), ERR_PROTECTED);
    assert_int_equal(seeds_remove(world, 1), ERR_OK);
    assert_true(world_is_peer(world, peer));
    assert_int_equal(ban(world, range_of(1, 128)), ERR_OK);
    assert_false(world_is_peer(world, peer));
    world_free(world);
}

static void a_seed_that_is_removed_while_it_is_looked_up_ends_no_node_R6(void **state)
{
    (void)state;
    struct node_settings settings = world_settings();
    const struct addr_text seeds[] = {text_of(1, "one.example"), text_of(2, "two.example")};
    settings.seeds = seeds;
    settings.seeds_n = 2;
    struct world *world = world_open(&settings);
    world_resolved(world, 0, NULL);
    assert_int_equal(seeds_remove(world, 2), ERR_OK);
    world_resolved(world, 1, NULL);
    world_run(world, MINUTES_MS(1));
    world_resolved(world, 0, NULL);
    assert_int_equal(world_count(world, ACTION_ABORT), 0);
    world_free(world);
}

static void ourselves_are_neither_persistent_nor_a_seed(void **state)
{
    (void)state;
    struct world *world = open_node();
    assert_int_equal(persistent_add(world, OWN_ID, NULL), ERR_ADDR_SELF);
    assert_int_equal(seeds_add(world, OWN_ID, NULL), ERR_ADDR_SELF);
    world_free(world);
}

static void a_seed_without_an_address_ends_no_node_that_exchanges_nothing_R6(void **state)
{
    (void)state;
    struct node_settings settings = world_settings();
    settings.pex = false;
    struct world *world = world_open(&settings);
    assert_int_equal(seeds_add(world, 3, "seed.example"), ERR_OK);
    world_resolved(world, world_last(world, ACTION_RESOLVE)->token, NULL);
    assert_int_equal(world_count(world, ACTION_ABORT), 0);
    world_free(world);
}

static void more_outbound_slots_are_used_at_once(void **state)
{
    (void)state;
    struct node_settings settings = world_settings();
    settings.max_outbound = 0;
    struct world *world = world_open(&settings);
    world_add_peers(world, 1, 20);
    world_run(world, SECONDS_MS(1));
    assert_int_equal(world_count(world, ACTION_DIAL), 0);
    assert_int_equal(set(world, NODE_SETTING_max_outbound, 3), ERR_OK);
    assert_int_equal(world_count(world, ACTION_DIAL), 3);
    world_free(world);
}

static void a_shorter_period_begins_now(void **state)
{
    (void)state;
    struct node_settings settings = world_settings();
    settings.ensure_peers_period_ms = HOURS_MS(1);
    struct world *world = world_open(&settings);
    world_run(world, SECONDS_MS(1));
    uint64_t before = node_counts(world->node).rounds;
    assert_int_equal(set(world, NODE_SETTING_ensure_peers_period_ms, SECONDS_MS(2)), ERR_OK);
    world_run(world, SECONDS_MS(7));
    assert_int_equal(node_counts(world->node).rounds, before + 3);
    world_free(world);
}

static void a_book_to_be_saved_more_often_is_saved_sooner_B50(void **state)
{
    (void)state;
    struct node_settings settings = world_settings();
    settings.book_save_interval_ms = HOURS_MS(1);
    struct world *world = world_open(&settings);
    assert_int_equal(set(world, NODE_SETTING_book_save_interval_ms, MINUTES_MS(1)), ERR_OK);
    world_run(world, MINUTES_MS(3));
    assert_int_equal(world_count(world, ACTION_EXPORT), 3);
    world_free(world);
}

static void fewer_inbound_slots_hold_for_newcomers(void **state)
{
    (void)state;
    struct world *world = open_node();
    uint64_t peer = world_inbound(world, 1);
    assert_int_equal(set(world, NODE_SETTING_max_inbound, 1), ERR_OK);
    struct endpoint remote = remote_of(2);
    world_accept(world, &remote);
    assert_int_equal(world_only(world, ACTION_REFUSE)->why, ERR_NO_SLOT);
    assert_true(world_is_peer(world, peer));
    world_free(world);
}

/* ---- the log ---- */

static char told[LOG_TEXT_MAX];

static void note_command(const struct log_line *line)
{
    if (strcmp(line->event, "command done") == 0 || strcmp(line->event, "command refused") == 0)
        snprintf(told, sizeof told, "%s", line->fields[0].text);
}

static enum log_level closed_at;

static void note_closed(const struct log_line *line)
{
    if (strcmp(line->event, "peer stopped for a ban") == 0)
        closed_at = line->level;
}

static void a_peer_that_an_operator_bans_is_no_error(void **state)
{
    (void)state;
    struct world *world = open_node();
    world_inbound(world, 2);
    world->on_log = note_closed;
    closed_at = LOG_NONE;
    assert_int_equal(ban(world, target_of(2)), ERR_OK);
    assert_int_equal(closed_at, LOG_INFO);
    world_free(world);
}

static void the_log_tells_what_a_command_was_about(void **state)
{
    (void)state;
    struct world *world = open_node();
    world->on_log = note_command;
    assert_int_equal(set(world, NODE_SETTING_max_inbound, 7), ERR_OK);
    assert_string_equal(told, "set max_inbound 7");
    struct cidr range = {ip_of_v4(0x0a000000), 104};
    assert_int_equal(ban(world, ban_of_cidr(&range)), ERR_OK);
    assert_string_equal(told, "ban 10.0.0.0/8 for 1h: spam");
    const struct peer_id stranger = id_of(9);
    char expected[LOG_TEXT_MAX], id[PEER_ID_TEXT + 1];
    command(world, (struct node_command){.kind = COMMAND_DISCONNECT, .id = stranger});
    snprintf(expected, sizeof expected, "disconnect %s", peer_id_text(&stranger, id));
    assert_string_equal(told, expected);
    command(world, (struct node_command){.kind = COMMAND_SAVE});
    assert_string_equal(told, "save");
    world_free(world);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_command_without_a_token_gets_no_answer),
        cmocka_unit_test(a_dial_is_answered_with_why_it_cannot_be),
        cmocka_unit_test(an_unban_of_what_is_not_banned_says_what_is),
        cmocka_unit_test(a_dial_of_a_banned_peer_names_the_ban_and_how_to_end_it),
        cmocka_unit_test(disconnect_closes_one_peer_without_blame),
        cmocka_unit_test(a_ban_by_id_closes_the_peer_and_ends_early),
        cmocka_unit_test(unban_of_an_id_ends_its_pairs_too_F3),
        cmocka_unit_test(unban_of_an_id_ends_every_pair_wherever_it_lies_F3),
        cmocka_unit_test(a_ban_of_a_range_closes_the_peers_inside),
        cmocka_unit_test(those_whom_the_operator_named_are_not_banned),
        cmocka_unit_test(a_persistent_peer_is_dialed_at_once_and_again_until_it_is_removed),
        cmocka_unit_test(a_persistent_peer_that_waits_for_its_next_dial_is_dialed_no_more),
        cmocka_unit_test(a_connected_peer_becomes_persistent_and_ordinary_again),
        cmocka_unit_test(a_connected_peer_is_spared_a_ban_while_it_is_persistent),
        cmocka_unit_test(a_late_look_up_of_a_removed_peer_reaches_nobody_else),
        cmocka_unit_test(a_seed_is_asked_at_once_by_a_node_that_is_alone),
        cmocka_unit_test(a_seed_that_is_removed_is_asked_no_more),
        cmocka_unit_test(seeds_that_are_removed_during_a_walk_are_passed_over),
        cmocka_unit_test(a_named_seed_that_is_removed_is_looked_up_no_more),
        cmocka_unit_test(a_connected_seed_that_is_removed_is_a_peer_like_any_other),
        cmocka_unit_test(a_seed_that_is_removed_while_it_is_looked_up_ends_no_node_R6),
        cmocka_unit_test(ourselves_are_neither_persistent_nor_a_seed),
        cmocka_unit_test(more_outbound_slots_are_used_at_once),
        cmocka_unit_test(a_shorter_period_begins_now),
        cmocka_unit_test(a_book_to_be_saved_more_often_is_saved_sooner_B50),
        cmocka_unit_test(fewer_inbound_slots_hold_for_newcomers),
        cmocka_unit_test(a_peer_that_an_operator_bans_is_no_error),
        cmocka_unit_test(the_log_tells_what_a_command_was_about),
        cmocka_unit_test(a_seed_without_an_address_ends_no_node_that_exchanges_nothing_R6),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
