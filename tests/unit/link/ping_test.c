/* Ping and pong: wire.md 5.4. */
#include "unit/link/peer.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>

#include <cmocka.h>

#define PING "\x02\x0a\x00"
#define PONG "\x02\x12\x00"

static struct side a;
static struct puppet puppet;
static uint8_t out[8 * FRAME_DATA_MAX];

static int setup(void **state)
{
    (void)state;
    side_init(&a, SEED_A);
    a.settings.flush_throttle_ms = 100;
    puppet_init(&puppet, SEED_B);
    side_open(&a, NULL, EPHEMERAL_A, at(0));
    assert_int_equal(puppet_join(&puppet, &a, at(0)), ERR_OK);
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    side_close(&a);
    return 0;
}

static enum err say(const char *bytes, size_t n, int64_t ms)
{
    return puppet_send(&puppet, &a, at(ms), span_of(bytes, n));
}

static void first_ping_comes_after_the_interval(void **state)
{
    (void)state;
    assert_int_equal(link_deadline(a.link), 60000);
    assert_int_equal(link_tick(a.link, at(59999)), ERR_OK);
    assert_int_equal(puppet_take(&puppet, &a, at(59999), out, sizeof out), 0);
    assert_int_equal(link_tick(a.link, at(60000)), ERR_OK);
    assert_false(link_is_drained(a.link));
    assert_int_equal(puppet_take(&puppet, &a, at(60000), out, sizeof out), 3);
    assert_memory_equal(out, PING, 3);
    assert_true(link_is_drained(a.link));
}

static void missing_pong_ends_the_link(void **state)
{
    (void)state;
    assert_int_equal(link_tick(a.link, at(60000)), ERR_OK);
    puppet_take(&puppet, &a, at(60000), out, sizeof out);
    assert_int_equal(link_deadline(a.link), 105000);
    assert_int_equal(link_tick(a.link, at(104999)), ERR_OK);
    assert_int_equal(link_tick(a.link, at(105000)), ERR_PONG_TIMEOUT);
}

static void missing_pong_counts_though_the_socket_took_no_ping(void **state)
{
    (void)state;
    assert_int_equal(link_tick(a.link, at(60000)), ERR_OK);
    assert_int_equal(link_tick(a.link, at(105000)), ERR_PONG_TIMEOUT);
}

static void other_traffic_is_no_pong(void **state)
{
    (void)state;
    assert_int_equal(link_tick(a.link, at(60000)), ERR_OK);
    assert_int_equal(say(PING, 3, 61000), ERR_OK);
    assert_int_equal(link_tick(a.link, at(105000)), ERR_PONG_TIMEOUT);
}

static void pong_stops_the_timer_and_tells_the_round_trip(void **state)
{
    (void)state;
    assert_int_equal(link_tick(a.link, at(60000)), ERR_OK);
    puppet_take(&puppet, &a, at(60010), out, sizeof out);
    assert_int_equal(say(PONG, 3, 60250), ERR_OK);
    assert_int_equal(a.round_trips_n, 1);
    assert_int_equal(a.round_trip_ms, 240);
    assert_int_equal(link_deadline(a.link), 120000);
    assert_int_equal(link_tick(a.link, at(119999)), ERR_OK);
}

static void unsolicited_pongs_are_harmless(void **state)
{
    (void)state;
    assert_int_equal(say(PONG PONG, 6, 10), ERR_OK);
    assert_int_equal(a.round_trips_n, 0);
    assert_int_equal(link_tick(a.link, at(60000)), ERR_OK);
    puppet_take(&puppet, &a, at(60000), out, sizeof out);
    assert_int_equal(say(PONG PONG PONG, 9, 60001), ERR_OK);
    assert_int_equal(a.round_trips_n, 1);
}

static void pings_waiting_for_an_answer_get_one_pong(void **state)
{
    (void)state;
    for (unsigned i = 0; i < 50; i++)
        assert_int_equal(say(PING, 3, 0), ERR_OK);
    assert_int_equal(puppet_take(&puppet, &a, at(0), out, sizeof out), 3);
    assert_memory_equal(out, PONG, 3);
    assert_int_equal(say(PING, 3, 1), ERR_OK);
    assert_int_equal(puppet_take(&puppet, &a, at(1), out, sizeof out), 3);
}

static void pong_goes_at_once_and_takes_waiting_messages_along(void **state)
{
    (void)state;
    assert_int_equal(link_send(a.link, at(0), PEX_CHANNEL, span_of("\x0a\x00", 2)), ERR_OK);
    assert_int_equal(puppet_take(&puppet, &a, at(0), out, sizeof out), 0);
    assert_int_equal(say(PING, 3, 0), ERR_OK);
    assert_int_equal(puppet_take(&puppet, &a, at(0), out, sizeof out), 3 + 9);
    assert_memory_equal(out, PONG "\x08\x1a\x06\x10\x01\x1a\x02\x0a\x00", 12);
}

static void pong_does_not_wait_for_the_limiter(void **state)
{
    (void)state;
    a.settings.send_rate = 10;
    for (unsigned i = 0; i < 3; i++) {
        assert_int_equal(say(PING, 3, 0), ERR_OK);
        assert_int_equal(puppet_take(&puppet, &a, at(0), out, sizeof out), 3);
    }
}

static void no_ping_once_flushing(void **state)
{
    (void)state;
    link_flush(a.link);
    assert_int_equal(link_deadline(a.link), NEVER_MS);
    assert_int_equal(link_tick(a.link, at(200000)), ERR_OK);
    assert_int_equal(puppet_take(&puppet, &a, at(200000), out, sizeof out), 0);
}

#define CASE(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int main(void)
{
    if (!crypto_init())
        return 1;
    const struct CMUnitTest tests[] = {
        CASE(first_ping_comes_after_the_interval),
        CASE(missing_pong_ends_the_link),
        CASE(missing_pong_counts_though_the_socket_took_no_ping),
        CASE(other_traffic_is_no_pong),
        CASE(pong_stops_the_timer_and_tells_the_round_trip),
        CASE(unsolicited_pongs_are_harmless),
        CASE(pings_waiting_for_an_answer_get_one_pong),
        CASE(pong_goes_at_once_and_takes_waiting_messages_along),
        CASE(pong_does_not_wait_for_the_limiter),
        CASE(no_ping_once_flushing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
