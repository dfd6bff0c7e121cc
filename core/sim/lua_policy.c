#include "sim/lua_policy.h"

#include "sim/need.h"
#include <stdlib.h>

struct lua_policy {
    struct policy policy; /* the first member: asks the script, which every start replaces */
    const struct lua_rules *rules;
    struct script *script;
    bool has_begun;
    uint64_t errors; /* of scripts that are gone */
};

static enum err ask(
    struct policy *policy, enum hook hook, struct rng *rng, const void *view, void *verdict)
{
    struct lua_policy *lua = (struct lua_policy *)policy;
    return policy_ask(script_policy(lua->script), hook, rng, view, verdict);
}

static bool wants(struct policy *policy, enum hook hook)
{
    return policy_wants(script_policy(((struct lua_policy *)policy)->script), hook);
}

static enum err set_params(
    const struct lua_rules *rules, struct script *script, struct script_error *error)
{
    enum err err = ERR_OK;
    for (size_t i = 0; i < rules->params_n && !err; i++)
        err = script_param_set(script, rules->params[i].name, rules->params[i].value, error);
    return err;
}

static enum err open_script(
    const struct lua_rules *rules, struct script **out, struct script_error *error)
{
    struct script *script;
    struct script_settings settings = script_settings_default();
    settings.clock_ns = script_still_clock;
    settings.log = rules->log;
    enum err err = script_new(&settings, &script, error);
    if (err)
        return err;
    if (rules->source)
        err = script_load(script, rules->source, 0, error);
    if (!err)
        err = set_params(rules, script, error);
    if (err)
        script_free(script);
    else
        *out = script;
    return err;
}

enum err lua_policy_new(
    const struct lua_rules *rules, struct lua_policy **policy, struct script_error *error)
{
    struct script *script;
    enum err err = open_script(rules, &script, error);
    if (err)
        return err;
    *policy = need(malloc(sizeof **policy));
    **policy = (struct lua_policy){
        .policy = {.ask = ask, .wants = wants}, .rules = rules, .script = script};
    return ERR_OK;
}

void lua_policy_free(struct lua_policy *policy)
{
    if (policy)
        script_free(policy->script);
    free(policy);
}

struct policy *lua_policy_of(struct lua_policy *policy)
{
    return &policy->policy;
}

static void carry(struct script *from, struct script *to)
{
    struct script_error ignored;
    char *memory;
    if (script_export(from, &memory, &ignored) != ERR_OK)
        return; /* as a node, it then starts without */
    script_import(to, span_of_text(memory), &ignored);
    free(memory);
}

static uint64_t errors_of(const struct script *script)
{
    struct script_stats stats;
    uint64_t errors = 0;
    script_stats(script, &stats);
    for (unsigned hook = 0; hook < HOOK_COUNT; hook++)
        errors += stats.hooks[hook].errors;
    return errors;
}

void lua_policy_begin(struct policy *policy)
{
    struct lua_policy *lua = (struct lua_policy *)policy;
    struct script_error ignored;
    struct script *next;
    if (!lua->has_begun) {
        lua->has_begun = true;
        return;
    }
    if (open_script(lua->rules, &next, &ignored) != ERR_OK)
        need(NULL); /* it has loaded before */
    carry(lua->script, next);
    lua->errors += errors_of(lua->script);
    script_free(lua->script);
    lua->script = next;
}

struct script *lua_policy_script(struct lua_policy *policy)
{
    return policy->script;
}

uint64_t lua_policy_errors(const struct lua_policy *policy)
{
    return policy->errors + errors_of(policy->script);
}
