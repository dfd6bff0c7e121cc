#include "script/script.h"

#include "policy/schema.h"
#include "script/host.h"
#include "script/runtime.h"
#include "script/source.h"

#include <assert.h>
#include <stdlib.h>

#define FAILURES_MAX 3 /* in a row, then the hook falls back (L2) */
#define PROBATION_S 60 /* after a load: falling back takes the whole load back (L2) */
#define BUILTIN_DEFAULT "default"

/* A loaded policy. */
struct generation {
    struct vm *live;
    struct vm *base; /* the policy it extends, apart from it; NULL: the pristine default */
    char hash[SCRIPT_HASH_TEXT + 1];
    double loaded_at;
    bool on_probation;             /* loaded by somebody, not taken back so far */
    unsigned failures[HOOK_COUNT]; /* in a row */
    bool fallen_back[HOOK_COUNT];
};

struct script {
    struct policy policy; /* first: &script->policy is the script */
    struct script_settings settings;
    struct vm *pristine;
    struct generation *now, *previous;
    unsigned generation;
    int64_t turn_left_ns;
    uint64_t loads, load_errors, rollbacks;
    struct script_hook_stats hooks[HOOK_COUNT];
    struct policy_answer answer; /* the last one */
};

static const char *const outcome_names[SCRIPT_OUTCOMES] = {
    "ok", "error", "instructions", "fuse", "memory"};

const char *script_outcome_name(enum script_outcome outcome)
{
    return outcome_names[outcome];
}

struct script_settings script_settings_default(void)
{
    return (struct script_settings){.instructions_max = 2000000,
        .memory_max = 4 * 1024 * 1024,
        .fuse_ms = 20,
        .turn_fuse_ms = 50};
}

static void generation_free(struct generation *generation)
{
    if (!generation)
        return;
    vm_free(generation->live);
    vm_free(generation->base);
    free(generation);
}

/* The rule that a policy extends answers for it from a VM that the policy never touched. A base
 * that is not in the binary is part of the policy: for that, the default answers. */
static enum err load_base(struct script *script, struct generation *generation)
{
    struct script_error ignored;
    const char *name = generation->live->extends;
    struct script_source builtin;
    bool is_default = name[0] == 0 || strcmp(name, BUILTIN_DEFAULT) == 0;
    if (is_default || script_builtin(name, &builtin) != ERR_OK)
        return ERR_OK;
    return source_load(&script->settings, NULL, name, &generation->base, &ignored);
}

static enum err generation_new(struct script *script, const struct script_source *source,
    const char *name, double now, struct generation **out, struct script_error *error)
{
    struct generation *generation = calloc(1, sizeof *generation);
    if (!generation)
        return ERR_NO_MEMORY;
    enum err err = source_load(&script->settings, source, name, &generation->live, error);
    if (err == ERR_OK)
        err = load_base(script, generation);
    if (err != ERR_OK) {
        generation_free(generation);
        return err;
    }
    generation->loaded_at = now;
    *out = generation;
    return ERR_OK;
}

/* State and parameters of the live policy go to its successor. */
static enum err carry_over(
    struct script *script, struct generation *next, struct script_error *error)
{
    char *text;
    struct vm *live = script->now->live;
    if (runtime_export(live, &text) != SCRIPT_OK) {
        *error = live->error;
        return ERR_SCRIPT;
    }
    enum script_outcome outcome = runtime_import(next->live, span_of_text(text));
    free(text);
    if (outcome == SCRIPT_OK)
        return ERR_OK;
    *error = next->live->error;
    return ERR_SCRIPT;
}

static void log_generation(struct script *script, const char *event)
{
    const struct generation *now = script->now;
    log_write(&script->settings.log, LOG_INFO, event, LOG_TEXT("policy", now->live->name),
        LOG_NUMBER("version", now->live->version), LOG_TEXT("hash", now->hash),
        LOG_NUMBER("generation", script->generation));
}

static enum err load(struct script *script, const struct script_source *source, double now,
    struct script_error *error)
{
    struct generation *next;
    enum err err = script_check(&script->settings, source, NULL, error);
    if (err == ERR_OK)
        err = generation_new(script, source, NULL, now, &next, error);
    if (err != ERR_OK)
        return err;
    err = carry_over(script, next, error);
    if (err != ERR_OK) {
        generation_free(next);
        return err;
    }
    source_hash(source, next->hash);
    next->on_probation = true;
    generation_free(script->previous);
    script->previous = script->now;
    script->now = next;
    script->generation++;
    return ERR_OK;
}

