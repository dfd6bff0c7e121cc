/* Policies in Lua for machines: one VM a start, and what is carried from one to the next. */
#include "sim/lua_policy.h"
#include "unit/sim/rig.h"

/* Counts its questions in policy.state, and fails at one of them if it is told to. */
static const char counting[] = "local policy = pex.policy {\n"
                               "  name = 'counting', version = 1, extends = 'default',\n"
                               "  params = { fails = { default = false } },\n"
                               "}\n"
                               "local this_run = 0\n"
                               "function policy.bias(view)\n"
                               "  this_run = this_run + 1\n"
                               "  policy.state.asked = (policy.state.asked or 0) + 1\n"
                               "  policy.state.this_run = this_run\n"
                               "  if policy.params.fails then error('as it was told') end\n"
                               "end\n"
                               "return policy\n";

struct counted {
    int asked, this_run;
};

static struct lua_policy *policy_new(const struct lua_rules *rules)
{
    struct lua_policy *policy;
    struct script_error error = {0};
    if (lua_policy_new(rules, &policy, &error) != ERR_OK)
        fail_msg("%s:%d: %s", error.file, error.line, error.message);
    return policy;
}

static int number_behind(const char *text, const char *name)
{
    const char *at = strstr(text, name);
    return at ? (int)strtol(at + strlen(name) + strcspn(at + strlen(name), "0123456789"), NULL, 10)
              : 0;
}

static struct counted counted_by(struct lua_policy *policy)
{
    char *memory;
    struct script_error error;
    assert_int_equal(script_export(lua_policy_script(policy), &memory, &error), ERR_OK);
    struct counted counted = {number_behind(memory, "asked"), number_behind(memory, "this_run")};
    free(memory);
    return counted;
}

/* A machine that looks for peers all the time. */
static void add_lonely(struct rig *rig, struct lua_policy *policy)
{
    struct sim_machine machine = machine_of(rig, 0);
    struct addr nobody = addr_of(1);
    machine.policy = lua_policy_of(policy);
    machine.begin = lua_policy_begin;
    machine.known = &nobody;
    machine.known_n = 1;
    sim_add(rig->sim, &machine);
}

static void a_restart_begins_a_new_vm_with_what_was_remembered(void **state)
{
    (void)state;
    struct rig rig;
    const struct script_source source = {.name = "counting.lua", .text = span_of_text(counting)};
    const struct lua_rules rules = {.source = &source};
    struct lua_policy *policy = policy_new(&rules);
    rig_open(&rig, 1);
    add_lonely(&rig, policy);
    rig_start(&rig);
    rig_run(&rig, MINUTES_MS(5));
    struct counted before = counted_by(policy);
    assert_true(before.asked > 1);
    assert_int_equal(before.this_run, before.asked);
    sim_end(rig.sim, 0, SIM_CRASH);
    sim_start(rig.sim, 0);
    rig_run(&rig, MINUTES_MS(5));
    struct counted after = counted_by(policy);
    assert_true(after.this_run > 1);
    assert_int_equal(after.asked, before.asked + after.this_run);
    rig_close(&rig);
    lua_policy_free(policy);
}

static void parameters_are_set_at_every_start_and_failures_counted_over_all(void **state)
{
    (void)state;
    struct rig rig;
    const struct script_source source = {.name = "counting.lua", .text = span_of_text(counting)};
    const struct lua_param fails = {"fails", "true"};
    const struct lua_rules rules = {.source = &source, .params = &fails, .params_n = 1};
    struct lua_policy *policy = policy_new(&rules);
    rig_open(&rig, 1);
    add_lonely(&rig, policy);
    rig_start(&rig);
    rig_run(&rig, MINUTES_MS(5));
    assert_int_equal(lua_policy_errors(policy), 3); /* then the hook falls back */
    sim_end(rig.sim, 0, SIM_CRASH);
    sim_start(rig.sim, 0);
    rig_run(&rig, MINUTES_MS(5));
    assert_int_equal(lua_policy_errors(policy), 6);
    rig_close(&rig);
    lua_policy_free(policy);
}

static void what_does_not_load_says_where(void **state)
{
    (void)state;
    struct lua_policy *policy;
    struct script_error error;
    const struct script_source source = {.name = "bad.lua", .text = span_of_text("\nlocal = 1\n")};
    const struct lua_rules rules = {.source = &source};
    assert_int_equal(lua_policy_new(&rules, &policy, &error), ERR_SCRIPT);
    assert_string_equal(error.file, "bad.lua");
    assert_int_equal(error.line, 2);
    const struct lua_param none = {"none", "1"};
    const struct lua_rules unknown = {.params = &none, .params_n = 1};
    assert_int_equal(lua_policy_new(&unknown, &policy, &error), ERR_SCRIPT);
    assert_non_null(strstr(error.message, "none"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_restart_begins_a_new_vm_with_what_was_remembered),
        cmocka_unit_test(parameters_are_set_at_every_start_and_failures_counted_over_all),
        cmocka_unit_test(what_does_not_load_says_where),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
