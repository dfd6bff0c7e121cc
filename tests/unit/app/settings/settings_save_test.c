/* core/app/settings/settings_save.c: one line of a config.toml changes, all else stays. */
#include "app/settings/settings_save.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static void edits(const char *text, const char *name, const char *value, const char *expected)
{
    char cause[SETTINGS_SAVE_CAUSE_MAX] = "", *edited = NULL;
    enum err err =
        settings_edit(span_of_text(text), setting_find_name(name), value, &edited, cause);
    assert_string_equal(cause, "");
    assert_int_equal(err, ERR_OK);
    assert_string_equal(edited, expected);
    free(edited);
}

static void refuses(const char *text, const char *name, const char *value, const char *why)
{
    char cause[SETTINGS_SAVE_CAUSE_MAX] = "", *edited = NULL;
    enum err err =
        settings_edit(span_of_text(text), setting_find_name(name), value, &edited, cause);
    assert_int_equal(err, ERR_INVALID);
    assert_null(edited);
    assert_non_null(strstr(cause, why));
}

static void a_value_is_replaced_and_its_comment_stays(void **state)
{
    (void)state;
    edits("# top\n[pex]\n  dial_rate = 7 # fast\nx = 1\n", "pex.dial_rate", "12",
        "# top\n[pex]\n  dial_rate = 12 # fast\nx = 1\n");
    edits("[pex]\ndial_rate=7", "pex.dial_rate", "12", "[pex]\ndial_rate=12");
    edits("[p2p]\r\npex = true\r\nseeds = ''\r\n", "p2p.pex", "false",
        "[p2p]\r\npex = false\r\nseeds = ''\r\n");
    edits("log_level = \"a:info,*:error\" # \"#\"\n", "log_level", "debug",
        "log_level = \"debug\" # \"#\"\n");
    edits("moniker = 'it # is'\n", "moniker", "a \"b\" \\ c", "moniker = \"a \\\"b\\\" \\\\ c\"\n");
    edits("moniker = \"x\\\"#y\" #c\n", "moniker", "z", "moniker = \"z\" #c\n");
}

static void the_same_key_of_another_section_stays(void **state)
{
    (void)state;
    edits("[rpc]\nladdr = \"a\"\n[p2p]\nladdr = \"b\"\n[x]\nladdr = \"c\"\n", "p2p.laddr",
        "tcp://127.0.0.1:1",
        "[rpc]\nladdr = \"a\"\n[p2p]\nladdr = \"tcp://127.0.0.1:1\"\n[x]\nladdr = \"c\"\n");
}

static void a_list_longer_than_other_values_is_written(void **state)
{
    static const char item[] = "0123456789012345678901234567890123456789@1.2.3.4:26656,";
    enum { ITEMS = 200, N = ITEMS * (sizeof item - 1) };
    static char value[N + 1], expected[N + 64];
    (void)state;
    for (size_t i = 0; i < ITEMS; i++)
        memcpy(value + i * (sizeof item - 1), item, sizeof item);
    snprintf(expected, sizeof expected, "[p2p]\nseeds = \"%s\" # ours\n", value);
    edits("[p2p]\nseeds = \"\" # ours\n", "p2p.seeds", value, expected);
}

static void a_missing_key_goes_into_its_section(void **state)
{
    (void)state;
    edits("a = 1\n[p2p] # peers\nladdr = \"b\"\n", "p2p.pex", "false",
        "a = 1\n[p2p] # peers\npex = false\nladdr = \"b\"\n");
    edits("[p2p]", "p2p.pex", "false", "[p2p]\npex = false\n");
    edits(
        "[p2p]\npex = true\n", "log_level", "debug", "log_level = \"debug\"\n[p2p]\npex = true\n");
    edits("a = 1", "pex.dial_rate", "3", "a = 1\n\n[pex]\ndial_rate = 3\n");
    edits("", "pex.ensure_peers_period", "1m30s", "\n[pex]\nensure_peers_period = \"1m30s\"\n");
    edits("[p2p.more]\nx = 1\n[ p2p ]\n", "p2p.pex", "false",
        "[p2p.more]\nx = 1\n[ p2p ]\npex = false\n");
}

static void keys_in_other_words_are_found(void **state)
{
    (void)state;
    edits("p2p.pex = true\n", "p2p.pex", "false", "p2p.pex = false\n");
    edits("[p2p]\n\"pex\" = true\n", "p2p.pex", "false", "[p2p]\n\"pex\" = false\n");
}

static void what_only_a_person_can_change_is_refused(void **state)
{
    (void)state;
    refuses("moniker = \"\"\"\nx\"\"\"\n", "moniker", "y", "by hand");
    refuses("[p2p]\nseeds = [\n  \"a\",\n]\n", "p2p.seeds", "", "by hand");
    refuses("p2p = { pex = true, seeds = '' }\n", "p2p.pex", "false", "by hand");
    refuses("[p2p]\npex = true\npex = false\n", "p2p.pex", "false", "line 3");
    refuses("nonsense", "p2p.pex", "false", "line 1");
}

static void a_header_inside_a_text_is_no_header(void **state)
{
    (void)state;
    refuses("moniker = '''\n[pex]\n'''\n", "pex.dial_rate", "3", "by hand");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_value_is_replaced_and_its_comment_stays),
        cmocka_unit_test(the_same_key_of_another_section_stays),
        cmocka_unit_test(a_list_longer_than_other_values_is_written),
        cmocka_unit_test(a_missing_key_goes_into_its_section),
        cmocka_unit_test(keys_in_other_words_are_found),
        cmocka_unit_test(what_only_a_person_can_change_is_refused),
        cmocka_unit_test(a_header_inside_a_text_is_no_header),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
