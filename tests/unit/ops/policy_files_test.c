#include "ops/policy_files.h"

#include <setjmp.h>
#include <stdarg.h>
#include <unistd.h>

#include <cmocka.h>

#include "unit/temp_folder.h"

static bool text_is(struct span text, const char *expected)
{
    return span_equal(text, span_of_text(expected));
}

static void policy_files_are_the_policy_and_what_it_may_require(void **state)
{
    (void)state;
    struct temp_folder folder = temp_folder_make();
    temp_write(&folder, "zebra.lua", "z");
    temp_write(&folder, "mine.lua", "m");
    temp_write(&folder, "dial_2.lua", "d");
    temp_write(&folder, "mine.lua~", "backup");
    temp_write(&folder, ".hidden.lua", "h");
    temp_write(&folder, "Upper.lua", "u");
    temp_write(&folder, ".lua", "none");
    temp_write(&folder, "a.b.lua", "dot");
    struct policy_files files;
    char cause[POLICY_CAUSE_MAX];
    assert_int_equal(policy_files_read(temp_path(&folder, "mine.lua"), &files, cause), ERR_OK);
    assert_string_equal(files.source.name, "mine.lua");
    assert_true(text_is(files.source.text, "m"));
    assert_int_equal(files.source.files_n, 2);
    assert_string_equal(files.source.files[0].name, "dial_2");
    assert_true(text_is(files.source.files[0].text, "d"));
    assert_string_equal(files.source.files[1].name, "zebra");
    policy_files_free(&files);
    temp_folder_remove(&folder);
}

static void policy_files_are_found_in_the_working_folder(void **state)
{
    (void)state;
    struct temp_folder folder = temp_folder_make();
    temp_write(&folder, "p.lua", "p");
    char before[1024], cause[POLICY_CAUSE_MAX];
    assert_non_null(getcwd(before, sizeof before));
    assert_int_equal(chdir(folder.path), 0);
    struct policy_files files;
    enum err err = policy_files_read("p.lua", &files, cause);
    assert_int_equal(chdir(before), 0);
    assert_int_equal(err, ERR_OK);
    policy_files_free(&files);
    temp_folder_remove(&folder);
}

static void policy_files_that_others_may_write_are_refused(void **state)
{
    (void)state;
    struct temp_folder folder = temp_folder_make();
    struct policy_files files;
    char cause[POLICY_CAUSE_MAX];
    temp_write(&folder, "p.lua", "p");
    temp_write(&folder, "part.lua", "q");
    assert_int_equal(chmod(temp_path(&folder, "part.lua"), 0620), 0);
    assert_int_equal(policy_files_read(temp_path(&folder, "p.lua"), &files, cause), ERR_INVALID);
    assert_non_null(strstr(cause, "/part.lua: may be written by its group"));
    assert_int_equal(chmod(temp_path(&folder, "part.lua"), 0600), 0);
    assert_int_equal(chmod(temp_path(&folder, "p.lua"), 0602), 0);
    assert_int_equal(policy_files_read(temp_path(&folder, "p.lua"), &files, cause), ERR_INVALID);
    assert_non_null(strstr(cause, "/p.lua: may be written"));
    temp_folder_remove(&folder);
}

static void policy_folder_that_everybody_may_write_is_refused(void **state)
{
    (void)state;
    struct temp_folder folder = temp_folder_make();
    struct policy_files files;
    char cause[POLICY_CAUSE_MAX];
    temp_write(&folder, "p.lua", "p");
    assert_int_equal(chmod(folder.path, 0777), 0);
    assert_int_equal(policy_files_read(temp_path(&folder, "p.lua"), &files, cause), ERR_INVALID);
    assert_non_null(strstr(cause, "everybody may write this folder"));
    assert_int_equal(chmod(folder.path, 01777), 0);
    assert_int_equal(policy_files_read(temp_path(&folder, "p.lua"), &files, cause), ERR_OK);
    policy_files_free(&files);
    temp_folder_remove(&folder);
}

static void policy_files_beyond_their_limits_are_refused(void **state)
{
    (void)state;
    struct temp_folder folder = temp_folder_make();
    struct policy_files files;
    char cause[POLICY_CAUSE_MAX], name[32];
    char *big = calloc(1, SCRIPT_SOURCE_MAX + 1);
    assert_non_null(big);
    temp_write_bytes(&folder, "p.lua", big, SCRIPT_SOURCE_MAX + 1);
    assert_int_equal(policy_files_read(temp_path(&folder, "p.lua"), &files, cause), ERR_TOO_LONG);
    temp_write_bytes(&folder, "p.lua", big, SCRIPT_SOURCE_MAX);
    assert_int_equal(policy_files_read(temp_path(&folder, "p.lua"), &files, cause), ERR_OK);
    policy_files_free(&files);
    temp_write(&folder, "q.lua", "1");
    assert_int_equal(policy_files_read(temp_path(&folder, "p.lua"), &files, cause), ERR_TOO_LONG);
    assert_non_null(strstr(cause, "/q.lua: with this file"));
    free(big);
    temp_write(&folder, "p.lua", "p");
    for (int i = 1; i < POLICY_FILES_MAX; i++) {
        snprintf(name, sizeof name, "f%d.lua", i);
        temp_write(&folder, name, "");
    }
    assert_int_equal(policy_files_read(temp_path(&folder, "p.lua"), &files, cause), ERR_OK);
    assert_int_equal(files.source.files_n, POLICY_FILES_MAX);
    policy_files_free(&files);
    temp_write(&folder, "f.lua", "");
    assert_int_equal(policy_files_read(temp_path(&folder, "p.lua"), &files, cause), ERR_TOO_LONG);
    temp_folder_remove(&folder);
}

static void policy_file_that_is_missing_is_named(void **state)
{
    (void)state;
    struct temp_folder folder = temp_folder_make();
    struct policy_files files;
    char cause[POLICY_CAUSE_MAX];
    assert_int_equal(
        policy_files_read(temp_path(&folder, "none.lua"), &files, cause), ERR_NOT_FOUND);
    assert_non_null(strstr(cause, "/none.lua: cannot be read: No such file or directory"));
    assert_int_equal(policy_files_read("/nowhere/p.lua", &files, cause), ERR_IO);
    temp_folder_remove(&folder);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(policy_files_are_the_policy_and_what_it_may_require),
        cmocka_unit_test(policy_files_are_found_in_the_working_folder),
        cmocka_unit_test(policy_files_that_others_may_write_are_refused),
        cmocka_unit_test(policy_folder_that_everybody_may_write_is_refused),
        cmocka_unit_test(policy_files_beyond_their_limits_are_refused),
        cmocka_unit_test(policy_file_that_is_missing_is_named),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
