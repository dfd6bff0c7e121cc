#include "script/script.h"

#include "script/runtime.h"
#include "script/script_inside.h"
#include "script/source.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>

static const char *const outcome_names[SCRIPT_OUTCOMES] = {
    "ok", "error", "instructions", "fuse", "memory"};

const char *script_outcome_name(enum script_outcome outcome)
{
    return outcome_names[outcome];
}

int64_t script_still_clock(void *context)
{
    (void)context;
    return 0;
}

struct script_settings script_settings_default(void)
{
    return (struct script_settings){.instructions_max = 2000000,
        .memory_max = 4 * 1024 * 1024,
        .fuse_ms = 20,
        .turn_fuse_ms = 50,
        .tries_hooks = true};
}

/* ---- log ---- */

void script_log_generation(const struct script *script, const char *event)
{
    const struct generation *now = script->now;
    log_write(&script->settings.log, LOG_INFO, event, LOG_TEXT("policy", now->live->name),
        LOG_NUMBER("version", now->live->version), LOG_TEXT("hash", now->hash),
        LOG_NUMBER("generation", script->generation));
}

void script_log_error(
    const struct script *script, const char *event, const struct script_error *error)
{
    log_write(&script->settings.log, LOG_ERROR, event, log_text_if_any("hook", error->hook),
        LOG_TEXT("outcome", script_outcome_name(error->outcome)),
        log_text_if_any("file", error->file), log_number_if_any("line", error->line),
        LOG_TEXT("error", error->message));
}

/* ---- generations ---- */

void script_begin_generation(struct script *script)
{
    script->generation++;
    script->revision++;
    memset(script->live, 0, sizeof script->live);
    kept_note_live(script);
}

void script_swap_in(struct script *script, struct generation *next, double now)
{
    next->loaded_at = now;
    next->on_probation = true;
    /* The same text again is nothing to return to. */
    bool is_another = strcmp(script->now->hash, next->hash) != 0;
    generation_free(is_another ? script->previous : script->now);
    if (is_another)
        script->previous = script->now;
    script->now = next;
    script_begin_generation(script);
}

char *script_error_text(const struct script_error *error, char out[SCRIPT_ERROR_TEXT_MAX])
{
    char line[16] = "";
    if (error->line > 0)
        snprintf(line, sizeof line, ":%d", error->line);
    snprintf(out, SCRIPT_ERROR_TEXT_MAX, "%s%s%s%s%s%s", error->file, *error->file ? line : "",
        *error->file ? ": " : "", error->hook, *error->hook ? ": " : "", error->message);
    return out;
}

/* ---- loading ---- */

struct script_prepared {
    struct script_settings settings; /* until it is adopted */
    struct generation *generation;
};

enum err script_prepare(const struct script_settings *settings, const struct script_source *source,
    struct script_prepared **out, struct script_report *report, struct script_error *error)
{
    struct script_prepared *prepared = calloc(1, sizeof *prepared);
    source_error(error, "out of memory");
    if (!prepared)
        return ERR_NO_MEMORY;
    prepared->settings = *settings;
    enum err err = script_check(&prepared->settings, source, report, error);
    if (err == ERR_OK)
        err = generation_new(&prepared->settings, source, NULL, &prepared->generation, error);
    if (err != ERR_OK) {
        script_prepared_free(prepared);
        return err;
    }
    *error = (struct script_error){0};
    *out = prepared;
    return ERR_OK;
}

void script_prepared_free(struct script_prepared *prepared)
{
    if (prepared)
        generation_free(prepared->generation);
    free(prepared);
}

struct generation *script_prepared_take(
    struct script *script, struct script_prepared *prepared, struct script_error *error)
{
    struct generation *generation = prepared->generation;
    generation_adopt(generation, &script->settings);
    prepared->generation = NULL;
    script_prepared_free(prepared);
    if (generation_carry(script->now, generation, error) == ERR_OK)
        return generation;
    generation_free(generation);
    return NULL;
}

