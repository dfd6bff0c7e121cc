/* Generations: the last ten by hash, back to any of them, and loading in two halves. */
#include "unit/script/fixture.h"

#define POLICY(name, draw)                                                                         \
    "local policy = pex.policy { name = '" name "' }\n"                                            \
    "function policy.bias() policy.state.asked = (policy.state.asked or 0) + 1\n"                  \
    "  return { draw = " draw " } end\nreturn policy"

static struct script_generation list[SCRIPT_GENERATIONS_MAX];

static int64_t draw_of(struct fixture *fixture)
{
    return ask_bias(fixture, 0, 10).draw;
}

static void load_numbered(struct fixture *fixture, unsigned i)
{
    char text[256];
    snprintf(text, sizeof text,
        "local policy = pex.policy { name = 'p%u' }\n"
        "function policy.bias() return { draw = %u } end\nreturn policy",
        i, 100 + i);
    load(fixture, text);
}

static void the_default_is_the_first_generation(void **state)
{
    struct fixture *fixture = *state;
    assert_int_equal(script_generations(fixture->script, list), 1);
    assert_string_equal(list[0].name, "default");
    assert_int_equal(list[0].number, 1);
    assert_int_equal(strlen(list[0].hash), SCRIPT_HASH_TEXT);
}

static void ten_generations_are_kept_newest_first(void **state)
{
    struct fixture *fixture = *state;
    for (unsigned i = 0; i < 25; i++)
        load_numbered(fixture, i);
    assert_int_equal(script_generations(fixture->script, list), SCRIPT_GENERATIONS_MAX);
    for (unsigned i = 0; i < SCRIPT_GENERATIONS_MAX; i++) {
        char name[8];
        snprintf(name, sizeof name, "p%u", 24 - i);
        assert_string_equal(list[i].name, name);
        assert_int_equal(list[i].number, 26 - i);
    }
}

static void a_hash_is_kept_once(void **state)
{
    struct fixture *fixture = *state;
    load(fixture, POLICY("one", "11"));
    load(fixture, POLICY("two", "12"));
    for (int i = 0; i < 30; i++)
        load(fixture, i % 2 ? POLICY("two", "12") : POLICY("one", "11"));
    assert_int_equal(script_generations(fixture->script, list), 3);
    assert_string_equal(list[0].name, "two");
    assert_string_equal(list[1].name, "one");
    assert_string_equal(list[2].name, "default");
}

static void an_older_generation_returns_by_the_beginning_of_its_hash(void **state)
{
    struct fixture *fixture = *state;
    for (unsigned i = 0; i < 8; i++)
        load_numbered(fixture, i);
    script_generations(fixture->script, list);
    char hash[SCRIPT_HASH_TEXT + 1];
    snprintf(hash, sizeof hash, "%.8s", list[5].hash);
    assert_int_equal(draw_of(fixture), 107);
    assert_int_equal(script_rollback_to(fixture->script, hash, NOW_S, &fixture->error), ERR_OK);
    assert_int_equal(draw_of(fixture), 102);
    script_generations(fixture->script, list);
    assert_string_equal(list[0].name, "p2");
    assert_string_equal(list[1].name, "p7");
}

static void rollback_to_the_previous_one_is_the_plain_rollback(void **state)
{
    struct fixture *fixture = *state;
    struct script_stats stats;
    load(fixture, POLICY("one", "policy.state.asked"));
    draw_of(fixture);
    draw_of(fixture);
    load(fixture, POLICY("two", "12"));
    script_generations(fixture->script, list);
    assert_int_equal(
        script_rollback_to(fixture->script, list[1].hash, NOW_S, &fixture->error), ERR_OK);
    assert_int_equal(draw_of(fixture), 3); /* as it was, state and all */
    script_stats(fixture->script, &stats);
    assert_int_equal(stats.rollbacks, 1);
}

static void assert_rolls_back_to(struct fixture *fixture, int64_t draw)
{
    assert_int_equal(script_rollback(fixture->script, NOW_S, &fixture->error), ERR_OK);
    assert_int_equal(draw_of(fixture), draw);
}

