/* Questions: the live policy, what answers in its place, and the consequences of failures (L2). */
#include "policy/schema.h"
#include "script/host.h"
#include "script/runtime.h"
#include "script/script_inside.h"

#include <math.h>

#define FAILURES_MAX 3 /* in a row, then the hook falls back */

static void take_back(struct script *script, const struct script_error *error, double now)
{
    const struct script_refusal refusal = {.time = now, .error = *error, .taken_back = true};
    if (script_take_back(script, now) != ERR_OK)
        return;
    script->taken_back++;
    script->refusal = refusal;
    script->is_refused = true;
}

/* Counts a failure of the live policy; the third in a row has consequences. */
static void note_failure(struct script *script, enum hook hook, double now)
{
    struct generation *generation = script->now;
    const struct script_error *error = &generation->live->error;
    script->hooks[hook].errors++;
    script->live[hook].errors++;
    generation->last_error = *error;
    if (host_log_allowed(generation->live))
        script_log_error(script, "policy call failed", error);
    if (++generation->failures[hook] < FAILURES_MAX)
        return;
    generation->fallen_back[hook] = true;
    script_log_error(script, "policy hook falls back", error);
    /* Views count whole seconds, loads their fractions too. */
    if (now >= floor(generation->loaded_at) && generation_may_be_taken_back(generation, now))
        take_back(script, error, now);
}

/* Outcomes of Lua are failures of the policy under the same numbers. */
_Static_assert((int)SCRIPT_ERROR == POLICY_FAILURE_ERROR &&
        (int)SCRIPT_INSTRUCTIONS == POLICY_FAILURE_INSTRUCTIONS &&
        (int)SCRIPT_FUSE == POLICY_FAILURE_FUSE && (int)SCRIPT_MEMORY == POLICY_FAILURE_MEMORY,
    "one enum is the beginning of the other");

static bool is_of_a_call(enum policy_failure failure)
{
    return failure > POLICY_FAILURE_NONE && failure <= POLICY_FAILURE_MEMORY;
}

/* Why the live policy is not asked at all. */
static enum policy_failure held_back(const struct script *script, enum hook hook)
{
    enum policy_failure forced = script->policy.forced.failure;
    if (script->now->fallen_back[hook])
        return POLICY_FAILURE_FALLEN_BACK;
    if (forced != POLICY_FAILURE_NONE)
        return is_of_a_call(forced) ? POLICY_FAILURE_NONE : forced;
    return script->turn_left_ns <= 0 ? POLICY_FAILURE_TURN : POLICY_FAILURE_NONE;
}

static enum script_outcome ask_vm(struct script *script, struct vm *vm,
    const struct runtime_question *question, void *verdict, bool *answered)
{
    enum script_outcome outcome = runtime_ask(vm, question, verdict, answered);
    script->time_ns += vm->used.time_ns;
    return outcome;
}

/* *answered: the live policy did, or was told. Returns why it failed. */
static enum policy_failure ask_live(struct script *script, enum hook hook, struct rng *rng,
    const void *view, void *verdict, bool *answered)
{
    struct generation *generation = script->now;
    const struct policy_forced *forced = &script->policy.forced;
    enum policy_failure failure = held_back(script, hook);
    if (failure != POLICY_FAILURE_NONE) {
        script->hooks[hook].skipped++;
        script->live[hook].skipped++;
        return failure;
    }
    struct runtime_question question = {.hook = hook, .rng = rng, .view = view};
    if (is_of_a_call(forced->failure)) {
        question.forced = (enum script_outcome)forced->failure;
        question.forced_at = forced->instructions;
    }
    struct rng before = *rng;
    enum script_outcome outcome = ask_vm(script, generation->live, &question, verdict, answered);
    script->answer.instructions = generation->live->used.instructions;
    if (outcome != SCRIPT_OK) {
        *rng = before; /* where a limit strikes must not show in what follows */
        note_failure(script, hook, ((const struct policy_common *)view)->now);
        return (enum policy_failure)outcome;
    }
    generation->failures[hook] = 0;
    if (schema_hooks[hook].is_told) {
        memset(verdict, 0, schema_hooks[hook].verdict.size);
        *answered = true;
    }
    return POLICY_FAILURE_NONE;
}

