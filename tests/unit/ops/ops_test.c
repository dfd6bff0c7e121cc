/* The operations VM on a real loop: watching, and leaving nothing behind. */
#include "ops/ops.h"

#include <setjmp.h>
#include <stdarg.h>
#include <unistd.h>

#include <cmocka.h>

#include "unit/temp_folder.h"

#define PATIENCE_MS 10000 /* until a test that waits for something gives up */

struct rig {
    struct temp_folder folder;
    uv_loop_t loop;
    uv_timer_t timer;
    struct ops *ops;
    int calls, log_lines;
    char last_path[256];
    bool is_over, closes_itself;
};

static void on_log(void *context, const struct log_line *line)
{
    (void)line;
    ((struct rig *)context)->log_lines++;
}

static void rig_open(struct rig *rig)
{
    *rig = (struct rig){.folder = temp_folder_make()};
    assert_int_equal(uv_loop_init(&rig->loop), 0);
    assert_int_equal(uv_timer_init(&rig->loop, &rig->timer), 0);
    const struct log log = {.level = LOG_DEBUG, .write = on_log, .context = rig};
    assert_int_equal(ops_new(&rig->loop, &log, &rig->ops), ERR_OK);
}

static void rig_close(struct rig *rig)
{
    ops_close(rig->ops);
    uv_close((uv_handle_t *)&rig->timer, NULL);
    assert_int_equal(uv_run(&rig->loop, UV_RUN_DEFAULT), 0);
    assert_true(ops_is_closed(rig->ops));
    ops_free(rig->ops);
    assert_int_equal(uv_loop_close(&rig->loop), 0);
    assert_int_equal(rig->log_lines, 0);
    temp_folder_remove(&rig->folder);
}

static void on_changed(void *context, const char *path)
{
    struct rig *rig = context;
    rig->calls++;
    snprintf(rig->last_path, sizeof rig->last_path, "%s", path);
    if (rig->closes_itself)
        ops_close(rig->ops);
}

static void on_time(uv_timer_t *timer)
{
    ((struct rig *)timer->data)->is_over = true;
}

/* Runs the loop until `calls` calls came; without them the test fails after PATIENCE_MS. */
static void wait_for(struct rig *rig, int calls)
{
    rig->is_over = false;
    rig->timer.data = rig;
    uv_timer_start(&rig->timer, on_time, PATIENCE_MS, 0);
    while (rig->calls < calls && !rig->is_over)
        uv_run(&rig->loop, UV_RUN_ONCE);
    uv_timer_stop(&rig->timer);
    assert_int_equal(rig->calls, calls);
}

static void run_for(struct rig *rig, uint64_t ms)
{
    rig->is_over = false;
    rig->timer.data = rig;
    uv_timer_start(&rig->timer, on_time, ms, 0);
    while (!rig->is_over)
        uv_run(&rig->loop, UV_RUN_ONCE);
}

static void watch(struct rig *rig, const char *name, enum err expected)
{
    assert_int_equal(ops_watch(rig->ops, temp_path(&rig->folder, name), on_changed, rig), expected);
}

static void ops_leaves_nothing_on_the_loop(void **state)
{
    (void)state;
    struct rig rig;
    rig_open(&rig);
    rig_close(&rig);
    ops_free(NULL);
}

static void ops_leaves_nothing_with_watches_in_every_state(void **state)
{
    (void)state;
    struct rig rig;
    rig_open(&rig);
    temp_write(&rig.folder, "p.lua", "1");
    watch(&rig, "p.lua", ERR_OK);
    watch(&rig, "missing.lua", ERR_OK);
    watch(&rig, "missing/p.lua", ERR_IO);
    temp_write(&rig.folder, "p.lua", "12");
    run_for(&rig, 20); /* an event came, the quiet time has not passed */
    rig_close(&rig);
    assert_int_equal(rig.calls, 0);
}