static void rollback_goes_further_back_each_time_never_forth(void **state)
{
    struct fixture *fixture = *state;
    struct script_stats stats;
    for (unsigned i = 0; i < 3; i++)
        load_numbered(fixture, i);
    load_numbered(fixture, 2); /* the same text again is no step */
    assert_rolls_back_to(fixture, 101);
    assert_rolls_back_to(fixture, 100);
    assert_rolls_back_to(fixture, 30); /* the default */
    assert_int_equal(script_rollback(fixture->script, NOW_S, &fixture->error), ERR_NOT_FOUND);
    assert_string_equal(fixture->error.message, "there is no earlier policy");
    script_stats(fixture->script, &stats);
    assert_int_equal(stats.rollbacks, 3);
    assert_int_equal(stats.taken_back, 0);
    load_numbered(fixture, 7);
    assert_rolls_back_to(fixture, 30);
    assert_int_equal(fixture_logged(fixture, "policy rolled back"), 4);
}

static void rollback_by_hash_undoes_a_rollback(void **state)
{
    struct fixture *fixture = *state;
    for (unsigned i = 0; i < 3; i++)
        load_numbered(fixture, i);
    script_generations(fixture->script, list);
    char newest[SCRIPT_HASH_TEXT + 1];
    memcpy(newest, list[0].hash, sizeof newest);
    assert_rolls_back_to(fixture, 101);
    assert_int_equal(script_rollback_to(fixture->script, newest, NOW_S, &fixture->error), ERR_OK);
    assert_int_equal(draw_of(fixture), 102);
    assert_rolls_back_to(fixture, 101);
}

static void rollback_to_what_is_not_kept_is_refused(void **state)
{
    struct fixture *fixture = *state;
    load(fixture, POLICY("one", "11"));
    const struct {
        const char *hash;
        enum err err;
    } cases[] = {{"ffffffffffffffffff", ERR_NOT_FOUND}, {"", ERR_INVALID}, {"x", ERR_NOT_FOUND}};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        assert_int_equal(script_rollback_to(fixture->script, cases[i].hash, NOW_S, &fixture->error),
            cases[i].err);
        assert_true(fixture->error.message[0] != 0);
    }
    assert_int_equal(draw_of(fixture), 11);
}

static void what_is_kept_of_a_source_is_a_copy(void **state)
{
    struct fixture *fixture = *state;
    char text[] = "local a = require('part').a\n" POLICY("one", "a"), beside[] = "return { a = 5 }";
    struct script_file file = {"part", span_of_text(beside)};
    struct script_source source = {"mine.lua", span_of_text(text), &file, 1};
    assert_int_equal(script_load(fixture->script, &source, NOW_S, &fixture->error), ERR_OK);
    assert_int_equal(draw_of(fixture), 5);
    memset(text, 'x', sizeof text - 1);
    memset(beside, 'x', sizeof beside - 1);
    load_numbered(fixture, 1);
    load_numbered(fixture, 2);
    script_generations(fixture->script, list);
    assert_int_equal(/* loaded again, from what was kept */
        script_rollback_to(fixture->script, list[2].hash, NOW_S, &fixture->error), ERR_OK);
    assert_int_equal(draw_of(fixture), 5);
}

static void what_was_prepared_with_other_settings_runs_with_those_of_the_script(void **state)
{
    struct fixture *fixture = *state;
    struct script_prepared *prepared;
    struct script_settings settings = fixture->settings;
    struct script_report report;
    struct script_source source =
        source_of("local policy = pex.policy { name = 'p', params = { n = { default = 3 } } }\n"
                  "function policy.bias() return { draw = policy.params.n } end\n"
                  "function policy.ask() return false end\n"
                  "policy.examples = { { hook = 'bias', expect = { draw = 3 } } }\n"
                  "return policy");
    settings.log = (struct log){.level = LOG_NONE};
    assert_int_equal(
        script_prepare(&settings, &source, &prepared, &report, &fixture->error), ERR_OK);
    memset(&settings, 0x5a, sizeof settings);
    assert_int_equal(report.examples_n, 1);
    assert_true(report.defines[HOOK_bias] && report.defines[HOOK_ask]);
    assert_false(report.defines[HOOK_ban]);
    assert_int_equal(report.examples[HOOK_bias], 1);
    assert_int_equal(report.examples[HOOK_ask], 0);
    assert_int_equal(draw_of(fixture), 30);
    assert_int_equal(script_adopt(fixture->script, prepared, NOW_S, &fixture->error), ERR_OK);
    assert_int_equal(draw_of(fixture), 3);
    assert_int_equal(fixture_logged(fixture, "policy loaded"), 1);
}

