#include "script/snapshot.h"

#include "unit/script/fixture.h"

#define COUNTING                                                                                   \
    "local width = require('width')\n"                                                             \
    "local policy = pex.policy { name = 'counting', version = 3, extends = 'diverse',\n"           \
    "  params = { step = { default = 1, min = 1, max = 9, doc = 'each time' } } }\n"               \
    "function policy.bias(view)\n"                                                                 \
    "  policy.state.n = (policy.state.n or 0) + policy.params.step\n"                              \
    "  return { new_percent = policy.state.n, draw = width }\n"                                    \
    "end\n"                                                                                        \
    "function policy.ban(view) error('always') end\n"                                              \
    "return policy"

static void load_counting(struct fixture *fixture)
{
    const struct script_file width = {"width", span_of_text("return 33")};
    const struct script_source source = {"counting.lua", span_of_text(COUNTING), &width, 1};
    assert_int_equal(script_load(fixture->script, &source, NOW_S, &fixture->error), ERR_OK);
}

static struct codec bytes_of(struct fixture *fixture)
{
    struct codec codec = codec_writer();
    script_snapshot_write(&codec, fixture->script, NOW_S);
    assert_int_equal(codec_end(&codec), ERR_OK);
    return codec;
}

/* Takes the place of the fixture's script. */
static void read_back(struct fixture *fixture, struct span bytes)
{
    struct codec codec = codec_reader(bytes);
    struct script *script;
    assert_int_equal(
        script_snapshot_read(&codec, &fixture->settings, &script, &fixture->error), ERR_OK);
    script_free(fixture->script);
    fixture->script = script;
}

static void state_parameters_and_files_come_back(void **state)
{
    struct fixture *fixture = *state;
    load_counting(fixture);
    ask_bias(fixture, 0, 10);
    assert_int_equal(script_param_set(fixture->script, "step", "4", &fixture->error), ERR_OK);
    assert_true(ask_bias(fixture, 0, 10).new_percent == 5);
    struct codec bytes = bytes_of(fixture);
    read_back(fixture, codec_written(&bytes));
    struct bias_verdict verdict = ask_bias(fixture, 0, 10);
    assert_true(verdict.new_percent == 9 && verdict.draw == 33);
    struct script_stats stats;
    script_stats(fixture->script, &stats);
    assert_string_equal(stats.name, "counting");
    assert_int_equal(stats.generation, 2);
    codec_free(&bytes);
}

static void a_hook_that_had_fallen_back_has_fallen_back_L2(void **state)
{
    struct fixture *fixture = *state;
    struct ban_view view;
    struct ban_verdict verdict;
    schema_view_defaults(&schema_hooks[HOOK_ban], &view);
    view.common.now = NOW_S + 1000;
    load_counting(fixture);
    for (int i = 0; i < 3; i++)
        assert_int_equal(ask(fixture, HOOK_ban, &view, &verdict), ERR_OK);
    assert_true(hook_stats(fixture, HOOK_ban).fallen_back);
    struct codec bytes = bytes_of(fixture);
    read_back(fixture, codec_written(&bytes));
    assert_true(hook_stats(fixture, HOOK_ban).fallen_back);
    assert_false(hook_stats(fixture, HOOK_bias).fallen_back);
    codec_free(&bytes);
}

static void what_is_written_again_is_the_same(void **state)
{
    struct fixture *fixture = *state;
    load_counting(fixture);
    ask_bias(fixture, 0, 10);
    struct codec bytes = bytes_of(fixture);
    read_back(fixture, codec_written(&bytes));
    struct codec again = bytes_of(fixture);
    assert_int_equal(bytes.n, again.n);
    assert_memory_equal(bytes.out, again.out, bytes.n);
    codec_free(&bytes);
    codec_free(&again);
}

static void state_is_carried_to_another_policy_of_that_name(void **state)
{
    struct fixture *fixture = *state;
    struct fixture other;
    load_counting(fixture);
    ask_bias(fixture, 0, 10);
    struct codec bytes = bytes_of(fixture), reader = codec_reader(codec_written(&bytes));
    fixture_init(&other);
    fixture_start(&other);
    load_counting(&other);
    assert_int_equal(script_snapshot_carry(&reader, other.script, &other.error), ERR_OK);
    assert_true(ask_bias(&other, 0, 10).new_percent == 2);
    fixture_stop(&other);
    codec_free(&bytes);
}

static void cut_bytes_are_refused(void **state)
{
    struct fixture *fixture = *state;
    load_counting(fixture);
    struct codec bytes = bytes_of(fixture);
    for (size_t n = 0; n < bytes.n; n += 1 + n / 16) {
        struct codec codec = codec_reader(span_of(bytes.out, n));
        struct script *script;
        assert_int_not_equal(
            script_snapshot_read(&codec, &fixture->settings, &script, &fixture->error), ERR_OK);
    }
    codec_free(&bytes);
}

/* A trace that somebody hands us does not decide how long we are busy with it. */
static void limits_beyond_those_of_the_settings_are_refused(void **state)
{
    struct fixture *fixture = *state;
    const struct {
        uint64_t instructions, memory;
    } wrong[] = {{SCRIPT_INSTRUCTIONS_MAX + 1u, 1 << 20}, {1000, SCRIPT_MEMORY_MAX + 1u}};
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
        struct codec bytes = codec_writer();
        uint64_t instructions = wrong[i].instructions, memory = wrong[i].memory;
        struct script *script;
        code_u64(&bytes, &instructions);
        code_u64(&bytes, &memory);
        struct codec codec = codec_reader(codec_written(&bytes));
        assert_int_equal(script_snapshot_read(&codec, &fixture->settings, &script, &fixture->error),
            ERR_CORRUPT);
        codec_free(&bytes);
    }
}

static void the_revision_changes_with_what_answers_depend_on(void **state)
{
    struct fixture *fixture = *state;
    uint64_t first = script_revision(fixture->script);
    load_counting(fixture);
    uint64_t loaded = script_revision(fixture->script);
    ask_bias(fixture, 0, 10);
    assert_int_equal(script_revision(fixture->script), loaded);
    script_param_set(fixture->script, "step", "2", &fixture->error);
    uint64_t set = script_revision(fixture->script);
    assert_int_equal(script_rollback(fixture->script, NOW_S, &fixture->error), ERR_OK);
    uint64_t back = script_revision(fixture->script);
    assert_true(first < loaded && loaded < set && set < back);
}

int main(void)
{
#define T(name) TEST(name)
    const struct CMUnitTest tests[] = {
        T(state_parameters_and_files_come_back),
        T(a_hook_that_had_fallen_back_has_fallen_back_L2),
        T(what_is_written_again_is_the_same),
        T(state_is_carried_to_another_policy_of_that_name),
        T(cut_bytes_are_refused),
        T(limits_beyond_those_of_the_settings_are_refused),
        T(the_revision_changes_with_what_answers_depend_on),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
