/* Loading: what a policy extends and requires, what is carried from one generation to the next. */
#include "unit/script/fixture.h"

#include <malloc.h>

#define HEAD "local policy = pex.policy { name = 'mine' }\n"
#define TAIL "return policy\n"

static void failing_load_keeps_the_old_policy_L3(void **state)
{
    struct fixture *fixture = *state;
    struct script_stats before, after;
    load(fixture, HEAD "function policy.bias() return { new_percent = 77 } end\n" TAIL);
    script_stats(fixture->script, &before);
    assert_int_equal(fixture_load(fixture, "nonsense"), ERR_SCRIPT);
    script_stats(fixture->script, &after);
    assert_int_equal(after.generation, before.generation);
    assert_string_equal(after.hash, before.hash);
    assert_int_equal(after.load_errors, before.load_errors + 1);
    assert_true(ask_bias(fixture, 0, 10).new_percent == 77);
    assert_int_equal(after.loads, before.loads);
    assert_int_equal(
        fixture_logged(fixture, "event=\"policy refused\" outcome=error file=test.lua"), 1);
}

static void the_last_refusal_is_known_until_a_load_succeeds(void **state)
{
    struct fixture *fixture = *state;
    char text[SCRIPT_ERROR_TEXT_MAX];
    assert_null(script_refused(fixture->script));
    assert_int_equal(fixture_load(fixture, "\nnonsense"), ERR_SCRIPT);
    const struct script_refusal *refusal = script_refused(fixture->script);
    assert_non_null(refusal);
    assert_true(refusal->time == NOW_S);
    assert_int_equal(refusal->error.line, 2);
    assert_non_null(strstr(script_error_text(&refusal->error, text), ".lua:2: "));
    const struct script_error unread = {.message = "cannot be read"};
    script_note_refused(fixture->script, &unread, NOW_S + 1);
    assert_true(script_refused(fixture->script)->time == NOW_S + 1);
    assert_string_equal(
        script_error_text(&script_refused(fixture->script)->error, text), "cannot be read");
    load(fixture, HEAD TAIL);
    assert_null(script_refused(fixture->script));
}

static void stats_describe_what_runs(void **state)
{
    struct fixture *fixture = *state;
    struct script_stats stats;
    script_stats(fixture->script, &stats);
    assert_string_equal(stats.name, "default");
    assert_int_equal(stats.generation, 1);
    assert_int_equal(
        script_load_builtin(fixture->script, "diverse", NOW_S, &fixture->error), ERR_OK);
    script_stats(fixture->script, &stats);
    assert_string_equal(stats.name, "diverse");
    assert_int_equal(stats.version, 3);
    assert_int_equal(stats.generation, 2);
    assert_int_equal(strlen(stats.hash), SCRIPT_HASH_TEXT);
    assert_true(stats.loaded_at == NOW_S);
    ask_bias(fixture, 0, 10);
    script_stats(fixture->script, &stats);
    assert_int_equal(stats.hooks[HOOK_bias].calls, 1);
    assert_int_equal(
        script_load_builtin(fixture->script, "nobody", NOW_S, &fixture->error), ERR_NOT_FOUND);
}

static void hash_is_sha256_of_the_main_file(void **state)
{
    struct fixture *fixture = *state;
    struct script_stats stats;
    load(fixture, "return pex.policy { name = 'a' }");
    script_stats(fixture->script, &stats);
    assert_string_equal(stats.hash, "b06435777921e38a");
}

static enum err load_files(
    struct fixture *fixture, const char *main_text, const struct script_file *files, size_t files_n)
{
    struct script_source source = source_of(main_text);
    source.files = files;
    source.files_n = files_n;
    return script_load(fixture->script, &source, NOW_S, &fixture->error);
}

static struct script_file file_of(const char *name, const char *text)
{
    return (struct script_file){name, span_of_text(text)};
}

static void require_finds_files_beside_the_policy_once(void **state)
{
    struct fixture *fixture = *state;
    struct script_file files[] = {file_of("helper", "return { n = 5 }")};
    assert_int_equal(load_files(fixture,
                         HEAD "assert(require 'helper' == require 'helper')\n"
                              "local n = require('helper').n\n"
                              "function policy.bias() return { draw = n } end\n" TAIL,
                         files, 1),
        ERR_OK);
    assert_int_equal(ask_bias(fixture, 0, 10).draw, 5);
}

