/* core/node/save.c: rows for the store once a second, and what happens when it cannot write. */
#include "world.h"

static struct world *open_node(void)
{
    struct node_settings settings = world_settings();
    settings.book_store_interval_ms = SECONDS_MS(1);
    struct world *world = world_open(&settings);
    world_run(world, SECONDS_MS(2)); /* the key of a new book is stored */
    world_run(world, SECONDS_MS(2));
    assert_int_equal(world_count(world, ACTION_STORE), 0);
    return world;
}

static void change(struct world *world, unsigned who)
{
    struct addr addr = addr_of(who), source = addr_of(who + 1);
    struct rng rng;
    rng_seed(&rng, who);
    assert_int_equal(book_add(world->book, world->now, &rng, &addr, &source, NULL), ERR_OK);
    world_step(world, &(struct event){.kind = EVENT_TICK});
}

/* A store with peer 501 in it was begun just now, and is not answered until the test does. */
static struct world *open_with_a_store_under_way(void)
{
    struct world *world = open_node();
    world->holds_stores = true;
    change(world, 501);
    world_run(world, SECONDS_MS(1));
    return world;
}

/* Answers a store that is held as `err`, with the row of one ID in it. */
static void answer(struct world *world, enum err err, unsigned who)
{
    struct book_change row = {.kind = BOOK_PUT_ENTRY};
    row.record.known.addr = addr_of(who);
    struct book_changes rows = {.at = &row, .n = 1};
    struct event event = {.kind = EVENT_STORED};
    event.stored.err = err;
    event.stored.rows = &rows;
    world_step(world, &event);
}

static void changes_of_a_second_are_stored_together(void **state)
{
    (void)state;
    struct world *world = open_node();
    change(world, 501);
    change(world, 503);
    assert_int_equal(world_count(world, ACTION_STORE), 0);
    world_run(world, SECONDS_MS(1) - 1);
    assert_int_equal(world_count(world, ACTION_STORE), 0);
    world_run(world, 1);
    assert_int_equal(world_count(world, ACTION_STORE), 1);
    world_run(world, SECONDS_MS(10));
    assert_int_equal(world_count(world, ACTION_STORE), 0); /* nothing changed */
    world_free(world);
}

static void one_store_at_a_time(void **state)
{
    (void)state;
    struct world *world = open_with_a_store_under_way();
    assert_int_equal(world_count(world, ACTION_STORE), 1);
    change(world, 503);
    world_run(world, SECONDS_MS(20));
    assert_int_equal(world_count(world, ACTION_STORE), 0);
    answer(world, ERR_OK, 501);
    world_run(world, SECONDS_MS(1));
    assert_int_equal(world_count(world, ACTION_STORE), 1);
    world_free(world);
}

static void what_was_not_stored_is_tried_again_ever_more_rarely(void **state)
{
    (void)state;
    static const int64_t waits_s[] = {2, 4, 8, 16, 32, 60, 60};
    struct world *world = open_with_a_store_under_way();
    for (unsigned i = 0; i < sizeof waits_s / sizeof *waits_s; i++) {
        assert_int_equal(world_count(world, ACTION_STORE), 1);
        answer(world, ERR_IO, 501);
        world_run(world, SECONDS_MS(waits_s[i]) - 1);
        assert_int_equal(world_count(world, ACTION_STORE), 0);
        world_run(world, 1);
    }
    answer(world, ERR_OK, 501);
    change(world, 503);
    world_run(world, SECONDS_MS(1)); /* it works again */
    assert_int_equal(world_count(world, ACTION_STORE), 1);
    world_free(world);
}

static void a_lost_store_gets_the_whole_book(void **state)
{
    (void)state;
    struct world *world = open_node();
    for (unsigned i = 0; i < 20; i++)
        change(world, 501 + 2 * i);
    world_run(world, SECONDS_MS(2));
    world->holds_stores = true;
    change(world, 601);
    world_run(world, SECONDS_MS(1));
    assert_int_equal(world_count(world, ACTION_STORE), 1);
    answer(world, ERR_CORRUPT, 601);
    struct book_changes all = {0};
    assert_int_equal(book_take_changes(world->book, UINT32_MAX, &all), ERR_OK);
    assert_int_equal(all.at[0].kind, BOOK_FORGET_ALL);
    assert_true(all.n >= 21);
    book_free_changes(&all);
    world_free(world);
}

static void the_last_changes_are_stored_at_stop_whatever_is_under_way(void **state)
{
    (void)state;
    struct world *world = open_with_a_store_under_way();
    change(world, 503);
    world_command(world, COMMAND_STOP);
    assert_int_equal(world_count(world, ACTION_STORE), 1);
    assert_int_equal(world_count(world, ACTION_EXPORT), 1);
    assert_int_equal(world->done[world->done_n - 1].kind, ACTION_EXPORT);
    world_free(world);
}

static void rows_that_fail_at_stop_are_tried_once_more(void **state)
{
    (void)state;
    struct world *world = open_with_a_store_under_way();
    change(world, 503);
    world_command(world, COMMAND_STOP);
    assert_int_equal(world_count(world, ACTION_STORE), 1);
    answer(world, ERR_IO, 501); /* those under way */
    assert_int_equal(world_count(world, ACTION_STORE), 1);
    answer(world, ERR_IO, 503); /* the last ones: the disk does not come back */
    assert_int_equal(world_count(world, ACTION_STORE), 0);
    world_free(world);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(changes_of_a_second_are_stored_together),
        cmocka_unit_test(one_store_at_a_time),
        cmocka_unit_test(what_was_not_stored_is_tried_again_ever_more_rarely),
        cmocka_unit_test(a_lost_store_gets_the_whole_book),
        cmocka_unit_test(the_last_changes_are_stored_at_stop_whatever_is_under_way),
        cmocka_unit_test(rows_that_fail_at_stop_are_tried_once_more),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
