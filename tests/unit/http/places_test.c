/* Who gives way when all places of a server are taken. */
#include "http/places.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
// clang-format off
#include <cmocka.h>
// clang-format on

static struct places places;

static int empty(void **state)
{
    (void)state;
    places = (struct places){0};
    return 0;
}

static struct ip v6(uint8_t network, uint8_t host)
{
    return (struct ip){{0x2a, 1, 0, 0, 0, 0, 0, network, 0, 0, 0, 0, 0, 0, 0, host}};
}

/* A connection that awaits a request. */
static struct place *come(struct ip from, int64_t deadline_ms)
{
    struct place *place = places_take(&places, (int)places.n + 3, &from);
    if (place)
        places_step(&places, place, false, deadline_ms);
    return place;
}

static struct place *come_v4(uint32_t last)
{
    return come(ip_of_v4(0x0a000000u + last), 1000);
}

static void places_are_counted_and_used_again(void **state)
{
    (void)state;
    struct place *second = NULL;
    for (uint32_t i = 0; i < PLACES_MAX; i++) {
        struct place *place = come_v4(i);
        assert_non_null(place);
        second = i == 1 ? place : second;
    }
    assert_null(come_v4(99));
    assert_int_equal(places.n, PLACES_MAX);
    places_leave(&places, second);
    assert_int_equal(places.n, PLACES_MAX - 1);
    assert_ptr_equal(come_v4(99), second);
}

static void places_nobody_is_weakest_of_none(void **state)
{
    (void)state;
    assert_null(places_weakest(&places));
    come_v4(1)->is_cut = true;
    assert_null(places_weakest(&places));
    assert_null(places_late(&places, INT64_MAX));
}

static void places_the_oldest_gives_way(void **state)
{
    (void)state;
    struct place *first = come_v4(1), *second = come_v4(2);
    come_v4(3);
    assert_ptr_equal(places_weakest(&places), first);
    places_step(&places, first, false, 1000); /* it asked again */
    assert_ptr_equal(places_weakest(&places), second);
}

static void places_one_that_waits_gives_way_before_one_that_is_answered(void **state)
{
    (void)state;
    struct place *first = come_v4(1), *second = come_v4(2);
    places_step(&places, first, true, 1000);
    places_step(&places, second, true, 1000);
    struct place *third = come_v4(3);
    assert_ptr_equal(places_weakest(&places), third);
    places_step(&places, third, true, 1000);
    assert_ptr_equal(places_weakest(&places), first);
}

static void places_the_origin_with_the_most_gives_way(void **state)
{
    (void)state;
    come_v4(1);
    struct place *greedy = come_v4(2);
    places_step(&places, greedy, true, 1000);
    struct place *other = come_v4(2);
    places_step(&places, other, true, 1000);
    come_v4(3);
    assert_ptr_equal(places_weakest(&places), greedy);
    greedy->is_cut = true; /* it has one left, as the others */
    assert_ptr_not_equal(places_weakest(&places), other);
}

static void places_a_network_of_ipv6_is_one_origin(void **state)
{
    (void)state;
    come_v4(1);
    struct place *one = come(v6(7, 1), 1000);
    come(v6(7, 2), 1000);
    come(v6(8, 1), 1000);
    assert_ptr_equal(places_weakest(&places), one);
}

static void places_tell_who_is_late(void **state)
{
    (void)state;
    struct place *soon = come(v6(1, 1), 1000), *later = come(v6(2, 1), 2000);
    assert_null(places_late(&places, 999));
    assert_ptr_equal(places_late(&places, 1000), soon);
    soon->is_cut = true;
    assert_null(places_late(&places, 1999));
    assert_ptr_equal(places_late(&places, 2000), later);
}

#define TEST(name) cmocka_unit_test_setup(name, empty)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(places_are_counted_and_used_again),
        TEST(places_nobody_is_weakest_of_none),
        TEST(places_the_oldest_gives_way),
        TEST(places_one_that_waits_gives_way_before_one_that_is_answered),
        TEST(places_the_origin_with_the_most_gives_way),
        TEST(places_a_network_of_ipv6_is_one_origin),
        TEST(places_tell_who_is_late),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
