#include "script/generation.h"

#include "script/runtime.h"
#include "script/source.h"
#include <stdlib.h>

#define PROBATION_S 60 /* after a load */

void generation_free(struct generation *generation)
{
    if (!generation)
        return;
    vm_free(generation->live);
    vm_free(generation->base);
    free(generation->source);
    free(generation);
}

/* The rule that a policy extends answers for it from a VM that the policy never touched. A base
 * that is not in the binary is part of the policy: for that, the default answers. */
static enum err load_base(const struct script_settings *settings, struct generation *generation)
{
    struct script_error ignored;
    const char *name = generation->live->extends;
    struct script_source builtin;
    bool is_default = name[0] == 0 || strcmp(name, SOURCE_DEFAULT) == 0;
    if (is_default || script_builtin(name, &builtin) != ERR_OK)
        return ERR_OK;
    return source_load(settings, NULL, name, &generation->base, &ignored);
}

enum err generation_new(const struct script_settings *settings, const struct script_source *source,
    const char *name, struct generation **out, struct script_error *error)
{
    struct generation *generation = calloc(1, sizeof *generation);
    struct script_source builtin;
    if (!generation)
        return ERR_NO_MEMORY;
    enum err err = source ? ERR_OK : script_builtin(name, &builtin);
    if (err == ERR_OK)
        err = source_copy(source ? source : &builtin, &generation->source);
    if (err == ERR_OK)
        err = source_load(settings, source, name, &generation->live, error);
    if (err == ERR_OK)
        err = load_base(settings, generation);
    if (err != ERR_OK) {
        generation_free(generation);
        return err;
    }
    source_hash(generation->source, generation->hash);
    *out = generation;
    return ERR_OK;
}

bool generation_may_be_taken_back(const struct generation *generation, double now)
{
    return generation->on_probation && now - generation->loaded_at <= PROBATION_S;
}

enum err generation_carry(
    struct generation *from, struct generation *to, struct script_error *error)
{
    char *text;
    enum script_outcome outcome = runtime_export_what_can_be_kept(from->live, &text);
    if (outcome == SCRIPT_MEMORY) {
        log_write(&to->live->settings->log, LOG_ERROR,
            "policy state and parameters stay behind: there is no memory left to read them",
            LOG_TEXT("policy", from->live->name));
        return ERR_OK;
    }
    if (outcome != SCRIPT_OK) {
        *error = from->live->error;
        return ERR_SCRIPT;
    }
    outcome = runtime_import(to->live, span_of_text(text), to->state);
    free(text);
    if (outcome == SCRIPT_OK)
        return ERR_OK;
    *error = to->live->error;
    return ERR_SCRIPT;
}

void generation_carry_others(struct generation *from, struct generation *to)
{
    char *text;
    enum script_outcome outcome = runtime_export_what_can_be_kept(from->live, &text);
    if (outcome == SCRIPT_OK) {
        outcome = runtime_import_others(to->live, span_of_text(text));
        free(text);
    }
    if (outcome != SCRIPT_OK)
        log_write(&to->live->settings->log, LOG_ERROR,
            "policy state and parameters of the policy that goes are not kept",
            LOG_TEXT("policy", from->live->name));
}

void generation_adopt(struct generation *generation, const struct script_settings *settings)
{
    generation->live->settings = settings;
    if (generation->base)
        generation->base->settings = settings;
}