static bool ask_other(struct script *script, struct vm *vm, enum hook hook, struct rng *rng,
    const void *view, void *verdict)
{
    bool answered = false;
    struct runtime_question question = {.hook = hook, .rng = rng, .view = view};
    return vm && vm->has_rule[hook] && !schema_hooks[hook].is_told &&
        ask_vm(script, vm, &question, verdict, &answered) == SCRIPT_OK && answered;
}

/* Whose rule answered; script->answer gets the rest. */
static enum policy_rule answer(
    struct script *script, enum hook hook, struct rng *rng, const void *view, void *verdict)
{
    bool answered = false;
    struct generation *asked = script->now;
    if (asked->live->has_rule[hook])
        script->answer.failure = ask_live(script, hook, rng, view, verdict, &answered);
    if (answered)
        return POLICY_RULE_LIVE;
    if ((asked == script->now && ask_other(script, asked->base, hook, rng, view, verdict)) ||
        ask_other(script, script->pristine, hook, rng, view, verdict))
        return POLICY_RULE_BASE;
    return POLICY_RULE_NONE;
}

static void count_call(struct script_hook_stats *stats, int64_t time_ns)
{
    stats->calls++;
    stats->time_ns += time_ns;
    stats->time_max_ns = time_ns > stats->time_max_ns ? time_ns : stats->time_max_ns;
}

static void note_call(struct script *script, enum hook hook)
{
    script->turn_left_ns -= script->time_ns;
    count_call(&script->hooks[hook], script->time_ns);
    if (script->answer.generation == script->generation) /* it was not taken back for its answer */
        count_call(&script->live[hook], script->time_ns);
}

static void log_reason(const struct script *script, enum hook hook, const void *verdict)
{
    const struct schema_hook *schema = &schema_hooks[hook];
    const char *reason = (const char *)verdict + schema->verdict.offset_reason;
    if (*reason)
        log_write(&script->settings.log, LOG_DEBUG, "policy gives a reason",
            LOG_TEXT("policy", script->answer.name), LOG_TEXT("hook", schema->name),
            LOG_TEXT("reason", reason));
}

static enum err ask(
    struct policy *policy, enum hook hook, struct rng *rng, const void *view, void *verdict)
{
    struct script *script = (struct script *)policy;
    struct rng before = *rng;
    script->answer = (struct policy_answer){.generation = script->generation,
        .name = script->now->live->name,
        .hash = script->now->hash};
    script->time_ns = 0;
    script->answer.rule = answer(script, hook, rng, view, verdict);
    policy->forced = (struct policy_forced){0};
    note_call(script, hook);
    bool answered = script->answer.rule != POLICY_RULE_NONE;
    if (script->shadow)
        shadow_ask(script, hook, &before, view, answered, verdict);
    if (answered) {
        log_reason(script, hook, verdict);
        return ERR_OK;
    }
    return script->answer.failure == POLICY_FAILURE_NONE ? ERR_NOT_FOUND : ERR_SCRIPT;
}

static void describe(const struct policy *policy, struct policy_answer *answer)
{
    *answer = ((const struct script *)policy)->answer;
}

static bool wants(struct policy *policy, enum hook hook)
{
    const struct script *script = (struct script *)policy;
    const struct generation *now = script->now;
    return (now->live->has_rule[hook] && !now->fallen_back[hook]) ||
        (now->base && now->base->has_rule[hook]) || script->pristine->has_rule[hook] ||
        shadow_wants(script, hook);
}

void answer_install(struct policy *policy)
{
    policy->ask = ask;
    policy->wants = wants;
    policy->describe = describe;
}