static void log_error(struct script *script, const char *event, const struct script_error *error)
{
    log_write(&script->settings.log, LOG_ERROR, event, LOG_TEXT("hook", error->hook),
        LOG_TEXT("outcome", script_outcome_name(error->outcome)), LOG_TEXT("file", error->file),
        LOG_NUMBER("line", error->line), LOG_TEXT("error", error->message));
}

enum err script_load(struct script *script, const struct script_source *source, double now,
    struct script_error *error)
{
    source_error(error, "out of memory");
    enum err err = load(script, source, now, error);
    script->loads++;
    if (err != ERR_OK) {
        script->load_errors++;
        log_error(script, "policy refused", error);
        return err;
    }
    *error = (struct script_error){0};
    log_generation(script, "policy loaded");
    return ERR_OK;
}

enum err script_load_builtin(
    struct script *script, const char *name, double now, struct script_error *error)
{
    struct script_source source;
    enum err err = script_builtin(name, &source);
    if (err != ERR_OK) {
        source_error(error, "no policy of that name is built in");
        return err;
    }
    return script_load(script, &source, now, error);
}

enum err script_rollback(struct script *script, double now)
{
    struct generation *previous = script->previous;
    if (!previous)
        return ERR_NOT_FOUND;
    script->previous = script->now;
    script->now = previous;
    previous->on_probation = false;
    previous->loaded_at = now;
    script->generation++;
    script->rollbacks++;
    log_generation(script, "policy rolled back");
    return ERR_OK;
}

/* ---- questions ---- */

