/* app/settings/settings_parts.h: what is written in config.toml reaches the part that goes by it.
 */
#include "app/settings/settings_parts.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "app/settings/settings_table.h"

struct parts {
    struct node_settings node;
    struct book_settings book;
    struct host_settings host;
};

static void fill(const struct settings *settings, const struct parts *base, struct parts *parts)
{
    memcpy(parts, base, sizeof *parts); /* padding too: parts are compared as bytes */
    settings_of_node(settings, &parts->node);
    settings_of_book(settings, &parts->book);
    settings_of_host(settings, &parts->host);
    /* empty, wherever they are */
    parts->node.seeds = parts->node.persistent_peers = NULL;
    parts->node.unconditional_ids = parts->node.private_ids = NULL;
}

static void make_base(struct parts *base)
{
    memset(base, 0, sizeof *base);
    base->node = node_settings_default();
    base->book = book_settings_default();
    base->host = host_settings_default();
}

/* behaviour.md 0.1 and the policy points are in the defaults of the parts. */
static void settings_have_the_defaults_of_the_parts(void **state)
{
    (void)state;
    struct settings settings;
    static struct parts base, made;
    assert_int_equal(settings_default(&settings), ERR_OK);
    make_base(&base);
    fill(&settings, &base, &made);
    /* the host counts them too, and is the one that goes by the setting: tested below */
    base.node.max_handshaking = made.node.max_handshaking;
    assert_memory_equal(&made.node, &base.node, sizeof made.node);
    assert_memory_equal(&made.book, &base.book, sizeof made.book);
    assert_memory_equal(&made.host, &base.host, sizeof made.host);
    settings_free(&settings);
}

/* A value in range other than the default. */
static void other_value(const struct setting *setting, char *out, size_t cap)
{
    struct settings settings;
    assert_int_equal(settings_default(&settings), ERR_OK);
    int64_t now = *(int64_t *)((char *)&settings + setting->offset);
    settings_free(&settings);
    int64_t other = now > setting->min ? now - 1 : now + 1;
    snprintf(out, cap, setting->type == SETTING_DURATION ? "%lldms" : "%lld", (long long)other);
}

static void a_number_in_pex_has_an_effect(void **state)
{
    (void)state;
    static struct parts base, made;
    static struct settings_problems problems;
    make_base(&base);
    for (size_t i = 0; i < settings_table_n; i++) {
        const struct setting *setting = &settings_table[i];
        if (strcmp(setting->section, "pex") != 0 ||
            (setting->type != SETTING_INTEGER && setting->type != SETTING_DURATION))
            continue;
        char value[32];
        struct settings settings;
        other_value(setting, value, sizeof value);
        const struct settings_override flag = {setting_name(setting), value};
        if (settings_load(NULL, NULL, &flag, 1, &settings, &problems) != ERR_OK)
            fail_msg("%s = %s: %s", flag.name, value, problems.items[0].cause);
        fill(&settings, &base, &made);
        if (memcmp(&made, &base, sizeof made) == 0)
            fail_msg("%s changes nothing", flag.name);
        settings_free(&settings);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(settings_have_the_defaults_of_the_parts),
        cmocka_unit_test(a_number_in_pex_has_an_effect),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