static void error_in_a_required_file_names_that_file(void **state)
{
    struct fixture *fixture = *state;
    struct script_file files[] = {
        file_of("helper", "\n\nerror('broken')"), file_of("syntax", "\n)")};
    assert_int_equal(load_files(fixture, HEAD "require 'helper'\n" TAIL, files, 2), ERR_SCRIPT);
    assert_string_equal(fixture->error.file, "helper.lua");
    assert_int_equal(fixture->error.line, 3);
    assert_string_equal(fixture->error.message, "broken");
    assert_int_equal(load_files(fixture, HEAD "require 'syntax'\n" TAIL, files, 2), ERR_SCRIPT);
    assert_string_equal(fixture->error.file, "syntax.lua");
    assert_int_equal(fixture->error.line, 2);
}

static void files_that_require_each_other_are_refused(void **state)
{
    struct fixture *fixture = *state;
    struct script_file files[] = {file_of("one", "require 'two'"), file_of("two", "require 'one'")};
    assert_int_equal(load_files(fixture, HEAD "require 'one'\n" TAIL, files, 2), ERR_SCRIPT);
    assert_non_null(strstr(fixture->error.message, "requires itself"));
}

static void own_file_does_not_replace_the_default(void **state)
{
    struct fixture *fixture = *state;
    struct script_file files[] = {
        file_of("default", "return pex.policy { name = 'fake', extends = false }"),
        file_of("bias", "return { bias = function() return { draw = 1 } end }")};
    assert_int_equal(load_files(fixture, HEAD TAIL, files, 2), ERR_OK);
    assert_int_equal(ask_bias(fixture, 0, 10).draw, 30);
}

static void policy_extends_a_file_beside_it(void **state)
{
    struct fixture *fixture = *state;
    struct script_file files[] = {file_of("mother",
        "local policy = pex.policy { name = 'mother' }\n"
        "function policy.bias() return { new_percent = 1, draw = 11 } end\nreturn policy")};
    assert_int_equal(load_files(fixture,
                         "local policy = pex.policy { name = 'child', extends = 'mother' }\n"
                         "function policy.bias(view) local verdict = pex.base.bias(view)\n"
                         "verdict.draw = verdict.draw * 2 return verdict end\nreturn policy",
                         files, 1),
        ERR_OK);
    assert_int_equal(ask_bias(fixture, 0, 10).draw, 22);
    assert_true(ask_bias(fixture, 0, 10).new_percent == 1);
}

static void policies_that_extend_each_other_are_refused(void **state)
{
    struct fixture *fixture = *state;
    struct script_file files[] = {file_of("a", "return pex.policy { name = 'a', extends = 'b' }"),
        file_of("b", "return pex.policy { name = 'b', extends = 'a' }")};
    assert_int_equal(
        load_files(fixture, "return pex.policy { name = 'c', extends = 'a' }", files, 2),
        ERR_SCRIPT);
    assert_non_null(strstr(fixture->error.message, "too many policies"));
}

static void source_larger_than_its_limit_is_refused(void **state)
{
    struct fixture *fixture = *state;
    static char text[SCRIPT_SOURCE_MAX + 2];
    memset(text, ' ', SCRIPT_SOURCE_MAX + 1);
    assert_int_equal(fixture_load(fixture, text), ERR_TOO_LONG);
}

static void nil_leaves_the_question_to_the_base(void **state)
{
    struct fixture *fixture = *state;
    load(fixture,
        HEAD "function policy.bias(view) if view.wanted == 1 then return { draw = 9 } end "
             "end\n" TAIL);
    assert_int_equal(ask_bias(fixture, 0, 1).draw, 9);
    assert_int_equal(ask_bias(fixture, 0, 2).draw, 6);
    assert_int_equal(hook_stats(fixture, HOOK_bias).errors, 0);
}

static void policy_that_extends_nothing_still_gets_every_answer(void **state)
{
    struct fixture *fixture = *state;
    load(fixture, "return pex.policy { name = 'empty', extends = false }");
    assert_int_equal(ask_bias(fixture, 0, 2).draw, 6);
}

#define COUNTER(name, version, more)                                                               \
    "local policy = pex.policy { name = '" name "', version = " #version ",\n"                     \
    "  params = { step = { default = 1, min = 1, max = 50 }, words = { default = { 'a' } },\n"     \
    "             label = { default = 'x' }, on = { default = false } } }\n"                       \
    "policy.state.n = 0\n" more "\n"                                                               \
    "function policy.bias()\n"                                                                     \
    "  policy.state.n = policy.state.n + policy.params.step\n"                                     \
    "  return { draw = policy.state.n }\nend\nreturn policy\n"