/* Counts a failure of the live policy; the third in a row has consequences (L2). */
static void note_failure(struct script *script, enum hook hook, double now)
{
    struct generation *generation = script->now;
    const struct script_error *error = &generation->live->error;
    script->hooks[hook].errors++;
    if (host_log_allowed(generation->live))
        log_error(script, "policy call failed", error);
    if (++generation->failures[hook] < FAILURES_MAX)
        return;
    generation->fallen_back[hook] = true;
    log_error(script, "policy hook falls back", error);
    bool is_fresh = now >= generation->loaded_at && now - generation->loaded_at <= PROBATION_S;
    if (generation->on_probation && is_fresh)
        script_rollback(script, now);
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

/* *answered: the live policy did, or was told. Returns why it failed. */
static enum policy_failure ask_live(struct script *script, enum hook hook, struct rng *rng,
    const void *view, void *verdict, bool *answered)
{
    struct generation *generation = script->now;
    const struct policy_forced *forced = &script->policy.forced;
    enum policy_failure failure = held_back(script, hook);
    if (failure != POLICY_FAILURE_NONE) {
        script->hooks[hook].skipped++;
        return failure;
    }
    struct runtime_question question = {.hook = hook, .rng = rng, .view = view};
    if (is_of_a_call(forced->failure)) {
        question.forced = (enum script_outcome)forced->failure;
        question.forced_at = forced->instructions;
    }
    struct rng before = *rng;
    enum script_outcome outcome = runtime_ask(generation->live, &question, verdict, answered);
    script->answer.instructions = generation->live->instructions_used;
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

static bool ask_other(
    struct vm *vm, enum hook hook, struct rng *rng, const void *view, void *verdict)
{
    bool answered = false;
    struct runtime_question question = {.hook = hook, .rng = rng, .view = view};
    return vm && vm->has_rule[hook] && !schema_hooks[hook].is_told &&
        runtime_ask(vm, &question, verdict, &answered) == SCRIPT_OK && answered;
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
    if ((asked == script->now && ask_other(asked->base, hook, rng, view, verdict)) ||
        ask_other(script->pristine, hook, rng, view, verdict))
        return POLICY_RULE_BASE;
    return POLICY_RULE_NONE;
}

static void note_time(struct script *script, enum hook hook, int64_t time_ns)
{
    struct script_hook_stats *stats = &script->hooks[hook];
    script->turn_left_ns -= time_ns;
    stats->calls++;
    stats->time_ns += time_ns;
    stats->time_max_ns = time_ns > stats->time_max_ns ? time_ns : stats->time_max_ns;
}

static enum err ask(
    struct policy *policy, enum hook hook, struct rng *rng, const void *view, void *verdict)
{
    struct script *script = (struct script *)policy;
    int64_t start_ns = vm_clock_ns(script->pristine);
    script->answer = (struct policy_answer){.generation = script->generation,
        .name = script->now->live->name,
        .hash = script->now->hash};
    script->answer.rule = answer(script, hook, rng, view, verdict);
    policy->forced = (struct policy_forced){0};
    note_time(script, hook, vm_clock_ns(script->pristine) - start_ns);
    if (script->answer.rule != POLICY_RULE_NONE)
        return ERR_OK;
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
        (now->base && now->base->has_rule[hook]) || script->pristine->has_rule[hook];
}

void script_turn_begin(struct script *script)
{
    script->turn_left_ns = (int64_t)script->settings.turn_fuse_ms * 1000000;
}

/* ---- life ---- */

static enum err start(struct script *script, struct script_error *error)
{
    struct script_source source;
    enum err err = source_load(&script->settings, NULL, BUILTIN_DEFAULT, &script->pristine, error);
    if (err == ERR_OK)
        err = generation_new(script, NULL, BUILTIN_DEFAULT, 0, &script->now, error);
    if (err != ERR_OK)
        return err;
    if (script_builtin(BUILTIN_DEFAULT, &source) == ERR_OK)
        source_hash(&source, script->now->hash);
    script->generation = 1;
    return ERR_OK;
}

enum err script_new(
    const struct script_settings *settings, struct script **out, struct script_error *error)
{
    assert(settings->clock_ns);
    struct script_error ignored;
    error = error ? error : &ignored;
    source_error(error, "out of memory");
    struct script *script = calloc(1, sizeof *script);
    if (!script)
        return ERR_NO_MEMORY;
    script->policy.ask = ask;
    script->policy.wants = wants;
    script->policy.describe = describe;
    script->answer = (struct policy_answer){.name = "", .hash = ""};
    script->settings = *settings;
    script_turn_begin(script);
    enum err err = start(script, error);
    if (err != ERR_OK) {
        script_free(script);
        return err;
    }
    *error = (struct script_error){0};
    *out = script;
    return ERR_OK;
}

void script_free(struct script *script)
{
    if (!script)
        return;
    vm_free(script->pristine);
    generation_free(script->now);
    generation_free(script->previous);
    free(script);
}

struct policy *script_policy(struct script *script)
{
    return &script->policy;
}

/* ---- parameters, state, numbers ---- */

static enum err result(struct vm *vm, enum script_outcome outcome, struct script_error *error)
{
    *error = vm->error;
    return outcome == SCRIPT_OK ? ERR_OK : ERR_SCRIPT;
}

enum err script_param_set(
    struct script *script, const char *name, const char *value, struct script_error *error)
{
    struct vm *live = script->now->live;
    return result(live, runtime_set_param(live, name, value), error);
}

enum err script_param_get(struct script *script, const char *name, char *value, size_t cap)
{
    bool found;
    size_t length;
    if (runtime_get_param(script->now->live, name, value, cap, &found, &length) != SCRIPT_OK)
        return ERR_SCRIPT;
    return !found ? ERR_NOT_FOUND : length >= cap ? ERR_FULL : ERR_OK;
}

enum err script_export(struct script *script, char **text, struct script_error *error)
{
    struct vm *live = script->now->live;
    return result(live, runtime_export(live, text), error);
}

enum err script_import(struct script *script, struct span text, struct script_error *error)
{
    struct vm *live = script->now->live;
    return result(live, runtime_import(live, text), error);
}

void script_stats(const struct script *script, struct script_stats *stats)
{
    const struct generation *now = script->now;
    *stats = (struct script_stats){.generation = script->generation,
        .version = now->live->version,
        .loaded_at = now->loaded_at,
        .memory = now->live->memory_used,
        .loads = script->loads,
        .load_errors = script->load_errors,
        .rollbacks = script->rollbacks};
    memcpy(stats->name, now->live->name, sizeof stats->name);
    memcpy(stats->hash, now->hash, sizeof stats->hash);
    memcpy(stats->hooks, script->hooks, sizeof stats->hooks);
    for (int i = 0; i < HOOK_COUNT; i++)
        stats->hooks[i].fallen_back = now->fallen_back[i];
}