static void ops_close_twice_is_fine(void **state)
{
    (void)state;
    struct rig rig;
    rig_open(&rig);
    watch(&rig, "p.lua", ERR_OK);
    assert_false(ops_is_closed(rig.ops));
    ops_close(rig.ops);
    rig_close(&rig);
}

static void ops_may_be_closed_from_its_callback(void **state)
{
    (void)state;
    struct rig rig;
    rig_open(&rig);
    rig.closes_itself = true;
    watch(&rig, "p.lua", ERR_OK);
    temp_write(&rig.folder, "p.lua", "1");
    wait_for(&rig, 1);
    rig_close(&rig);
    assert_int_equal(rig.calls, 1);
}

static void watch_tells_a_saved_file_once(void **state)
{
    (void)state;
    struct rig rig;
    rig_open(&rig);
    temp_write(&rig.folder, "p.lua", "1");
    watch(&rig, "p.lua", ERR_OK);
    temp_write(&rig.folder, "p.lua", "12");
    temp_write(&rig.folder, "p.lua", "123");
    wait_for(&rig, 1);
    assert_string_equal(rig.last_path, temp_path(&rig.folder, "p.lua"));
    run_for(&rig, 2 * OPS_QUIET_MS);
    assert_int_equal(rig.calls, 1);
    temp_write(&rig.folder, "p.lua", "1234");
    wait_for(&rig, 2);
    rig_close(&rig);
}

static void watch_tells_a_file_renamed_over(void **state)
{
    (void)state;
    struct rig rig;
    rig_open(&rig);
    temp_write(&rig.folder, "p.lua", "1");
    watch(&rig, "p.lua", ERR_OK);
    temp_write(&rig.folder, "p.lua.tmp", "2");
    assert_int_equal(
        rename(temp_path(&rig.folder, "p.lua.tmp"), temp_path(&rig.folder, "p.lua")), 0);
    wait_for(&rig, 1);
    rig_close(&rig);
}

static void watch_tells_files_beside_that_come_change_and_go(void **state)
{
    (void)state;
    struct rig rig;
    rig_open(&rig);
    temp_write(&rig.folder, "p.lua", "1");
    watch(&rig, "p.lua", ERR_OK);
    temp_write(&rig.folder, "part.lua", "1");
    wait_for(&rig, 1);
    temp_write(&rig.folder, "part.lua", "12");
    wait_for(&rig, 2);
    assert_int_equal(remove(temp_path(&rig.folder, "part.lua")), 0);
    wait_for(&rig, 3);
    rig_close(&rig);
}

static void watch_tells_a_change_of_mode(void **state)
{
    (void)state; /* chmod go-w makes a refused policy loadable */
    struct rig rig;
    rig_open(&rig);
    temp_write(&rig.folder, "p.lua", "1");
    assert_int_equal(chmod(temp_path(&rig.folder, "p.lua"), 0666), 0);
    watch(&rig, "p.lua", ERR_OK);
    assert_int_equal(chmod(temp_path(&rig.folder, "p.lua"), 0644), 0);
    wait_for(&rig, 1);
    rig_close(&rig);
}

static void watch_is_silent_about_other_files(void **state)
{
    (void)state;
    struct rig rig;
    rig_open(&rig);
    temp_write(&rig.folder, "p.lua", "1");
    watch(&rig, "p.lua", ERR_OK);
    temp_write(&rig.folder, "p.lua~", "1");
    temp_write(&rig.folder, ".p.lua.swp", "1");
    temp_write(&rig.folder, "swap.lua", "1");
    assert_int_equal(remove(temp_path(&rig.folder, "swap.lua")), 0);
    run_for(&rig, 3 * OPS_QUIET_MS);
    assert_int_equal(rig.calls, 0);
    rig_close(&rig);
}

static void watch_tells_a_file_that_was_missing(void **state)
{
    (void)state;
    struct rig rig;
    rig_open(&rig);
    watch(&rig, "p.lua", ERR_OK);
    temp_write(&rig.folder, "p.lua", "1");
    wait_for(&rig, 1);
    rig_close(&rig);
}

