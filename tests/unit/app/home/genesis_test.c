#include "app/home/genesis.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "unit/temp_folder.h"

#define COUNT(array) (sizeof(array) / sizeof *(array))

/* Feeds text in pieces of `step` bytes. */
static enum err scan_by(const char *text, size_t step, char *chain_id, const char **why)
{
    struct genesis_scan scan = {0};
    size_t n = strlen(text);
    for (size_t i = 0; i < n; i += step)
        genesis_scan_feed(&scan, text + i, n - i < step ? n - i : step);
    return genesis_scan_end(&scan, chain_id, why);
}

static void genesis_finds_the_chain_id_of_the_outermost_object(void **state)
{
    (void)state;
    static const struct {
        const char *text, *chain_id;
    } cases[] = {
        {"{\"chain_id\":\"a-1\"}", "a-1"},
        {" \r\n\t{ \"genesis_time\" : \"2020\" ,\n\"chain_id\" : \"b\" }", "b"},
        {"{\"app_state\":{\"chain_id\":\"inner\"},\"chain_id\":\"outer\"}", "outer"},
        {"{\"x\":[{\"chain_id\":\"inner\"},[[]],{}],\"chain_id\":\"outer\"}", "outer"},
        {"{\"x\":\"\\\"chain_id\\\":\\\"no\\\"\",\"chain_id\":\"yes\"}", "yes"},
        {"{\"x\":{\"y\":\"}\\\\\"},\"chain_id\":\"yes\"}", "yes"},
        {"{\"x\":[\"]\\\"]\"],\"chain_id\":\"yes\"}", "yes"},
        {"{\"chain_id2\":\"no\",\"xchain_id\":\"no\",\"chain_i\":\"no\",\"chain_id\":\"yes\"}",
            "yes"},
        {"{\"x\":\"chain_id\",\"chain_id\":\"yes\"}", "yes"},
        {"{\"n\":-1.5e3,\"t\":true,\"f\":false,\"z\":null,\"chain_id\":\"yes\"}", "yes"},
        {"{\"chain\\u005fid\":\"\\u0061\\n\\/\\\"\"}", "a\n/\""},
        {"{\"chain_id\":\"\\u00e9\\u20ac\\ud83d\\ude00\"}", "\xc3\xa9\xe2\x82\xac\xf0\x9f\x98\x80"},
        {"{\"chain_id\":\"\\ud83dx\\ude00\\ud83d\\ud83d\\ude00\"}",
            "\xef\xbf\xbdx\xef\xbf\xbd\xef\xbf\xbd\xf0\x9f\x98\x80"},
        {"{\"chain_id\":\"first\",\"chain_id\":\"second\"}", "first"},
        {"{\"chain_id\":\"a\" and what follows is never looked at", "a"},
    };
    static const size_t steps[] = {1, 2, 7, 1000};
    for (size_t i = 0; i < COUNT(cases) * COUNT(steps); i++) {
        char chain_id[GENESIS_CHAIN_ID_MAX + 1] = "untouched";
        const char *why = NULL, *text = cases[i / COUNT(steps)].text;
        if (scan_by(text, steps[i % COUNT(steps)], chain_id, &why))
            fail_msg("%s: %s", text, why);
        assert_string_equal(chain_id, cases[i / COUNT(steps)].chain_id);
    }
}

static void genesis_says_what_is_wrong(void **state)
{
    (void)state;
    static const struct {
        const char *text, *why;
    } cases[] = {
        {"", "ends before its chain_id"},
        {"{", "ends before its chain_id"},
        {"{\"chain_id\":\"a", "ends before its chain_id"},
        {"{\"x\":{\"chain_id\":\"a\"}", "ends before its chain_id"},
        {"[]", "is not a JSON object"},
        {"\xef\xbb\xbf{}", "is not a JSON object"},
        {"{}", "has no chain_id"},
        {"{\"x\":1}", "has no chain_id"},
        {"{\"x\":{\"chain_id\":\"a\"}}", "has no chain_id"},
        {"{\"chain_id\":1}", "has a chain_id that is not a text"},
        {"{\"chain_id\":null}", "has a chain_id that is not a text"},
        {"{\"chain_id\":{\"chain_id\":\"a\"}}", "has a chain_id that is not a text"},
        {"{\"chain_id\":\"\"}", "has an empty chain_id"},
        {"{\"chain_id\":\"a\\u0000b\"}", "has a NUL in its chain_id"},
        {"{x:1}", "is not JSON: a key is missing"},
        {"{\"x\" 1}", "is not JSON: a colon is missing"},
        {"{\"x\":}", "is not JSON: a value is missing"},
        {"{\"x\":\"y\" \"chain_id\":\"a\"}", "is not JSON: a comma is missing"},
        {"{\"x\\q\":1}", "has an unknown escape in a string"},
        {"{\"chain_id\":\"\\u00g0\"}", "has a malformed \\u in a string"},
    };
    for (size_t i = 0; i < COUNT(cases); i++) {
        char chain_id[GENESIS_CHAIN_ID_MAX + 1] = "untouched";
        for (size_t step = 1; step <= 3; step++) {
            const char *why = NULL;
            assert_int_equal(scan_by(cases[i].text, step, chain_id, &why), ERR_CORRUPT);
            if (strcmp(why, cases[i].why) != 0)
                fail_msg("%s: %s", cases[i].text, why);
            assert_string_equal(chain_id, "untouched");
        }
    }
}