static void report_names_the_locals_that_a_policy_changes(void **state)
{
    struct fixture *fixture = *state;
    struct script_report report;
    struct script_source source = source_of(
        "local policy = pex.policy { name = 'p' }\n"
        "local count, cache, list, nested, kept = 0, {}, { 1 }, { { 1 } }, { a = 1, b = 'x' }\n"
        "local function advance() count = count + 1 return count end\n"
        "local helpers = { put = function(id) cache[id] = true list[1] = id end }\n"
        "function policy.bias(view)\n"
        "  local draw = kept.a\n"
        "  advance() helpers.put(tostring(view.now)) nested[1].x = kept.b\n"
        "  draw = draw + 1 policy.state.n = draw return { draw = draw }\n"
        "end\n"
        "policy.examples = { { hook = 'bias', expect = { draw = 2 } } }\n"
        "return policy");
    assert_int_equal(script_check(&fixture->settings, &source, &report, &fixture->error), ERR_OK);
    assert_int_equal(report.changed_n, 3);
    assert_string_equal(report.changed[0], "cache");
    assert_string_equal(report.changed[1], "count");
    assert_string_equal(report.changed[2], "list");
}

static void what_was_prepared_may_be_dropped(void **state)
{
    struct fixture *fixture = *state;
    struct script_prepared *prepared;
    struct script_source source = source_of(POLICY("one", "11"));
    assert_int_equal(
        script_prepare(&fixture->settings, &source, &prepared, NULL, &fixture->error), ERR_OK);
    script_prepared_free(prepared);
    script_prepared_free(NULL);
    assert_int_equal(draw_of(fixture), 30);
}

/* Collects what script_params tells. */
static void note_param(void *context, const struct script_param *param)
{
    char *text = context;
    size_t n = strlen(text);
    snprintf(text + n, 512 - n, "%s.%s %s %s (%s) %g..%g %s; %s\n", param->policy, param->name,
        param->kind, param->value, param->initial, param->min, param->max, param->unit, param->doc);
}

static void parameters_of_every_kind_are_set_read_and_listed(void **state)
{
    struct fixture *fixture = *state;
    char text[512] = "", value[64];
    load(fixture,
        "local policy = pex.policy { name = 'mine', extends = 'diverse', params = {\n"
        "  n = { default = 4, min = 1, max = 9, unit = 'peers', doc = 'how many' },\n"
        "  on = { default = true }, word = { default = 'a' }, list = { default = { 'x' } } } }\n"
        "function policy.bias() local p = policy.params\n"
        "  return { draw = p.n + (p.on and 100 or 0) + #p.word * 10 + #p.list } end\n"
        "return policy");
    assert_int_equal(draw_of(fixture), 4 + 100 + 10 + 1);
    const char *const changes[][2] = {
        {"n", "7"}, {"on", "false"}, {"word", "abc"}, {"list", "x, y,z"}, {"max_per_group", "2"}};
    for (size_t i = 0; i < 5; i++)
        assert_int_equal(
            script_param_set(fixture->script, changes[i][0], changes[i][1], &fixture->error),
            ERR_OK);
    assert_int_equal(draw_of(fixture), 7 + 30 + 3);
    assert_int_equal(script_param_get(fixture->script, "list", value, sizeof value), ERR_OK);
    assert_string_equal(value, "x,y,z");
    assert_int_equal(script_params(fixture->script, note_param, text), ERR_OK);
    assert_string_equal(text,
        "mine.list list x,y,z (x) nan..nan ; \n"
        "mine.n number 7 (4) 1..9 peers; how many\n"
        "mine.on boolean false (true) nan..nan ; \n"
        "mine.word text abc (a) nan..nan ; \n"
        "diverse.by text group (group) nan..nan ; group: the /16 (IPv6: /32); tag: of [policy] "
        "tags, else the group\n"
        "diverse.draw number 256 (256) 8..1024 candidates; how many addresses to look at\n"
        "diverse.max_per_group number 2 (1) 1..16 peers; outbound peers of one group or tag\n");
    const char *const refused[][3] = {{"n", "10", "n must be at most 9"},
        {"n", "ten", "n must be a number"}, {"on", "yes", "on must be true or false"},
        {"max_per_grop", "2", "max_per_grop is not declared; did you mean max_per_group?"}};
    for (size_t i = 0; i < 4; i++) {
        assert_int_equal(
            script_param_set(fixture->script, refused[i][0], refused[i][1], &fixture->error),
            ERR_SCRIPT);
        if (!strstr(fixture->error.message, refused[i][2]))
            fail_msg("%s", fixture->error.message);
    }
}

