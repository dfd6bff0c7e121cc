#include "app/text/wrap.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static char *wrapped(const char *first, const char *other, const char *text)
{
    char *out = NULL;
    size_t n;
    FILE *file = open_memstream(&out, &n);
    assert_non_null(file);
    wrap_write(file, first, other, text);
    assert_int_equal(fclose(file), 0);
    return out;
}

static void expect(const char *first, const char *other, const char *text, const char *expected)
{
    char *out = wrapped(first, other, text);
    assert_string_equal(out, expected);
    free(out);
}

static void wrap_puts_one_blank_between_words(void **state)
{
    (void)state;
    expect("# ", "# ", "one  two three ", "# one two three\n");
    expect("> ", "  ", "", "> \n");
}

static void wrap_fills_lines_up_to_their_end(void **state)
{
    (void)state;
    char word[WRAP_COLUMNS + 2], text[3 * WRAP_COLUMNS];
    memset(word, 'x', sizeof word);
    snprintf(text, sizeof text, "%.*s yy z", WRAP_COLUMNS - 5, word); /* "> " + word + " yy" */
    char *out = wrapped("> ", ". ", text);
    assert_int_equal(strcspn(out, "\n"), WRAP_COLUMNS);
    assert_string_equal(out + WRAP_COLUMNS, "\n. z\n");
    free(out);
}

static void wrap_gives_a_long_word_its_own_line(void **state)
{
    (void)state;
    char word[WRAP_COLUMNS + 2], text[3 * WRAP_COLUMNS];
    memset(word, 'x', sizeof word);
    snprintf(text, sizeof text, "a %.*s b", WRAP_COLUMNS + 1, word);
    char *out = wrapped("", "", text);
    assert_memory_equal(out, "a\nx", 3);
    assert_string_equal(out + 2 + WRAP_COLUMNS + 1, "\nb\n");
    free(out);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(wrap_puts_one_blank_between_words),
        cmocka_unit_test(wrap_fills_lines_up_to_their_end),
        cmocka_unit_test(wrap_gives_a_long_word_its_own_line),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
