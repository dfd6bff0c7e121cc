/* The way from a TOML file to C. The grammar itself is compared with another reader in
 * tests/e2e/test_toml.py. */
#include "ops/toml.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define COUNT(array) (sizeof(array) / sizeof *(array))

/* Values as lines "LINE SECTION KEY KIND TEXT". */
struct seen {
    char text[4096];
    size_t n, values_n;
};

static void see(void *context, const struct toml_value *value)
{
    static const char *const kinds[] = {
        "text", "integer", "float", "boolean", "time", "list", "other"};
    struct seen *seen = context;
    seen->values_n++;
    seen->n += (size_t)snprintf(seen->text + seen->n, sizeof seen->text - seen->n,
        "%u [%s] %s %s %.*s\n", value->line, value->section, value->key, kinds[value->kind],
        (int)value->text.n, (const char *)value->text.at);
    assert_true(seen->n < sizeof seen->text);
}

static void toml_read_tells_section_key_line_kind_and_text(void **state)
{
    (void)state;
    struct seen seen = {0};
    struct toml_problem problem;
    const char *text = "a = 'x'\nb = 0x1_0\n# c\nc = 1_0.5\n[s]\nd = true\n"
                       "e = 1979-05-27 07:32:00Z\nf = ['x',\n 'y']\ng = []\nh = [1]\n"
                       "i.j = 1\n[s.t]\nk = 1\n[\"q.r\"]\nl = ''\n[[u]]\nm = 1\n";
    assert_int_equal(toml_read(span_of_text(text), see, &seen, &problem), ERR_OK);
    assert_string_equal(seen.text,
        "1 [] a text x\n"
        "2 [] b integer 0x10\n"
        "4 [] c float 10.5\n"
        "6 [s] d boolean true\n"
        "7 [s] e time 1979-05-27 07:32:00Z\n"
        "8 [s] f list x,y\n"
        "10 [s] g list \n"
        "11 [s] h other \n"
        "12 [s] i other \n"
        "13 [s] t other \n"
        "16 [q.r] l text \n"
        "17 [] u other \n");
}

static void expect_nul_inside(void *context, const struct toml_value *value)
{
    assert_int_equal(value->text.n, 3);
    assert_memory_equal(value->text.at, "x\0y", 3);
    ++*(int *)context;
}

static void toml_read_keeps_nul_in_texts(void **state)
{
    (void)state;
    int calls = 0;
    struct toml_problem problem;
    assert_int_equal(
        toml_read(span_of_text("a = \"x\\u0000y\""), expect_nul_inside, &calls, &problem), ERR_OK);
    assert_int_equal(calls, 1);
}

static void toml_read_tells_nothing_of_a_file_with_a_mistake(void **state)
{
    (void)state;
    struct seen seen = {0};
    struct toml_problem problem;
    enum err err = toml_read(span_of_text("a = 1\nb = 2\nb = 3\n"), see, &seen, &problem);
    assert_int_equal(err, ERR_INVALID);
    assert_int_equal(seen.values_n, 0);
    assert_int_equal(problem.line, 3);
    assert_string_equal(problem.cause, "'b' is set twice");
}

static void toml_read_cuts_long_causes(void **state)
{
    (void)state;
    char text[2000];
    struct seen seen = {0};
    struct toml_problem problem;
    memset(text, 'a', sizeof text);
    memcpy(text + 995, " = 1\n", 5);
    memcpy(text + 1995, " = 1\n", 5);
    assert_int_equal(toml_read(span_of(text, sizeof text), see, &seen, &problem), ERR_INVALID);
    assert_int_equal(problem.line, 2);
    assert_int_equal(strlen(problem.cause), sizeof problem.cause - 1);
}

static void toml_read_refuses_more_than_its_limit(void **state)
{
    (void)state;
    char *text = malloc(TOML_SIZE_MAX + 1);
    assert_non_null(text);
    memset(text, '\n', TOML_SIZE_MAX + 1);
    struct seen seen = {0};
    struct toml_problem problem;
    assert_int_equal(
        toml_read(span_of(text, TOML_SIZE_MAX + 1), see, &seen, &problem), ERR_TOO_LONG);
    assert_int_equal(problem.line, 0);
    assert_int_equal(toml_read(span_of(text, TOML_SIZE_MAX), see, &seen, &problem), ERR_OK);
    free(text);
}

static void count(void *context, const struct toml_value *value)
{
    *(size_t *)context += value->text.n;
}

/* Each fills the largest file; none may crash or take memory without bound. */
static void toml_read_survives_hostile_files(void **state)
{
    (void)state;
    static const struct {
        const char *begin, *repeated;
        enum err err;
    } cases[] = {
        {"a = ", "[", ERR_INVALID},
        {"a = ", "{a=", ERR_INVALID},
        {"", "[", ERR_INVALID},
        {"", "a.", ERR_NO_MEMORY},
        {"a = [", "1,", ERR_NO_MEMORY},
        {"a = \"", "\\n", ERR_NO_MEMORY},
        {"a = \"\"\"", "\"\" ", ERR_INVALID},
        {"a = '''", "'' ", ERR_INVALID},
        {"#", "#", ERR_OK},
        {"a = [", " ", ERR_INVALID},
        {"a = \"\"\"", "\\\n", ERR_INVALID},
        {"a = [", "#\n", ERR_INVALID},
        {"a = ", "1", ERR_INVALID},
        {"a = ", "1_", ERR_INVALID},
        {"a = 0.", "0", ERR_OK},
    };
    char *text = malloc(TOML_SIZE_MAX);
    assert_non_null(text);
    for (size_t i = 0; i < COUNT(cases); i++) {
        size_t n = strlen(cases[i].begin), step = strlen(cases[i].repeated);
        memcpy(text, cases[i].begin, n);
        for (; n + step <= TOML_SIZE_MAX; n += step)
            memcpy(text + n, cases[i].repeated, step);
        struct toml_problem problem;
        size_t bytes = 0;
        enum err err = toml_read(span_of(text, n), count, &bytes, &problem);
        if (err != cases[i].err)
            fail_msg("%s%s...: %s, %s", cases[i].begin, cases[i].repeated, err_name(err),
                err ? problem.cause : "");
    }
    free(text);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(toml_read_tells_section_key_line_kind_and_text),
        cmocka_unit_test(toml_read_keeps_nul_in_texts),
        cmocka_unit_test(toml_read_tells_nothing_of_a_file_with_a_mistake),
        cmocka_unit_test(toml_read_cuts_long_causes),
        cmocka_unit_test(toml_read_refuses_more_than_its_limit),
        cmocka_unit_test(toml_read_survives_hostile_files),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
