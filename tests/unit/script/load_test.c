/* Loading: what is refused and where the error points, what a policy extends and requires, what is
 * carried from one generation to the next. */
#include "unit/script/fixture.h"

#include <malloc.h>

#define HEAD "local policy = pex.policy { name = 'mine' }\n"
#define TAIL "return policy\n"

static const struct {
    const char *name, *text;
    int line; /* 0: not in a line */
    const char *hook, *says;
} refused[] = {
    {"syntax", HEAD "function policy.bias(view\n" TAIL, 3, "", "')' expected"},
    {"run-time error", HEAD "local x = nil + 1\n" TAIL, 2, "", "arithmetic on a nil"},
    {"memory bomb", HEAD "local t = {}\nwhile true do t[#t + 1] = ('x'):rep(1000) .. #t end\n", 3,
        "", "limit of memory reached"},
    {"bomb of empty tables", HEAD "local t = {}\nwhile true do t[#t + 1] = {} end\n", 3, "",
        "limit of memory reached"},
    {"misspelt global", HEAD "\nlocal x = maths.floor(1)\n" TAIL, 3, "",
        "no variable 'maths'; did you mean math?"},
    {"misspelt function", HEAD "local x = math.flor(1)\n" TAIL, 2, "",
        "math has no 'flor'; did you mean floor?"},
    {"misspelt field of a policy", HEAD "local x = policy.exmples\n" TAIL, 2, "",
        "a policy has no 'exmples'; did you mean examples?"},
    {"parameter that is not declared", HEAD "local x = policy.params.x\n" TAIL, 2, "",
        "policy.params has no 'x'"},
    {"misspelt hook", HEAD "function policy.selct() end\n" TAIL, 2, "",
        "no hook 'selct'; did you mean select?"},
    {"hook that is no function", HEAD "policy.bias = 3\n" TAIL, 2, "", "must be a function"},
    {"hooks of a local function", HEAD "local function f() error('deep') end\n\nf()\n" TAIL, 2, "",
        "deep"},
    {"error in the sandbox's own code", HEAD "table.concat({ {} })\n" TAIL, 2, "",
        "element 1 is a table"},
    {"nothing returned", HEAD, 0, "", "return policy"},
    {"something else returned", HEAD "return {}", 0, "", "return policy"},
    {"no policy", "return 1", 0, "", "return policy"},
    {"two policies", HEAD "pex.policy { name = 'other' }\n" TAIL, 2, "", "once in a policy"},
    {"no name", "local policy = pex.policy {} return policy", 1, "", "name must be a name"},
    {"name with a space", "local policy = pex.policy { name = 'a b' } return policy", 1, "",
        "name must be a name"},
    {"name behind a metatable",
        "local policy = pex.policy (setmetatable({}, { __index = function() return {} end })) "
        "return policy",
        1, "", "name must be a name"},
    {"unknown key", "local policy = pex.policy { name = 'a', extend = 'b' } return policy", 1, "",
        "unknown key 'extend'"},
    {"version that is no number",
        "local policy = pex.policy { name = 'a', version = {} } return policy", 1, "",
        "whole number"},
    {"unknown base", "local policy = pex.policy { name = 'a', extends = 'nobody' } return policy",
        1, "", "no policy 'nobody' in the binary, and no file nobody.lua here"},
    {"name of its base",
        "local policy = pex.policy { name = 'diverse', extends = 'diverse' } return policy", 1, "",
        "extends a policy of that name"},
    {"parameter without default",
        "local policy = pex.policy { name = 'a', params = { x = {} } } return policy", 1, "",
        "parameter 'x': default must be"},
    {"parameter out of range",
        "local policy = pex.policy { name = 'a', params = { x = { default = 3, max = 2 } } } "
        "return policy",
        1, "", "default must be at most 2"},
    {"parameter with a misspelt key",
        "local policy = pex.policy { name = 'a', params = { x = { default = 3, maximum = 2 } } } "
        "return policy",
        1, "", "unknown key 'maximum'"},
    {"parameter with a slip in a key",
        "local policy = pex.policy { name = 'a', params = { x = { defualt = 3 } } } return policy",
        1, "", "unknown key 'defualt'; did you mean default?"},
    {"parameter of functions",
        "local policy = pex.policy { name = 'a', params = { x = { default = { 1 } } } } return "
        "policy",
        1, "", "must be a list of texts"},
    {"parameter bounds on a text",
        "local policy = pex.policy { name = 'a', params = { x = { default = 'a', min = 1 } } } "
        "return policy",
        1, "", "min is for numbers"},
    {"state with a function", HEAD "policy.state.f = error\n" TAIL, 0, "", "is a function"},
    {"missing file", HEAD "require 'nothing'\n" TAIL, 2, "", "no file nothing.lua"},
    {"random numbers while loading", HEAD "local x = math.random()\n" TAIL, 2, "",
        "no random numbers"},
    {"example of an unknown hook", HEAD "policy.examples = { { hook = 'bais' } }\n" TAIL, 2, "",
        "example 1: there is no hook 'bais'; did you mean bias?"},
    {"example that changes after it was checked",
        HEAD "local n = 0\npolicy.examples = { setmetatable({}, { __index = function(_, key)\n"
             "  n = n + 1 return key == 'hook' and (n < 2 and 'bias' or {}) or nil end }) }\n" TAIL,
        4, "", "example 1: { hook = ..., given = ..., expect = ... } expected"},
    {"example with a misspelt key",
        HEAD "policy.examples = { { hook = 'bias', expects = {} } }\n" TAIL, 2, "",
        "unknown key 'expects'"},
    {"example with an unknown field",
        HEAD "policy.examples = { { hook = 'bias', given = { outbond = 1 } } }\n" TAIL, 2, "bias",
        "no field 'outbond'; did you mean outbound?"},
    {"example with a wrong type",
        HEAD "policy.examples = { { hook = 'bias', given = { outbound = 'x' } } }\n" TAIL, 2,
        "bias", "number expected"},
    {"example that expects something else",
        HEAD "policy.examples = { { hook = 'bias', given = {}, expect = { draw = 31 } } }\n" TAIL,
        2, "bias", "example 1: draw: expected 31, got 30"},
    {"example that expects what is out of range",
        HEAD "function policy.backoff() return { wait_s = 0 } end\n"
             "policy.examples = { { hook = 'backoff', expect = { wait_s = 0 } } }\n" TAIL,
        3, "backoff", "wait_s: expected 0, got 1: answers are brought into 1 to 172800"},
    {"example that expects nothing of a hook of the core",
        HEAD "function policy.admit() return { reject = 'full' } end\n"
             "policy.examples = { { hook = 'admit', expect = nil } }\n" TAIL,
        3, "admit", "expected nil, which leaves it to the core, got a verdict"},
    {"example that expects another row",
        HEAD "policy.examples = { { hook = 'select', given = { candidates = { {}, {} } }, "
             "expect = { 2, 1 } } }\n" TAIL,
        2, "select", "picks: expected { 2, 1 }, got { 1, 2 }"},
    {"example that expects another alternative",
        HEAD
        "policy.examples = { { hook = 'backoff', given = {}, expect = { ban_s = 60 } } }\n" TAIL,
        2, "backoff", "expected ban_s, got a verdict with wait_s"},
    {"example outside a range",
        HEAD "policy.examples = { { hook = 'backoff', expect = { wait_s = { 3, 4 } } } }\n" TAIL, 2,
        "backoff", "expected 3 to 4"},
    {"example that expects false",
        HEAD "policy.examples = { { hook = 'ban', expect = false } }\n" TAIL, 2, "ban",
        "expected false, got a verdict"},
    {"example whose call fails",
        HEAD "function policy.ban()\n  error('no idea')\nend\n"
             "policy.examples = { { hook = 'ban' } }\n" TAIL,
        3, "ban", "example 1: no idea"},
    {"example among others",
        HEAD "policy.examples = {\n  { hook = 'ban' }, -- hook = 'ban'\n"
             "  { hook = \"ban\" }, { hook = 'x' },\n  {\n    hook = 'bias',\n"
             "    expect = { draw = 31 },\n  } }\n" TAIL,
        4, "", "example 3: there is no hook 'x'"},
    {"example made in a loop",
        HEAD "local list = {}\nfor i = 1, 3 do list[i] = { hook = 'bias' } end\n"
             "list[3].expect = { draw = 31 }\n\npolicy.examples = list\n" TAIL,
        6, "bias", "example 3: draw: expected 31, got 30"},
    {"example that passes once",
        HEAD "local n = 10\nfunction policy.bias() n = n + 1 return { draw = n } end\n"
             "policy.examples = { { hook = 'bias', expect = { draw = 11 } } }\n" TAIL,
        4, "bias", "when run again"},
};

static void load_errors_name_file_line_and_cause(void **state)
{
    struct fixture *fixture = *state;
    for (size_t i = 0; i < sizeof refused / sizeof *refused; i++) {
        enum err err = fixture_load(fixture, refused[i].text);
        const struct script_error *error = &fixture->error;
        if (err != ERR_SCRIPT || !strstr(error->message, refused[i].says))
            fail_msg("%s: %d %s", refused[i].name, err, error->message);
        if (strcmp(error->file, "test.lua") != 0)
            fail_msg("%s: in %s", refused[i].name, error->file);
        if (error->line != refused[i].line || strcmp(error->hook, refused[i].hook) != 0)
            fail_msg("%s: %s line %d", refused[i].name, error->hook, error->line);
    }
}

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
    assert_int_equal(fixture_logged(fixture, "event=\"policy refused\""), 1);
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
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
    const struct CMUnitTest tests[] = {
        TEST(load_errors_name_file_line_and_cause),
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
