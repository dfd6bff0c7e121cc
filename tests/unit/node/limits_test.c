/* Limits of accepted connections that are finer than allow_duplicate_ip (P15, S22). */
#include "world.h"

static enum err answer_from(struct world *world, const struct ip *ip)
{
    struct endpoint remote = {*ip, (uint16_t)(40000 + world->accepted)};
    world_accept(world, &remote);
    return world->done[0].kind == ACTION_REFUSE ? world->done[0].why : ERR_OK;
}

static enum err answer_from_v4(struct world *world, uint32_t ipv4)
{
    struct ip ip = ip_of_v4(ipv4);
    return answer_from(world, &ip);
}

static struct ip ip_from(const char *text)
{
    struct ip ip;
    assert_int_equal(ip_parse(span_of_text(text), &ip), ERR_OK);
    return ip;
}

static void p15_an_ip_may_have_as_many_connections_as_the_setting_says(void **state)
{
    (void)state;
    struct node_settings settings = world_settings();
    settings.max_inbound_per_ip = 3;
    struct world *world = world_open(&settings);
    for (unsigned i = 0; i < 3; i++)
        assert_int_equal(answer_from_v4(world, 0x20010203), ERR_OK);
    assert_int_equal(answer_from_v4(world, 0x20010203), ERR_CROWDED);
    assert_int_equal(answer_from_v4(world, 0x20010204), ERR_OK);
    world_closed(world, 2, ERR_CLOSED_BY_PEER);
    assert_int_equal(answer_from_v4(world, 0x20010203), ERR_OK);
    world_free(world);
}

static void p15_the_number_holds_where_ips_may_repeat(void **state)
{
    (void)state;
    struct node_settings settings = world_settings();
    settings.allow_duplicate_ip = true;
    settings.max_inbound_per_ip = 1;
    struct world *world = world_open(&settings);
    assert_int_equal(answer_from_v4(world, 0x20010203), ERR_OK);
    assert_int_equal(answer_from_v4(world, 0x20010203), ERR_CROWDED);
    world_free(world);
}

static void p15_an_ipv6_address_shares_the_number_of_its_64(void **state)
{
    (void)state;
    struct node_settings settings = world_settings();
    settings.max_inbound_per_ip = 1;
    struct world *world = world_open(&settings);
    struct ip one = ip_from("2600:1901:0:1::5"), near = ip_from("2600:1901:0:1:ffff::1");
    struct ip far = ip_from("2600:1901:0:2::5");
    assert_int_equal(answer_from(world, &one), ERR_OK);
    assert_int_equal(answer_from(world, &near), ERR_CROWDED);
    assert_int_equal(answer_from(world, &far), ERR_OK);
    world_free(world);
}

static void p15_a_group_may_have_as_many_connections_as_the_setting_says(void **state)
{
    (void)state;
    struct node_settings settings = world_settings();
    settings.max_inbound_per_group = 2;
    struct world *world = world_open(&settings);
    assert_int_equal(answer_from_v4(world, 0x20010203), ERR_OK);
    assert_int_equal(answer_from_v4(world, 0x2001ff03), ERR_OK);
    assert_int_equal(answer_from_v4(world, 0x2001ee03), ERR_CROWDED);
    assert_int_equal(answer_from_v4(world, 0x2002ee03), ERR_OK);
    world_free(world);
}

/* How many of 40 IPs of a /16 are let in. */
static unsigned let_in(const struct node_settings *settings, uint32_t range)
{
    struct world *world = world_open(settings);
    unsigned n = 0;
    for (uint32_t i = 0; i < 40; i++) {
        enum err err = answer_from_v4(world, range + (i << 8) + 1);
        n += err == ERR_OK;
        assert_true(err == ERR_OK || err == ERR_CROWDED);
    }
    assert_int_equal(answer_from_v4(world, 0x21010101), ERR_OK); /* others find room */
    world_free(world);
    return n;
}

static void p15_a_group_has_at_most_a_quarter_of_a_seed(void **state)
{
    (void)state;
    struct node_settings settings = world_settings();
    settings.seed_mode = true;
    settings.max_inbound = 100;
    assert_int_equal(let_in(&settings, 0x20010000), 25);
    settings.max_inbound = 20;
    assert_int_equal(let_in(&settings, 0x20010000), 8);
    settings.max_inbound_per_group = 30;
    assert_int_equal(let_in(&settings, 0x20010000), 30);
}

static void p15_nobody_else_has_that_limit(void **state)
{
    (void)state;
    struct node_settings settings = world_settings();
    settings.max_inbound = 100;
    assert_int_equal(let_in(&settings, 0x20010000), 40); /* no seed */
    settings.seed_mode = true;
    assert_int_equal(let_in(&settings, 0x0a010000), 40); /* a private network */
    assert_int_equal(let_in(&settings, 0x7f010000), 40);
    settings.allow_duplicate_ip = true;
    assert_int_equal(let_in(&settings, 0x20010000), 40);
    settings.allow_duplicate_ip = settings.strict = false;
    assert_int_equal(let_in(&settings, 0x20010000), 40);
}

static void p15_dials_count_for_neither(void **state)
{
    (void)state;
    struct node_settings settings = world_settings();
    settings.max_inbound_per_group = settings.max_inbound_per_ip = 1;
    struct world *world = world_open(&settings);
    world_outbound(world, 1);
    assert_int_equal(answer_from_v4(world, (20u << 24) + (1u << 16) + 9), ERR_OK);
    world_free(world);
}

static void s22_without_them_only_allow_duplicate_ip_decides(void **state)
{
    (void)state;
    struct node_settings settings = world_settings();
    struct world *world = world_open(&settings);
    assert_int_equal(answer_from_v4(world, 0x20010203), ERR_OK);
    assert_int_equal(answer_from_v4(world, 0x20010203), ERR_DUPLICATE_IP);
    for (uint32_t i = 4; i < 30; i++)
        assert_int_equal(answer_from_v4(world, 0x20010200 + i), ERR_OK);
    world_free(world);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(p15_an_ip_may_have_as_many_connections_as_the_setting_says),
        cmocka_unit_test(p15_the_number_holds_where_ips_may_repeat),
        cmocka_unit_test(p15_an_ipv6_address_shares_the_number_of_its_64),
        cmocka_unit_test(p15_a_group_may_have_as_many_connections_as_the_setting_says),
        cmocka_unit_test(p15_a_group_has_at_most_a_quarter_of_a_seed),
        cmocka_unit_test(p15_nobody_else_has_that_limit),
        cmocka_unit_test(p15_dials_count_for_neither),
        cmocka_unit_test(s22_without_them_only_allow_duplicate_ip_decides),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
