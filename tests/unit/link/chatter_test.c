/* The budget for pings, pongs and empty frames, in virtual time. */
#include "link/chatter.h"

#include "unit/link/peer.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

static void chatter_of_honest_peers_is_free(void **state)
{
    (void)state;
    struct chatter chatter = {0};
    for (unsigned i = 0; i < CHATTER_BURST; i++)
        chatter_count(&chatter, 1000);
    assert_int_equal(chatter_resume_ms(&chatter, 1000), INT64_MIN);
    for (int64_t ms = 2000; ms < 100000; ms += 1000 / CHATTER_PER_S) {
        chatter_count(&chatter, ms);
        assert_int_equal(chatter_resume_ms(&chatter, ms), INT64_MIN);
    }
}

static void chatter_beyond_the_budget_is_paid_in_time(void **state)
{
    (void)state;
    struct chatter chatter = {0};
    for (unsigned i = 0; i < CHATTER_BURST + 5; i++)
        chatter_count(&chatter, 1000);
    assert_int_equal(chatter_resume_ms(&chatter, 1000), 1000 + 5 * (1000 / CHATTER_PER_S));
    assert_int_equal(chatter_resume_ms(&chatter, 1050), INT64_MIN);
}

static void chatter_pause_is_bounded(void **state)
{
    (void)state;
    struct chatter chatter = {0};
    for (unsigned i = 0; i < 1000000; i++)
        chatter_count(&chatter, 1000);
    assert_int_equal(chatter_resume_ms(&chatter, 1000), 1000 + CHATTER_PAUSE_MS);
}

static struct side a;
static struct puppet puppet;

static void join(void)
{
    side_init(&a, SEED_A);
    puppet_init(&puppet, SEED_B);
    side_open(&a, NULL, EPHEMERAL_A, at(0));
    assert_int_equal(puppet_join(&puppet, &a, at(0)), ERR_OK);
}

static void flood_is_not_read(struct span frame)
{
    join();
    for (unsigned i = 0; i < CHATTER_BURST + 100; i++)
        assert_int_equal(puppet_send_frame(&puppet, &a, at(10), frame), ERR_OK);
    assert_true(link_read_resume_ms(a.link, at(10)) > 10);
    assert_true(link_read_resume_ms(a.link, at(10)) <= 10 + CHATTER_PAUSE_MS);
    side_close(&a);
}

static void floods_of_pings_pongs_and_empty_frames_are_not_read(void **state)
{
    (void)state;
    flood_is_not_read(span_of("\x02\x0a\x00", 3));
    flood_is_not_read(span_of("\x02\x12\x00", 3));
    flood_is_not_read((struct span){0});
}

static void pings_that_share_a_frame_count_each(void **state)
{
    (void)state;
    uint8_t pings[3 * (CHATTER_BURST + 1)];
    for (size_t i = 0; i < sizeof pings; i += 3)
        memcpy(pings + i, "\x02\x0a\x00", 3);
    join();
    assert_int_equal(puppet_send_frame(&puppet, &a, at(10), span_of(pings, sizeof pings)), ERR_OK);
    assert_true(link_read_resume_ms(a.link, at(10)) > 10);
    side_close(&a);
}

int main(void)
{
    if (!crypto_init())
        return 1;
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(chatter_of_honest_peers_is_free),
        cmocka_unit_test(chatter_beyond_the_budget_is_paid_in_time),
        cmocka_unit_test(chatter_pause_is_bounded),
        cmocka_unit_test(floods_of_pings_pongs_and_empty_frames_are_not_read),
        cmocka_unit_test(pings_that_share_a_frame_count_each),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
