/* The budget for pings, pongs and empty frames, in virtual time. */
#include "link/chatter.h"

#include "unit/link/peer.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#define PING span_of("\x02\x0a\x00", 3)
#define PONG span_of("\x02\x12\x00", 3)

static struct side a;
static struct puppet puppet;

static int join(void **state)
{
    (void)state;
    side_init(&a, SEED_A);
    puppet_init(&puppet, SEED_B);
    side_open(&a, NULL, EPHEMERAL_A, at(0));
    return puppet_join(&puppet, &a, at(0)) != ERR_OK;
}

static int leave(void **state)
{
    (void)state;
    side_close(&a);
    return 0;
}

static void assert_flood(struct span frame)
{
    enum err err = ERR_OK;
    unsigned n = 0;
    for (; !err && n <= CHATTER_BURST; n++)
        err = puppet_send_frame(&puppet, &a, at(1000), frame);
    assert_int_equal(err, ERR_FLOOD);
    assert_in_range(n, CHATTER_BURST / 2, CHATTER_BURST + 1);
}

static void flood_of_pings_ends_the_link(void **state)
{
    (void)state;
    assert_flood(PING);
}

static void flood_of_pongs_ends_the_link(void **state)
{
    (void)state;
    assert_flood(PONG);
}

static void flood_of_empty_frames_ends_the_link(void **state)
{
    (void)state;
    assert_flood((struct span){0});
}

static void pings_that_share_a_frame_count_each(void **state)
{
    (void)state;
    uint8_t pings[3 * (CHATTER_BURST + 1)];
    for (size_t i = 0; i < sizeof pings; i += 3)
        memcpy(pings + i, PING.at, 3);
    struct span frame = span_of(pings, sizeof pings);
    assert_int_equal(puppet_send_frame(&puppet, &a, at(1000), frame), ERR_FLOOD);
}

static void empty_frames_of_a_handshake_count(void **state)
{
    (void)state;
    side_close(&a);
    side_open(&a, NULL, EPHEMERAL_A, at(0));
    puppet_init(&puppet, SEED_B);
    assert_int_equal(puppet_meet(&puppet, &a, at(0)), ERR_OK);
    assert_flood((struct span){0});
}

static void a_ping_now_and_then_is_free(void **state)
{
    (void)state;
    for (int64_t ms = 10000; ms < 40000; ms += 2 * 1000 / CHATTER_PER_S)
        assert_int_equal(puppet_send_frame(&puppet, &a, at(ms), PING), ERR_OK);
}

#define CASE(f) cmocka_unit_test_setup_teardown(f, join, leave)

int main(void)
{
    if (!crypto_init())
        return 1;
    const struct CMUnitTest tests[] = {
        CASE(flood_of_pings_ends_the_link),
        CASE(flood_of_pongs_ends_the_link),
        CASE(flood_of_empty_frames_ends_the_link),
        CASE(pings_that_share_a_frame_count_each),
        CASE(empty_frames_of_a_handshake_count),
        CASE(a_ping_now_and_then_is_free),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
