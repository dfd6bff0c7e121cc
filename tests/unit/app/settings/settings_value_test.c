/* app/settings/settings_value.h: comparing values. What texts mean is in settings_test.c. */
#include "app/settings/settings_value.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

#define ID_A "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
#define ID_B "bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb"

/* Two ways to write one value, and another value. */
static const struct {
    const char *name, *text, *same, *other;
} cases[] = {
    {"moniker", "m", "m", "n"},
    {"policy.file", "", "", "x.lua"},
    {"policy.tags", "", "", "asn.txt"},
    {"p2p.laddr", "127.0.0.1:1", "127.0.0.1:1", "tcp://127.0.0.1:1"}, /* peers are told the text */
    {"p2p.external_address", "", "", "1.2.3.4:5"},
    {"p2p.seeds", ID_A "@1.2.3.4:5", " " ID_A "@1.2.3.4:5,", ID_A "@1.2.3.4:6"},
    {"p2p.seeds", ID_A "@a.example:5", ID_A "@a.example:5", ID_A "@b.example:5"},
    {"p2p.seeds", ID_A "@1.2.3.4:5", ID_A "@1.2.3.4:5", ID_A "@1.2.3.4:5," ID_B "@1.2.3.4:5"},
    {"p2p.private_peer_ids", ID_A "," ID_B, ID_A ", " ID_B, ID_B "," ID_A},
    {"p2p.private_peer_ids", "", ",", ID_A},
    {"p2p.pex", "true", "true", "false"},
    {"p2p.send_rate", "16", "0x10", "17"},
    {"pex.crawl_period", "60s", "1m", "61s"},
    {"log_level", "info", "p2p:info,*:error", "debug"},
    {"log_format", "json", "json", "plain"},
    {"instrumentation.namespace", "cometbft", "cometbft", "tendermint"},
};

static void set(struct settings *settings, const char *name, const char *text)
{
    char cause[SETTING_CAUSE_MAX];
    assert_int_equal(settings_default(settings), ERR_OK);
    if (!setting_set(setting_find_name(name), settings, text, cause))
        fail_msg("%s: %s", name, cause);
}

static void values_are_equal_however_they_are_written(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        const struct setting *setting = setting_find_name(cases[i].name);
        struct settings a, same, other;
        set(&a, cases[i].name, cases[i].text);
        set(&same, cases[i].name, cases[i].same);
        set(&other, cases[i].name, cases[i].other);
        if (!setting_equal(setting, &a, &same) || setting_equal(setting, &a, &other))
            fail_msg("%s: %s", cases[i].name, cases[i].text);
        settings_free(&a);
        settings_free(&same);
        settings_free(&other);
    }
}

static void a_home_equals_itself_in_every_setting(void **state)
{
    (void)state;
    struct settings a, b;
    assert_int_equal(settings_default(&a), ERR_OK);
    assert_int_equal(settings_default(&b), ERR_OK);
    for (size_t i = 0; i < settings_table_n; i++)
        if (!setting_equal(&settings_table[i], &a, &b))
            fail_msg("%s", setting_name(&settings_table[i]));
    settings_free(&a);
    settings_free(&b);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(values_are_equal_however_they_are_written),
        cmocka_unit_test(a_home_equals_itself_in_every_setting),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
