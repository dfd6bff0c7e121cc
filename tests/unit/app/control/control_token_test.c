#include "app/control/control_token.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "unit/temp_folder.h"

#define SHORTEST "01234567890123456789012345678901"

static struct temp_folder folder;
static char token[CONTROL_TOKEN_MAX + 1], cause[CONTROL_TOKEN_CAUSE_MAX];

static int make_folder(void **state)
{
    (void)state;
    folder = temp_folder_make();
    strcpy(token, "untouched");
    strcpy(cause, "none");
    return 0;
}

static int remove_folder(void **state)
{
    (void)state;
    temp_folder_remove(&folder);
    return 0;
}

static enum err read_bytes(const char *bytes, size_t n)
{
    const char *path = temp_path(&folder, "token");
    FILE *file = fopen(path, "w");
    assert_non_null(file);
    assert_int_equal(fwrite(bytes, 1, n, file), n);
    fclose(file);
    chmod(path, 0600);
    return control_token(path, token, cause);
}

static enum err read_text(const char *text)
{
    return read_bytes(text, strlen(text));
}

static void control_token_of_a_missing_file_is_made(void **state)
{
    (void)state;
    char again[CONTROL_TOKEN_MAX + 1];
    struct stat info;
    const char *path = temp_path(&folder, "new");
    assert_int_equal(control_token(path, token, cause), ERR_OK);
    assert_int_equal(strlen(token), 64);
    assert_int_equal(strspn(token, "0123456789abcdef"), 64);
    assert_int_equal(stat(path, &info), 0);
    assert_int_equal(info.st_mode & 07777, 0600);
    assert_int_equal(control_token(path, again, cause), ERR_OK);
    assert_string_equal(again, token);
}

static void control_token_is_another_in_each_file(void **state)
{
    (void)state;
    char other[CONTROL_TOKEN_MAX + 1];
    assert_int_equal(control_token(temp_path(&folder, "one"), token, cause), ERR_OK);
    assert_int_equal(control_token(temp_path(&folder, "two"), other, cause), ERR_OK);
    assert_string_not_equal(token, other);
}

static void control_token_is_a_line_with_or_without_its_end(void **state)
{
    (void)state;
    static const char *const ends[] = {"", "\n", "\r\n", "\r"};
    for (size_t i = 0; i < sizeof ends / sizeof *ends; i++) {
        char text[64];
        snprintf(text, sizeof text, "%s%s", SHORTEST, ends[i]);
        assert_int_equal(read_text(text), ERR_OK);
        assert_string_equal(token, SHORTEST);
    }
}

static void control_token_has_a_least_and_a_greatest_length(void **state)
{
    (void)state;
    char text[CONTROL_TOKEN_MAX + 2] = {0};
    memset(text, '~', CONTROL_TOKEN_MIN - 1);
    assert_int_equal(read_text(text), ERR_INVALID);
    assert_string_equal(token, "untouched");
    memset(text, '~', CONTROL_TOKEN_MAX);
    assert_int_equal(read_text(text), ERR_OK);
    assert_int_equal(strlen(token), CONTROL_TOKEN_MAX);
    memset(text, '~', CONTROL_TOKEN_MAX + 1);
    assert_int_equal(read_text(text), ERR_INVALID);
}

static void control_token_is_nothing_but_printable_characters(void **state)
{
    (void)state;
    for (unsigned c = 0; c < 256; c++) {
        char text[] = "0" SHORTEST;
        text[5] = (char)c;
        bool is_fine = c > ' ' && c <= '~';
        assert_int_equal(read_bytes(text, sizeof text - 1), is_fine ? ERR_OK : ERR_INVALID);
    }
}

static void control_token_has_nothing_behind_its_line(void **state)
{
    (void)state;
    assert_int_equal(read_text(SHORTEST "\nb"), ERR_INVALID);
    assert_int_equal(read_bytes(SHORTEST "\n\0b", CONTROL_TOKEN_MIN + 3), ERR_INVALID);
    assert_int_equal(read_bytes(SHORTEST "\0", CONTROL_TOKEN_MIN + 1), ERR_INVALID);
    assert_string_equal(token, "untouched");
}

static void control_token_says_what_to_do_and_repeats_nothing(void **state)
{
    (void)state;
    assert_int_equal(read_text("secret"), ERR_INVALID);
    assert_non_null(strstr(cause, temp_path(&folder, "token")));
    assert_non_null(strstr(cause, "32 to 256"));
    assert_null(strstr(cause, "secret"));
}

static void control_token_that_others_may_use_is_none(void **state)
{
    (void)state;
    static const mode_t modes[] = {0640, 0604, 0620, 0602, 0644, 0666};
    for (size_t i = 0; i < sizeof modes / sizeof *modes; i++) {
        assert_int_equal(read_text(SHORTEST), ERR_OK);
        strcpy(token, "untouched");
        assert_int_equal(chmod(temp_path(&folder, "token"), modes[i]), 0);
        assert_int_equal(control_token(temp_path(&folder, "token"), token, cause), ERR_INVALID);
        assert_string_equal(token, "untouched");
    }
}

static void control_token_needs_a_plain_file_in_a_folder(void **state)
{
    (void)state;
    assert_int_equal(mkdir(temp_path(&folder, "folder"), 0700), 0);
    assert_int_not_equal(control_token(temp_path(&folder, "folder"), token, cause), ERR_OK);
    assert_int_not_equal(control_token(temp_path(&folder, "none/token"), token, cause), ERR_OK);
    assert_string_equal(token, "untouched");
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, make_folder, remove_folder)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(control_token_of_a_missing_file_is_made),
        TEST(control_token_is_another_in_each_file),
        TEST(control_token_is_a_line_with_or_without_its_end),
        TEST(control_token_has_a_least_and_a_greatest_length),
        TEST(control_token_is_nothing_but_printable_characters),
        TEST(control_token_has_nothing_behind_its_line),
        TEST(control_token_says_what_to_do_and_repeats_nothing),
        TEST(control_token_that_others_may_use_is_none),
        TEST(control_token_needs_a_plain_file_in_a_folder),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
