#include "script/shadow.h"

#include "script/runtime.h"
#include "script/script_inside.h"
#include "script/verdict.h"
#include <stdio.h>
#include <stdlib.h>

struct shadow {
    struct generation *generation;
    struct shadow_hook_stats hooks[HOOK_COUNT];
    struct script_error last_error;
    int64_t turn_left_ns;
    uint64_t differences; /* ever; the ring holds the last of them */
    struct shadow_difference ring[SHADOW_DIFFERENCES_MAX];
    void *verdict; /* room for the largest */
};

/* ---- life ---- */

void shadow_free(struct shadow *shadow)
{
    if (!shadow)
        return;
    generation_free(shadow->generation);
    free(shadow->verdict);
    free(shadow);
}

static struct shadow *shadow_new(void)
{
    struct shadow *shadow = calloc(1, sizeof *shadow);
    if (shadow && !(shadow->verdict = malloc(verdict_size_max()))) {
        free(shadow);
        return NULL;
    }
    return shadow;
}

static void log_shadow(const struct script *script, const char *event)
{
    const struct generation *generation = script->shadow->generation;
    log_write(&script->settings.log, LOG_INFO, event, LOG_TEXT("policy", generation->live->name),
        LOG_NUMBER("version", generation->live->version), LOG_TEXT("hash", generation->hash));
}

enum err script_shadow_adopt(
    struct script *script, struct script_prepared *prepared, double now, struct script_error *error)
{
    struct shadow *shadow = shadow_new();
    if (!shadow) {
        script_prepared_free(prepared);
        *error = (struct script_error){.outcome = SCRIPT_MEMORY, .message = "out of memory"};
        return ERR_NO_MEMORY;
    }
    shadow->generation = script_prepared_take(script, prepared, error);
    if (!shadow->generation) {
        shadow_free(shadow);
        return ERR_SCRIPT;
    }
    shadow->generation->loaded_at = now;
    shadow_free(script->shadow);
    script->shadow = shadow;
    shadow_turn_begin(script);
    log_shadow(script, "policy shadows");
    return ERR_OK;
}

enum err script_shadow_load(struct script *script, const struct script_source *source, double now,
    struct script_error *error)
{
    struct script_prepared *prepared;
    enum err err = script_prepare(&script->settings, source, &prepared, NULL, error);
    return err ? err : script_shadow_adopt(script, prepared, now, error);
}

enum err script_shadow_stop(struct script *script)
{
    if (!script->shadow)
        return ERR_NOT_FOUND;
    log_shadow(script, "policy shadows no more");
    shadow_free(script->shadow);
    script->shadow = NULL;
    return ERR_OK;
}

enum err script_shadow_promote(struct script *script, double now)
{
    if (!script->shadow)
        return ERR_NOT_FOUND;
    log_shadow(script, "policy promoted");
    struct generation *generation = script->shadow->generation;
    script->shadow->generation = NULL;
    shadow_free(script->shadow);
    script->shadow = NULL;
    script->loads++;
    generation_carry_others(script->now, generation);
    script_swap_in(script, generation, now);
    return ERR_OK;
}

void shadow_turn_begin(struct script *script)
{
    if (script->shadow)
        script->shadow->turn_left_ns = (int64_t)script->settings.turn_fuse_ms * 1000000;
}

void shadow_param_set(struct script *script, const char *name, const char *value)
{
    if (script->shadow)
        runtime_set_param(script->shadow->generation->live, name, value);
}

/* ---- questions ---- */

bool shadow_wants(const struct script *script, enum hook hook)
{
    return script->shadow && script->shadow->generation->live->has_rule[hook];
}

static void describe(enum hook hook, bool answered, const void *verdict, char *text)
{
    if (answered)
        verdict_text(hook, verdict, text, VERDICT_TEXT_MAX);
    else
        snprintf(text, VERDICT_TEXT_MAX, "nil");
}

static void note_difference(struct shadow *shadow, enum hook hook, const void *view, bool answered,
    const void *verdict, bool shadow_answered)
{
    struct shadow_difference *difference =
        &shadow->ring[shadow->differences++ % SHADOW_DIFFERENCES_MAX];
    shadow->hooks[hook].differs++;
    difference->now = ((const struct policy_common *)view)->now;
    difference->hook = hook;
    snprintf(difference->subject, sizeof difference->subject, "%s", verdict_subject(hook, view));
    describe(hook, answered, verdict, difference->live);
    describe(hook, shadow_answered, shadow->verdict, difference->shadow);
}

static void compare(struct shadow *shadow, enum hook hook, const void *view, bool answered,
    const void *verdict, bool shadow_answered)
{
    bool same =
        answered == shadow_answered && (!answered || verdict_equal(hook, verdict, shadow->verdict));
    if (!same && !schema_hooks[hook].is_told)
        note_difference(shadow, hook, view, answered, verdict, shadow_answered);
}

void shadow_ask(struct script *script, enum hook hook, const struct rng *before, const void *view,
    bool answered, const void *verdict)
{
    struct shadow *shadow = script->shadow;
    struct shadow_hook_stats *stats = &shadow->hooks[hook];
    struct vm *vm = shadow->generation->live;
    if (!vm->has_rule[hook])
        return;
    if (shadow->turn_left_ns <= 0) {
        stats->skipped++;
        return;
    }
    struct rng rng = *before;
    struct runtime_question question = {.hook = hook, .rng = &rng, .view = view};
    bool shadow_answered = false;
    enum script_outcome outcome = runtime_ask(vm, &question, shadow->verdict, &shadow_answered);
    shadow->turn_left_ns -= vm->used.time_ns;
    stats->time_ns += vm->used.time_ns;
    stats->asked++;
    if (outcome == SCRIPT_OK) {
        compare(shadow, hook, view, answered, verdict, shadow_answered);
        return;
    }
    stats->errors++;
    shadow->last_error = vm->error;
}

/* ---- what it found ---- */

bool script_shadow_stats(const struct script *script, struct shadow_stats *stats)
{
    const struct shadow *shadow = script->shadow;
    if (!shadow)
        return false;
    const struct generation *generation = shadow->generation;
    *stats = (struct shadow_stats){.version = generation->live->version,
        .loaded_at = generation->loaded_at,
        .last_error = shadow->last_error};
    memcpy(stats->name, generation->live->name, sizeof stats->name);
    memcpy(stats->hash, generation->hash, sizeof stats->hash);
    memcpy(stats->hooks, shadow->hooks, sizeof stats->hooks);
    return true;
}

size_t script_shadow_differences(
    const struct script *script, struct shadow_difference *list, size_t max)
{
    const struct shadow *shadow = script->shadow;
    size_t n = 0;
    for (; shadow && n < max && n < shadow->differences && n < SHADOW_DIFFERENCES_MAX; n++)
        list[n] = shadow->ring[(shadow->differences - 1 - n) % SHADOW_DIFFERENCES_MAX];
    return n;
}
