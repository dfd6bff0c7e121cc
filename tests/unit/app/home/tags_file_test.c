/* core/app/home/tags_file.c: the file of [policy] tags. */
#include "app/home/tags_file.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "unit/temp_folder.h"

static void a_file_of_tags_is_read(void **state)
{
    (void)state;
    struct temp_folder folder = temp_folder_make();
    struct tags *tags = NULL;
    struct ip ip = ip_of_v4(0x08080101);
    char why[200] = "";
    temp_write(&folder, "tags", "8.8.0.0/16 AS15169\n");
    assert_int_equal(tags_file_load(temp_path(&folder, "tags"), &tags, why, sizeof why), ERR_OK);
    assert_string_equal(tags_find(tags, &ip), "AS15169");
    tags_free(tags);
    temp_folder_remove(&folder);
}

static void what_is_wrong_is_told_with_file_and_line(void **state)
{
    (void)state;
    struct temp_folder folder = temp_folder_make();
    struct tags *tags = NULL;
    char why[200] = "", *at;
    temp_write(&folder, "tags", "8.8.0.0/16 AS15169\n8.8.0.0 two words\n");
    const char *path = temp_path(&folder, "tags");
    assert_int_equal(tags_file_load(path, &tags, why, sizeof why), ERR_INVALID);
    assert_non_null(at = strstr(why, path));
    assert_memory_equal(at + strlen(path), ":2: ", 4);
    assert_int_equal(
        tags_file_load(temp_path(&folder, "none"), &tags, why, sizeof why), ERR_NOT_FOUND);
    assert_non_null(strstr(why, "policy.tags: "));
    assert_null(tags);
    temp_folder_remove(&folder);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_file_of_tags_is_read),
        cmocka_unit_test(what_is_wrong_is_told_with_file_and_line),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
