#include "ops/file.h"

#include <setjmp.h>
#include <stdarg.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cmocka.h>

#include "unit/temp_folder.h"

/* In place of the system's: what was synced, in order. */
static char synced[8];
static unsigned synced_n;

int fsync(int fd)
{
    struct stat info;
    if (fstat(fd, &info) == 0 && synced_n < sizeof synced)
        synced[synced_n++] = S_ISDIR(info.st_mode) ? 'd' : 'f';
    return (int)syscall(SYS_fsync, fd);
}

static void file_read_gives_the_bytes_and_a_terminator(void **state)
{
    (void)state;
    struct temp_folder folder = temp_folder_make();
    temp_write_bytes(&folder, "f", "a\0b", 3);
    struct file_text file;
    char cause[FILE_CAUSE_MAX];
    assert_int_equal(file_read(temp_path(&folder, "f"), 3, false, &file, cause), ERR_OK);
    assert_int_equal(file.n, 3);
    assert_memory_equal(file.text, "a\0b\0", 4);
    free(file.text);
    assert_int_equal(file_read(temp_path(&folder, "f"), 2, false, &file, cause), ERR_TOO_LONG);
    assert_string_equal(cause, "is longer than 2 bytes");
    temp_folder_remove(&folder);
}

static void file_read_says_why_not(void **state)
{
    (void)state;
    struct temp_folder folder = temp_folder_make();
    struct file_text file;
    char cause[FILE_CAUSE_MAX];
    assert_int_equal(file_read(temp_path(&folder, "none"), 9, false, &file, cause), ERR_NOT_FOUND);
    assert_string_equal(cause, "cannot be read: No such file or directory");
    assert_int_equal(file_read(folder.path, 9, false, &file, cause), ERR_INVALID);
    assert_string_equal(cause, "is not a plain file");
    temp_folder_remove(&folder);
}

static void file_read_does_not_wait_for_a_pipe(void **state)
{
    (void)state;
    struct temp_folder folder = temp_folder_make();
    struct file_text file;
    char cause[FILE_CAUSE_MAX];
    assert_int_equal(mkfifo(temp_path(&folder, "pipe"), 0600), 0);
    assert_int_equal(file_read(temp_path(&folder, "pipe"), 9, false, &file, cause), ERR_INVALID);
    temp_folder_remove(&folder);
}

static void file_read_guarded_refuses_what_others_may_write(void **state)
{
    (void)state;
    static const struct {
        mode_t mode;
        enum err err;
    } cases[] = {{0600, ERR_OK}, {0644, ERR_OK}, {0664, ERR_INVALID}, {0602, ERR_INVALID},
        {0666, ERR_INVALID}};
    struct temp_folder folder = temp_folder_make();
    temp_write(&folder, "f", "x");
    const char *path = temp_path(&folder, "f");
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct file_text file;
        char cause[FILE_CAUSE_MAX];
        assert_int_equal(chmod(path, cases[i].mode), 0);
        assert_int_equal(file_read(path, 9, true, &file, cause), cases[i].err);
        if (cases[i].err == ERR_OK)
            free(file.text);
        assert_int_equal(file_read(path, 9, false, &file, cause), ERR_OK);
        free(file.text);
    }
    temp_folder_remove(&folder);
}

static void file_create_never_replaces_a_file(void **state)
{
    (void)state;
    struct temp_folder folder = temp_folder_make();
    char cause[FILE_CAUSE_MAX];
    const char *path = temp_path(&folder, "f");
    struct stat info;
    assert_int_equal(file_create(path, 0600, "one", 3, cause), ERR_OK);
    assert_int_equal(stat(path, &info), 0);
    assert_int_equal(info.st_mode & 0777, 0600);
    assert_int_equal(file_create(path, 0600, "two", 3, cause), ERR_FULL);
    struct file_text file;
    assert_int_equal(file_read(path, 9, true, &file, cause), ERR_OK);
    assert_string_equal(file.text, "one");
    free(file.text);
    assert_int_equal(file_create("/nowhere/at/all", 0600, "x", 1, cause), ERR_IO);
    assert_string_equal(cause, "cannot be made: No such file or directory");
    temp_folder_remove(&folder);
}

static void file_replace_leaves_the_old_or_the_new_content(void **state)
{
    (void)state;
    struct temp_folder folder = temp_folder_make();
    char cause[FILE_CAUSE_MAX];
    const char *path = temp_path(&folder, "f");
    struct file_text file;
    assert_int_equal(file_replace(path, 0644, "one", 3, cause), ERR_OK);
    assert_int_equal(file_replace(path, 0644, "second", 6, cause), ERR_OK);
    assert_int_equal(file_read(path, 9, false, &file, cause), ERR_OK);
    assert_string_equal(file.text, "second");
    free(file.text);
    assert_int_equal(unlink(path), 0);
    assert_int_equal(mkdir(path, 0700), 0); /* a folder is in the way */
    assert_int_equal(file_replace(path, 0644, "third", 5, cause), ERR_IO);
    assert_int_not_equal(access(temp_path(&folder, "f.new"), F_OK), 0);
    temp_folder_remove(&folder);
}

/* Else a power cut after the renaming leaves an empty config.toml on some file systems. */
static void what_is_written_is_on_disk_before_it_gets_its_name(void **state)
{
    (void)state;
    struct temp_folder folder = temp_folder_make();
    char cause[FILE_CAUSE_MAX];
    synced_n = 0;
    assert_int_equal(file_replace(temp_path(&folder, "f"), 0600, "one", 3, cause), ERR_OK);
    assert_int_equal(file_create(temp_path(&folder, "g"), 0600, "one", 3, cause), ERR_OK);
    assert_int_equal(synced_n, 4);
    assert_memory_equal(synced, "fdfd", 4);
    temp_folder_remove(&folder);
}

static void file_replace_takes_no_mode_from_what_a_crash_left(void **state)
{
    (void)state;
    struct temp_folder folder = temp_folder_make();
    char cause[FILE_CAUSE_MAX];
    struct stat info;
    temp_write(&folder, "f.new", "half of it");
    assert_int_equal(chmod(temp_path(&folder, "f.new"), 0666), 0);
    assert_int_equal(file_replace(temp_path(&folder, "f"), 0600, "one", 3, cause), ERR_OK);
    assert_int_equal(stat(temp_path(&folder, "f"), &info), 0);
    assert_int_equal(info.st_mode & 0777, 0600);
    assert_int_equal(info.st_size, 3);
    temp_folder_remove(&folder);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(file_read_gives_the_bytes_and_a_terminator),
        cmocka_unit_test(file_read_says_why_not),
        cmocka_unit_test(file_read_does_not_wait_for_a_pipe),
        cmocka_unit_test(file_read_guarded_refuses_what_others_may_write),
        cmocka_unit_test(file_create_never_replaces_a_file),
        cmocka_unit_test(what_is_written_is_on_disk_before_it_gets_its_name),
        cmocka_unit_test(file_replace_takes_no_mode_from_what_a_crash_left),
        cmocka_unit_test(file_replace_leaves_the_old_or_the_new_content),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