static void state_is_carried_over_a_load_L3(void **state)
{
    struct fixture *fixture = *state;
    load(fixture, COUNTER("counter", 1, ""));
    assert_int_equal(ask_bias(fixture, 0, 1).draw, 1);
    assert_int_equal(ask_bias(fixture, 0, 1).draw, 2);
    load(fixture, COUNTER("counter", 1, "-- changed"));
    assert_int_equal(ask_bias(fixture, 0, 1).draw, 3);
    load(fixture, COUNTER("other", 1, ""));
    assert_int_equal(ask_bias(fixture, 0, 1).draw, 1);
}

static void state_of_another_version_is_migrated_or_dropped(void **state)
{
    struct fixture *fixture = *state;
    load(fixture, COUNTER("counter", 1, ""));
    ask_bias(fixture, 0, 1);
    load(fixture,
        COUNTER("counter", 2,
            "function policy.migrate(old, version) return { n = old.n + 100 * version } end"));
    assert_int_equal(ask_bias(fixture, 0, 1).draw, 102);
    load(fixture, COUNTER("counter", 3, ""));
    assert_int_equal(ask_bias(fixture, 0, 1).draw, 1);
    assert_int_equal(fixture_logged(fixture, "state of version 2 is dropped"), 1);
}

static void migrate_that_fails_keeps_the_old_policy(void **state)
{
    struct fixture *fixture = *state;
    load(fixture, COUNTER("counter", 1, ""));
    assert_int_equal(fixture_load(fixture,
                         COUNTER("counter", 2, "function policy.migrate() error('cannot') end")),
        ERR_SCRIPT);
    assert_string_equal(fixture->error.message, "cannot");
    assert_int_equal(fixture->error.line, 5);
    assert_int_equal(ask_bias(fixture, 0, 1).draw, 1);
}

static void examples_leave_no_trace_in_the_live_state(void **state)
{
    struct fixture *fixture = *state;
    load(fixture,
        COUNTER("counter", 1, "policy.examples = { { hook = 'bias' }, { hook = 'bias' } }"));
    assert_int_equal(ask_bias(fixture, 0, 1).draw, 1);
}

static void parameters_are_set_checked_and_carried_over(void **state)
{
    struct fixture *fixture = *state;
    struct script *script = fixture->script;
    struct script_error *error = &fixture->error;
    char value[16];
    load(fixture, COUNTER("counter", 1, ""));
    assert_int_equal(script_param_set(script, "step", "20", error), ERR_OK);
    assert_int_equal(script_param_set(script, "step", "51", error), ERR_SCRIPT);
    assert_string_equal(error->message, "parameter step must be at most 50");
    assert_int_equal(script_param_set(script, "step", "nan", error), ERR_SCRIPT);
    assert_int_equal(script_param_set(script, "step", "many", error), ERR_SCRIPT);
    assert_int_equal(script_param_set(script, "on", "yes", error), ERR_SCRIPT);
    assert_int_equal(script_param_set(script, "on", "true", error), ERR_OK);
    assert_int_equal(script_param_set(script, "words", " b, c ,d", error), ERR_OK);
    assert_int_equal(script_param_set(script, "nothing", "1", error), ERR_SCRIPT);
    assert_string_equal(error->message, "parameter nothing is not declared");
    assert_int_equal(ask_bias(fixture, 0, 1).draw, 20);
    load(fixture, COUNTER("counter", 1, "-- changed"));
    assert_int_equal(ask_bias(fixture, 0, 1).draw, 40);
    assert_int_equal(script_param_get(script, "words", value, sizeof value), ERR_OK);
    assert_string_equal(value, "b,c,d");
    assert_int_equal(script_param_get(script, "on", value, sizeof value), ERR_OK);
    assert_string_equal(value, "true");
    assert_int_equal(script_param_get(script, "words", value, 3), ERR_FULL);
    assert_int_equal(script_param_get(script, "nothing", value, sizeof value), ERR_NOT_FOUND);
}

static void parameter_that_no_longer_fits_returns_to_its_default(void **state)
{
    struct fixture *fixture = *state;
    load(fixture,
        "local policy = pex.policy { name = 'p', params = { x = { default = 1, max = 9 } } }\n"
        "return policy");
    assert_int_equal(script_param_set(fixture->script, "x", "9", &fixture->error), ERR_OK);
    load(fixture,
        "local policy = pex.policy { name = 'p', params = { x = { default = 2, max = 5 } } }\n"
        "function policy.bias() return { draw = policy.params.x } end\nreturn policy");
    assert_int_equal(ask_bias(fixture, 0, 1).draw, 2);
    assert_int_equal(fixture_logged(fixture, "parameter x returns to its default"), 1);
}