static void genesis_takes_255_bytes_and_no_more(void **state)
{
    (void)state;
    char text[GENESIS_CHAIN_ID_MAX + 64], chain_id[GENESIS_CHAIN_ID_MAX + 1], letters[300];
    const char *why;
    memset(letters, 'c', sizeof letters);
    snprintf(text, sizeof text, "{\"chain_id\":\"%.*s\"}", GENESIS_CHAIN_ID_MAX, letters);
    assert_int_equal(scan_by(text, 64, chain_id, &why), ERR_OK);
    assert_int_equal(strlen(chain_id), GENESIS_CHAIN_ID_MAX);
    snprintf(text, sizeof text, "{\"chain_id\":\"%.*s\"}", GENESIS_CHAIN_ID_MAX + 1, letters);
    assert_int_equal(scan_by(text, 64, chain_id, &why), ERR_CORRUPT);
    assert_string_equal(why, "has a chain_id of more than 255 bytes");
}

static void genesis_skips_nesting_of_any_depth(void **state)
{
    (void)state;
    enum { DEPTH = 1000000 };
    struct genesis_scan scan = {0};
    char chain_id[GENESIS_CHAIN_ID_MAX + 1];
    const char *why;
    genesis_scan_feed(&scan, "{\"x\":", 5);
    for (int i = 0; i < DEPTH; i++)
        genesis_scan_feed(&scan, "[{", 2);
    for (int i = 0; i < DEPTH; i++)
        genesis_scan_feed(&scan, "}]", 2);
    genesis_scan_feed(&scan, ",\"chain_id\":\"deep\"", 18);
    assert_int_equal(genesis_scan_end(&scan, chain_id, &why), ERR_OK);
    assert_string_equal(chain_id, "deep");
}

static void genesis_file_is_scanned_in_chunks(void **state)
{
    (void)state;
    struct temp_folder folder = temp_folder_make();
    FILE *file = fopen(temp_path(&folder, "genesis.json"), "w");
    assert_non_null(file);
    fputs("{\"app_state\":[", file);
    for (int i = 0; i < 100000; i++)
        fputs("{\"chain_id\":\"no\"},", file);
    fputs("0],\"chain_id\":\"big-1\"}", file);
    assert_int_equal(fclose(file), 0);
    char chain_id[GENESIS_CHAIN_ID_MAX + 1], cause[GENESIS_CAUSE_MAX];
    enum err err = genesis_chain_id(temp_path(&folder, "genesis.json"), chain_id, cause);
    temp_folder_remove(&folder);
    assert_int_equal(err, ERR_OK);
    assert_string_equal(chain_id, "big-1");
}

static void genesis_file_errors_have_a_cause(void **state)
{
    (void)state;
    struct temp_folder folder = temp_folder_make();
    char chain_id[GENESIS_CHAIN_ID_MAX + 1], cause[GENESIS_CAUSE_MAX];
    temp_write(&folder, "genesis.json", "{}");
    assert_int_equal(
        genesis_chain_id(temp_path(&folder, "genesis.json"), chain_id, cause), ERR_CORRUPT);
    assert_string_equal(cause, "has no chain_id");
    assert_int_equal(genesis_chain_id(temp_path(&folder, "none"), chain_id, cause), ERR_NOT_FOUND);
    assert_string_equal(cause, "cannot be read: No such file or directory");
    assert_int_equal(genesis_chain_id(folder.path, chain_id, cause), ERR_IO);
    assert_string_equal(cause, "cannot be read: Is a directory");
    temp_folder_remove(&folder);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(genesis_finds_the_chain_id_of_the_outermost_object),
        cmocka_unit_test(genesis_says_what_is_wrong),
        cmocka_unit_test(genesis_takes_255_bytes_and_no_more),
        cmocka_unit_test(genesis_skips_nesting_of_any_depth),
        cmocka_unit_test(genesis_file_is_scanned_in_chunks),
        cmocka_unit_test(genesis_file_errors_have_a_cause),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