#define REMEMBERS(name, bytes)                                                                     \
    "local policy = pex.policy { name = '" name "', params = { n = { default = 1 } } }\n"          \
    "function policy.bias() policy.state.text = policy.state.text or ('x'):rep(" bytes ")\n"       \
    "  return { draw = policy.params.n } end\nreturn policy"

static void assert_param(struct fixture *fixture, const char *expected)
{
    char value[16];
    assert_int_equal(script_param_get(fixture->script, "n", value, sizeof value), ERR_OK);
    assert_string_equal(value, expected);
}

static void set_param(struct fixture *fixture, const char *value)
{
    assert_int_equal(script_param_set(fixture->script, "n", value, &fixture->error), ERR_OK);
}

static void load_with_param(struct fixture *fixture, unsigned i)
{
    char text[256];
    snprintf(text, sizeof text,
        "return pex.policy { name = 'p%u', params = { n = { default = 1 } } }", i);
    load(fixture, text);
}

static void the_last_sixteen_policies_that_do_not_run_keep_what_was_set(void **state)
{
    struct fixture *fixture = *state;
    for (unsigned i = 0; i < 18; i++) {
        load_with_param(fixture, i);
        set_param(fixture, "8");
    }
    load_with_param(fixture, 99);
    load_with_param(fixture, 2);
    assert_param(fixture, "8");
    load_with_param(fixture, 1);
    assert_param(fixture, "1");
}

static void what_is_kept_of_policies_that_do_not_run_is_bounded(void **state)
{
    struct fixture *fixture = *state;
    char *text;
    load(fixture, REMEMBERS("one", "40000"));
    set_param(fixture, "7");
    draw_of(fixture);
    load(fixture, REMEMBERS("two", "40000"));
    set_param(fixture, "8");
    draw_of(fixture);
    load_numbered(fixture, 1);
    assert_int_equal(script_export(fixture->script, &text, &fixture->error), ERR_OK);
    assert_true(strlen(text) < SCRIPT_STATE_MAX + 1000);
    free(text);
    load(fixture, REMEMBERS("one", "40000"));
    assert_param(fixture, "1");
    load(fixture, REMEMBERS("two", "40000"));
    assert_param(fixture, "8");
}

static void what_is_kept_and_cannot_be_read_refuses_no_policy(void **state)
{
    struct fixture *fixture = *state;
    static const char junk[] =
        "{[1]={[1]={name=\"p1\",text=\"{[\"},[2]={name=\"p2\"},[3]=4,[4]={name=5,text=\"{}\"}}}";
    assert_int_equal(script_import(fixture->script, span_of_text(junk), &fixture->error), ERR_OK);
    load_with_param(fixture, 1);
    load_with_param(fixture, 2);
    assert_param(fixture, "1");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(the_default_is_the_first_generation),
        TEST(ten_generations_are_kept_newest_first),
        TEST(a_hash_is_kept_once),
        TEST(an_older_generation_returns_by_the_beginning_of_its_hash),
        TEST(rollback_to_the_previous_one_is_the_plain_rollback),
        TEST(rollback_goes_further_back_each_time_never_forth),
        TEST(rollback_by_hash_undoes_a_rollback),
        TEST(rollback_to_what_is_not_kept_is_refused),
        TEST(what_is_kept_of_a_source_is_a_copy),
        TEST(what_was_prepared_with_other_settings_runs_with_those_of_the_script),
        TEST(report_names_the_locals_that_a_policy_changes),
        TEST(what_was_prepared_may_be_dropped),
        TEST(parameters_of_every_kind_are_set_read_and_listed),
        TEST(the_last_sixteen_policies_that_do_not_run_keep_what_was_set),
        TEST(what_is_kept_of_policies_that_do_not_run_is_bounded),
        TEST(what_is_kept_and_cannot_be_read_refuses_no_policy),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
