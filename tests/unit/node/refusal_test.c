/* core/node/refusal.c: what people are told of a refusal beside the error. */
#include "world.h"

#include <stdio.h>

static void says(const struct world *world, enum action_kind kind, enum err why, const char *part)
{
    const struct done *done = world_only(world, kind);
    assert_int_equal(done->why, why);
    if (!strstr(done->detail, part))
        fail_msg("\"%s\" is not in \"%s\"", part, done->detail);
}

static void a_refused_socket_is_told_which_ban_it_is(void **state)
{
    (void)state;
    struct node_settings settings = world_settings();
    struct world *world = world_open(&settings);
    struct addr addr = addr_of(1);
    struct cidr range = cidr_of(&addr.at.ip, 96 + 24);
    struct ban_target target = ban_of_cidr(&range);
    char text[ADDR_TEXT_MAX], part[ADDR_TEXT_MAX + 8];
    assert_int_equal(book_ban(world->book, world->now, &target, HOURS_MS(1), "noise"), ERR_OK);
    world_accept(world, &addr.at);
    snprintf(part, sizeof part, "%s until ", ban_target_text(&target, text));
    says(world, ACTION_REFUSE, ERR_BANNED, part);
    says(world, ACTION_REFUSE, ERR_BANNED, ": noise");
    world_free(world);
}

static void who_has_the_ip_already_is_named(void **state)
{
    (void)state;
    struct node_settings settings = world_settings();
    struct world *world = world_open(&settings);
    struct addr addr = addr_of(1);
    char text[PEER_ID_TEXT + 1], part[PEER_ID_TEXT + 32];
    world_inbound(world, 1);
    addr.at.port++;
    world_accept(world, &addr.at);
    snprintf(part, sizeof part, "connected to %s@", peer_id_text(&addr.id, text));
    says(world, ACTION_REFUSE, ERR_DUPLICATE_IP, part);
    says(world, ACTION_REFUSE, ERR_DUPLICATE_IP, ", inbound");
    world_free(world);
}

static void in_a_crowd_only_the_latest_are_searched_for_the_ip(void **state)
{
    (void)state;
    struct node_settings settings = world_settings();
    settings.max_inbound = 2000;
    struct world *world = world_open(&settings);
    world->skips_book = true;
    for (uint32_t n = 1; n <= 1100; n++)
        world_inbound(world, n);
    struct endpoint first = {remote_of(1).ip, 1}, latest = {remote_of(1100).ip, 1};
    world_accept(world, &first);
    assert_int_equal(world_only(world, ACTION_REFUSE)->detail[0], 0);
    world_accept(world, &latest);
    says(world, ACTION_REFUSE, ERR_DUPLICATE_IP, "connected to ");
    world_free(world);
}

static void the_share_of_a_group_in_a_seed_is_told(void **state)
{
    (void)state;
    struct node_settings settings = world_settings();
    settings.seed_mode = true;
    settings.max_inbound = 40;
    struct world *world = world_open(&settings);
    for (uint32_t i = 0; i <= 10; i++) {
        struct addr addr = addr_at(i + 1, 0x20010101 + (i << 8));
        world_accept(world, &addr.at);
    }
    says(world, ACTION_REFUSE, ERR_CROWDED,
        "10 of 10 accepted from its group (max_inbound_per_group)");
    world_free(world);
}

static void a_limit_is_told_with_its_number_and_its_setting(void **state)
{
    (void)state;
    struct node_settings settings = world_settings();
    settings.max_inbound = 2;
    struct world *world = world_open(&settings);
    world_inbound(world, 1);
    world_inbound(world, 2);
    struct addr addr = addr_of(3);
    world_accept(world, &addr.at);
    says(world, ACTION_REFUSE, ERR_NO_SLOT, "2 of 2 inbound peers (max_num_inbound_peers)");
    world_free(world);
}

static void a_crowd_is_told_with_its_number_and_its_setting(void **state)
{
    (void)state;
    struct node_settings settings = world_settings();
    settings.max_inbound_per_ip = 1;
    struct world *world = world_open(&settings);
    struct addr addr = addr_of(1);
    world_inbound(world, 1);
    addr.at.port++;
    world_accept(world, &addr.at);
    says(world, ACTION_REFUSE, ERR_CROWDED, "1 of 1 accepted from there (max_inbound_per_ip)");
    world_free(world);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_refused_socket_is_told_which_ban_it_is),
        cmocka_unit_test(who_has_the_ip_already_is_named),
        cmocka_unit_test(in_a_crowd_only_the_latest_are_searched_for_the_ip),
        cmocka_unit_test(the_share_of_a_group_in_a_seed_is_told),
        cmocka_unit_test(a_limit_is_told_with_its_number_and_its_setting),
        cmocka_unit_test(a_crowd_is_told_with_its_number_and_its_setting),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