static void watch_finds_a_folder_that_was_missing(void **state)
{
    (void)state;
    struct rig rig;
    rig_open(&rig);
    watch(&rig, "new/p.lua", ERR_IO);
    assert_int_equal(mkdir(temp_path(&rig.folder, "new"), 0700), 0);
    temp_write(&rig.folder, "new/p.lua", "1");
    wait_for(&rig, 1);
    temp_write(&rig.folder, "new/p.lua", "12");
    wait_for(&rig, 2);
    rig_close(&rig);
}

static void watch_follows_a_folder_that_is_replaced(void **state)
{
    (void)state;
    struct rig rig;
    rig_open(&rig);
    assert_int_equal(mkdir(temp_path(&rig.folder, "a"), 0700), 0);
    assert_int_equal(mkdir(temp_path(&rig.folder, "b"), 0700), 0);
    temp_write(&rig.folder, "a/p.lua", "1");
    temp_write(&rig.folder, "b/p.lua", "2");
    watch(&rig, "a/p.lua", ERR_OK);
    assert_int_equal(rename(temp_path(&rig.folder, "a"), temp_path(&rig.folder, "old")), 0);
    assert_int_equal(rename(temp_path(&rig.folder, "b"), temp_path(&rig.folder, "a")), 0);
    wait_for(&rig, 1);
    temp_write(&rig.folder, "a/p.lua", "23");
    wait_for(&rig, 2);
    rig_close(&rig);
}

static void watch_follows_links_that_are_swapped(void **state)
{
    (void)state;
    struct rig rig;
    rig_open(&rig);
    assert_int_equal(mkdir(temp_path(&rig.folder, "v1"), 0700), 0);
    assert_int_equal(mkdir(temp_path(&rig.folder, "v2"), 0700), 0);
    temp_write(&rig.folder, "v1/p.lua", "1");
    temp_write(&rig.folder, "v2/p.lua", "2");
    assert_int_equal(symlink("v1", temp_path(&rig.folder, "current")), 0);
    assert_int_equal(symlink("current/p.lua", temp_path(&rig.folder, "p.lua")), 0);
    watch(&rig, "p.lua", ERR_OK);
    temp_write(&rig.folder, "v1/p.lua", "12"); /* the file that the link leads to */
    wait_for(&rig, 1);
    assert_int_equal(symlink("v2", temp_path(&rig.folder, "next")), 0);
    assert_int_equal(rename(temp_path(&rig.folder, "next"), temp_path(&rig.folder, "current")), 0);
    wait_for(&rig, 2);
    rig_close(&rig);
}

static void ops_takes_no_more_watches_than_its_limit(void **state)
{
    (void)state;
    struct rig rig;
    rig_open(&rig);
    for (int i = 0; i < OPS_WATCHES_MAX; i++)
        watch(&rig, "p.lua", ERR_OK);
    watch(&rig, "p.lua", ERR_FULL);
    temp_write(&rig.folder, "p.lua", "1");
    wait_for(&rig, OPS_WATCHES_MAX);
    rig_close(&rig);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(ops_leaves_nothing_on_the_loop),
        cmocka_unit_test(ops_leaves_nothing_with_watches_in_every_state),
        cmocka_unit_test(ops_close_twice_is_fine),
        cmocka_unit_test(ops_may_be_closed_from_its_callback),
        cmocka_unit_test(watch_tells_a_saved_file_once),
        cmocka_unit_test(watch_tells_a_file_renamed_over),
        cmocka_unit_test(watch_tells_files_beside_that_come_change_and_go),
        cmocka_unit_test(watch_tells_a_change_of_mode),
        cmocka_unit_test(watch_is_silent_about_other_files),
        cmocka_unit_test(watch_tells_a_file_that_was_missing),
        cmocka_unit_test(watch_finds_a_folder_that_was_missing),
        cmocka_unit_test(watch_follows_a_folder_that_is_replaced),
        cmocka_unit_test(watch_follows_links_that_are_swapped),
        cmocka_unit_test(ops_takes_no_more_watches_than_its_limit),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