void script_note_refused(struct script *script, const struct script_error *error, double now)
{
    script->load_errors++;
    script->refusal = (struct script_refusal){.time = now, .error = *error};
    script->is_refused = true;
}

const struct script_refusal *script_refused(const struct script *script)
{
    return script->is_refused ? &script->refusal : NULL;
}

enum err script_adopt(
    struct script *script, struct script_prepared *prepared, double now, struct script_error *error)
{
    struct generation *next = script_prepared_take(script, prepared, error);
    if (!next) {
        script_note_refused(script, error, now);
        return ERR_SCRIPT;
    }
    script->loads++;
    script->is_refused = false;
    script_swap_in(script, next, now);
    script_log_generation(script, "policy loaded");
    return ERR_OK;
}

enum err script_load(struct script *script, const struct script_source *source, double now,
    struct script_error *error)
{
    struct script_prepared *prepared;
    enum err err = script_prepare(&script->settings, source, &prepared, NULL, error);
    if (err != ERR_OK)
        script_note_refused(script, error, now);
    else
        err = script_adopt(script, prepared, now, error);
    if (err != ERR_OK)
        script_log_error(script, "policy refused", error);
    return err;
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

/* ---- life ---- */

static enum err start(struct script *script, struct script_error *error)
{
    enum err err = source_load(&script->settings, NULL, SOURCE_DEFAULT, &script->pristine, error);
    if (err == ERR_OK)
        err = generation_new(&script->settings, NULL, SOURCE_DEFAULT, &script->now, error);
    if (err != ERR_OK)
        return err;
    script->generation = 1;
    kept_note_live(script);
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
    answer_install(&script->policy);
    script->settings = *settings;
    script->answer = (struct policy_answer){.name = "", .hash = ""};
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
    shadow_free(script->shadow);
    vm_free(script->pristine);
    generation_free(script->now);
    generation_free(script->previous);
    for (size_t i = 0; i < script->kept_n; i++)
        free(script->kept[i].source);
    free(script);
}

struct policy *script_policy(struct script *script)
{
    return &script->policy;
}

void script_turn_begin(struct script *script)
{
    script->turn_left_ns = (int64_t)script->settings.turn_fuse_ms * 1000000;
    shadow_turn_begin(script);
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
    enum err err = result(live, runtime_set_param(live, name, value), error);
    if (err == ERR_OK)
        shadow_param_set(script, name, value);
    script->revision++;
    return err;
}

enum err script_param_get(struct script *script, const char *name, char *value, size_t cap)
{
    bool found;
    size_t length;
    if (runtime_get_param(script->now->live, name, value, cap, &found, &length) != SCRIPT_OK)
        return ERR_SCRIPT;
    return !found ? ERR_NOT_FOUND : length >= cap ? ERR_FULL : ERR_OK;
}

enum err script_params(struct script *script,
    void (*visit)(void *context, const struct script_param *param), void *context)
{
    enum script_outcome outcome = runtime_params(script->now->live, visit, context);
    return outcome == SCRIPT_OK ? ERR_OK : ERR_SCRIPT;
}

enum err script_export(struct script *script, char **text, struct script_error *error)
{
    struct vm *live = script->now->live;
    return result(live, runtime_export(live, text), error);
}

enum err script_import(struct script *script, struct span text, struct script_error *error)
{
    script->revision++;
    struct generation *now = script->now;
    return result(now->live, runtime_import(now->live, text, now->state), error);
}

uint64_t script_revision(const struct script *script)
{
    return script->revision;
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
        .rollbacks = script->rollbacks,
        .taken_back = script->taken_back,
        .last_error = now->last_error};
    memcpy(stats->name, now->live->name, sizeof stats->name);
    memcpy(stats->hash, now->hash, sizeof stats->hash);
    memcpy(stats->state, now->state, sizeof stats->state);
    memcpy(stats->hooks, script->hooks, sizeof stats->hooks);
    memcpy(stats->live, script->live, sizeof stats->live);
    for (int i = 0; i < HOOK_COUNT; i++)
        stats->hooks[i].fallen_back = stats->live[i].fallen_back = now->fallen_back[i];
}
