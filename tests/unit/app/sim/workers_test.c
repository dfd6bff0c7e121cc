/* Pieces of work in processes of their own. */
#include "app/sim/workers.h"
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdint.h>
#include <unistd.h>

#include <cmocka.h>

#define PIECES 20
#define NONE SIZE_MAX

struct yard {
    int *done; /* shared: how often each was worked on */
    size_t ended, dies, stops_after;
    size_t killed;
    int signal;
};

static void work(void *context, size_t piece)
{
    struct yard *yard = context;
    yard->ended = 1000; /* in another process */
    if (piece == yard->dies)
        kill(getpid(), SIGKILL);
    yard->done[piece]++;
}

static bool ended(void *context, size_t piece, int number)
{
    struct yard *yard = context;
    yard->ended++;
    if (number > 0) {
        yard->killed = piece;
        yard->signal = number;
    }
    return yard->ended < yard->stops_after;
}

static void waiting(void *context)
{
    (void)context;
}

static enum workers_end run(struct yard *yard, unsigned jobs)
{
    const struct workers workers = {PIECES, jobs, work, ended, waiting, yard};
    yard->done = workers_share(PIECES * sizeof *yard->done);
    assert_non_null(yard->done);
    return workers_run(&workers);
}

static void every_piece_is_done_once_and_seen_by_all(void **state)
{
    (void)state;
    for (unsigned jobs = 1; jobs <= 2 * PIECES; jobs += 13) {
        struct yard yard = {.dies = NONE, .stops_after = NONE, .killed = NONE};
        assert_int_equal(run(&yard, jobs), WORKERS_DONE);
        assert_int_equal(yard.ended, PIECES);
        for (size_t i = 0; i < PIECES; i++)
            assert_int_equal(yard.done[i], 1);
    }
}

static void one_that_dies_takes_no_other_along(void **state)
{
    (void)state;
    struct yard yard = {.dies = 7, .stops_after = NONE, .killed = NONE};
    assert_int_equal(run(&yard, 3), WORKERS_DONE);
    assert_int_equal(yard.ended, PIECES);
    assert_int_equal(yard.killed, 7);
    assert_int_equal(yard.signal, SIGKILL);
    for (size_t i = 0; i < PIECES; i++)
        assert_int_equal(yard.done[i], i != 7);
}

static void no_further_ones_begin_when_that_is_enough(void **state)
{
    (void)state;
    struct yard yard = {.dies = NONE, .stops_after = 3, .killed = NONE};
    assert_int_equal(run(&yard, 1), WORKERS_DONE);
    assert_int_equal(yard.ended, 3);
    assert_int_equal(yard.done[3], 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_piece_is_done_once_and_seen_by_all),
        cmocka_unit_test(one_that_dies_takes_no_other_along),
        cmocka_unit_test(no_further_ones_begin_when_that_is_enough),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
