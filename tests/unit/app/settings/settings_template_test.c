#include "app/settings/settings_template.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "app/settings/settings_table.h"
#include "unit/app/settings/loaded_home.h"

#define COUNT(array) (sizeof(array) / sizeof *(array))
#define ID "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"

static char *template_of(const struct settings_override *values, size_t n)
{
    char *text = NULL;
    size_t size;
    FILE *out = open_memstream(&text, &size);
    assert_non_null(out);
    settings_template_write(out, values, n);
    assert_int_equal(fclose(out), 0);
    return text;
}

static void settings_template_is_read_back_without_a_word(void **state)
{
    (void)state;
    const struct settings_override values[] = {{"moniker", "a\"b\\c"},
        {"pex.network", "n\xc3\xa9t"}, {"p2p.seeds", ID "@1.2.3.4:5"}, {"p2p.pex", "false"},
        {"p2p.send-rate", "7"}};
    char *text = template_of(values, COUNT(values));
    struct home home;
    load(&home, text, NULL, NULL, 0);
    free(text);
    assert_string_equal(only_problem(&home), "no problem");
    assert_string_equal(home.settings.moniker, "a\"b\\c");
    assert_string_equal(home.settings.pex.network, "n\xc3\xa9t");
    assert_int_equal(home.settings.p2p.seeds.n, 1);
    assert_false(home.settings.p2p.pex);
    assert_int_equal(home.settings.p2p.send_rate, 7);
    assert_int_equal(home.settings.p2p.dial_timeout_ms, 3000);
    unload(&home);
}

static void settings_template_has_every_setting_that_does_something(void **state)
{
    (void)state;
    char *text = template_of(NULL, 0);
    for (size_t i = 0; i < settings_table_n; i++) {
        char line[SETTING_NAME_MAX + 8];
        const struct setting *setting = &settings_table[i];
        snprintf(line, sizeof line, "\n%s%s = ", setting->initial ? "" : "# ", setting->key);
        bool is_there = strstr(text, line) != NULL;
        if (is_there == setting->is_unused)
            fail_msg("%s", setting_name(setting));
    }
    free(text);
}

static void settings_table_rows_fit_their_types(void **state)
{
    (void)state;
    for (size_t i = 0; i < settings_table_n; i++) {
        const struct setting *setting = &settings_table[i];
        bool is_ranged = setting->type == SETTING_INTEGER || setting->type == SETTING_DURATION;
        if (is_ranged != (setting->min < setting->max))
            fail_msg("range of %s", setting_name(setting));
        if ((setting->type == SETTING_INTEGER) != (setting->unit != NULL))
            fail_msg("unit of %s", setting_name(setting));
        assert_true(strlen(setting_name(setting)) < SETTING_NAME_MAX);
        assert_ptr_equal(setting_find_name(setting_name(setting)), setting);
        assert_non_null(settings_section_find(setting->section));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(settings_template_is_read_back_without_a_word),
        cmocka_unit_test(settings_template_has_every_setting_that_does_something),
        cmocka_unit_test(settings_table_rows_fit_their_types),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
