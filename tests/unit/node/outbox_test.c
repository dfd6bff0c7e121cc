/* core/node/outbox.h: actions and the memory behind them. */
#include "node/outbox.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static void outbox_keeps_actions_in_order_and_starts_them_at_zero(void **state)
{
    (void)state;
    struct outbox outbox = {0};
    for (uint64_t i = 0; i < 1000; i++) {
        struct action *action = outbox_add(&outbox, ACTION_CLOSE, i);
        assert_int_equal(action->close.flush_ms, 0);
        action->close.flush_ms = (int64_t)i + 1;
    }
    assert_int_equal(outbox.n, 1000);
    for (uint64_t i = 0; i < 1000; i++) {
        assert_int_equal(outbox.at[i].conn, i);
        assert_int_equal(outbox.at[i].close.flush_ms, i + 1);
    }
    outbox_free(&outbox);
    assert_int_equal(outbox.n, 0);
}

static void outbox_memory_is_aligned_and_stays_until_reset(void **state)
{
    (void)state;
    struct outbox outbox = {0};
    for (unsigned round = 0; round < 3; round++) {
        unsigned char *pieces[200];
        for (unsigned i = 0; i < 200; i++) {
            size_t n = i == 77 ? 100000 : i * 7 + 1; /* one larger than a block */
            pieces[i] = outbox_alloc(&outbox, n);
            assert_int_equal((uintptr_t)pieces[i] % _Alignof(max_align_t), 0);
            memset(pieces[i], (int)i, n);
        }
        for (unsigned i = 0; i < 200; i++) {
            size_t n = i == 77 ? 100000 : i * 7 + 1;
            assert_int_equal(pieces[i][0], i);
            assert_int_equal(pieces[i][n - 1], i);
        }
        outbox_reset(&outbox);
    }
    outbox_free(&outbox);
}

static void outbox_frees_images_the_host_did_not_take(void **state)
{
    (void)state;
    struct outbox outbox = {0};
    outbox_add(&outbox, ACTION_EXPORT, 0)->export.image = malloc(10); /* a leak would be reported */
    char *taken = malloc(10);
    outbox_add(&outbox, ACTION_EXPORT, 0)->export.image = taken;
    outbox.at[1].export.image = NULL;
    outbox_reset(&outbox);
    assert_int_equal(outbox.n, 0);
    taken[0] = 1; /* still ours */
    free(taken);
    outbox_free(&outbox);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(outbox_keeps_actions_in_order_and_starts_them_at_zero),
        cmocka_unit_test(outbox_memory_is_aligned_and_stays_until_reset),
        cmocka_unit_test(outbox_frees_images_the_host_did_not_take),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