static void parameter_of_the_base_can_be_set(void **state)
{
    struct fixture *fixture = *state;
    load(fixture, "return pex.policy { name = 'mine', extends = 'diverse' }");
    assert_int_equal(script_param_set(fixture->script, "draw", "99", &fixture->error), ERR_OK);
    assert_int_equal(ask_bias(fixture, 0, 1).draw, 99);
}

static void state_survives_a_restart_as_text(void **state)
{
    struct fixture *fixture = *state;
    char *text, *again;
    load(
        fixture, COUNTER("counter", 1, "policy.state.deep = { [1] = 'a\\n\"\\0b', x = { true } }"));
    ask_bias(fixture, 0, 1);
    assert_int_equal(script_param_set(fixture->script, "step", "7", &fixture->error), ERR_OK);
    assert_int_equal(script_export(fixture->script, &text, &fixture->error), ERR_OK);
    ask_bias(fixture, 0, 1);
    assert_int_equal(script_import(fixture->script, span_of_text(text), &fixture->error), ERR_OK);
    assert_int_equal(script_export(fixture->script, &again, &fixture->error), ERR_OK);
    assert_string_equal(text, again);
    assert_int_equal(ask_bias(fixture, 0, 1).draw, 8);
    free(text);
    free(again);
}

static void damaged_state_is_refused(void **state)
{
    struct fixture *fixture = *state;
    static const char *const damaged[] = {"", "{", "1",
        "{ counter = { version = 1, state = { f = function() end }, params = {} } }",
        "(function() while true do end end)()",
        "{ counter = { version = 1, params = {}, state = { n = 0/0 } } }", "os.exit(1)"};
    load(fixture, COUNTER("counter", 1, ""));
    ask_bias(fixture, 0, 1);
    for (size_t i = 0; i < sizeof damaged / sizeof *damaged; i++) {
        if (script_import(fixture->script, span_of_text(damaged[i]), &fixture->error) != ERR_SCRIPT)
            fail_msg("accepted: %s", damaged[i]);
    }
    assert_int_equal(ask_bias(fixture, 0, 1).draw, 2);
}

size_t __sanitizer_get_current_allocated_bytes(void) __attribute__((weak));

static size_t allocated_bytes(void)
{
    if (__sanitizer_get_current_allocated_bytes)
        return __sanitizer_get_current_allocated_bytes();
    return mallinfo2().uordblks;
}

/* A load that kept a hundred bytes would show: VMs alone differ by less than the allowance. */
static void thousand_loads_take_no_more_memory_than_ten(void **state)
{
    struct fixture *fixture = *state;
    struct script_stats stats;
    size_t after_ten = 0;
    for (int i = 1; i <= 1000; i++) {
        load(fixture, COUNTER("counter", 1, ""));
        ask_bias(fixture, 0, 1);
        if (i == 10)
            after_ten = allocated_bytes();
    }
    assert_int_equal(ask_bias(fixture, 0, 1).draw, 1001);
    assert_in_range(allocated_bytes(), 1, after_ten + 64 * 1024);
    script_stats(fixture->script, &stats);
    assert_int_equal(stats.loads, 1000);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(failing_load_keeps_the_old_policy_L3),
        TEST(the_last_refusal_is_known_until_a_load_succeeds),
        TEST(stats_describe_what_runs),
        TEST(hash_is_sha256_of_the_main_file),
        TEST(require_finds_files_beside_the_policy_once),
        TEST(error_in_a_required_file_names_that_file),
        TEST(files_that_require_each_other_are_refused),
        TEST(own_file_does_not_replace_the_default),
        TEST(policy_extends_a_file_beside_it),
        TEST(policies_that_extend_each_other_are_refused),
        TEST(source_larger_than_its_limit_is_refused),
        TEST(nil_leaves_the_question_to_the_base),
        TEST(policy_that_extends_nothing_still_gets_every_answer),
        TEST(state_is_carried_over_a_load_L3),
        TEST(state_of_another_version_is_migrated_or_dropped),
        TEST(migrate_that_fails_keeps_the_old_policy),
        TEST(examples_leave_no_trace_in_the_live_state),
        TEST(parameters_are_set_checked_and_carried_over),
        TEST(parameter_that_no_longer_fits_returns_to_its_default),
        TEST(parameter_of_the_base_can_be_set),
        TEST(state_survives_a_restart_as_text),
        TEST(damaged_state_is_refused),
        TEST(thousand_loads_take_no_more_memory_than_ten),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
