/* The generations that were live, and the ways back to them. */
#include "script/script_inside.h"
#include "script/source.h"

#include <stdio.h>
#include <stdlib.h>

/* ---- what is kept ---- */

static struct script_generation describe(const struct script *script, const struct generation *of)
{
    struct script_generation about = {
        .number = script->generation, .version = of->live->version, .loaded_at = of->loaded_at};
    memcpy(about.name, of->live->name, sizeof about.name);
    memcpy(about.hash, of->hash, sizeof about.hash);
    return about;
}

/* Without memory it is not kept. */
void kept_note_live(struct script *script)
{
    struct kept first = {.about = describe(script, script->now)};
    size_t at = 0;
    while (at < script->kept_n && strcmp(script->kept[at].about.hash, first.about.hash) != 0)
        at++;
    if (at < script->kept_n)
        first.source = script->kept[at].source;
    else if (source_copy(script->now->source, &first.source) != ERR_OK)
        return;
    else if (script->kept_n < SCRIPT_GENERATIONS_MAX)
        script->kept_n++;
    else
        free(script->kept[--at].source);
    memmove(script->kept + 1, script->kept, at * sizeof *script->kept);
    script->kept[0] = first;
}

size_t script_generations(
    const struct script *script, struct script_generation list[SCRIPT_GENERATIONS_MAX])
{
    for (size_t i = 0; i < script->kept_n; i++)
        list[i] = script->kept[i].about;
    return script->kept_n;
}

static struct kept *kept_of(struct script *script, const char *hash)
{
    for (size_t i = 0; i < script->kept_n; i++)
        if (strcmp(script->kept[i].about.hash, hash) == 0)
            return &script->kept[i];
    return NULL;
}

/* ---- back ---- */

static void count(struct script *script)
{
    script->now->on_probation = false;
    script->rollbacks++;
    script_log_generation(script, "policy rolled back");
}

enum err script_take_back(struct script *script, double now)
{
    struct generation *previous = script->previous;
    if (!previous)
        return ERR_NOT_FOUND;
    struct kept *left = kept_of(script, script->now->hash);
    if (left)
        left->is_left = true;
    generation_carry_others(script->now, previous);
    script->previous = script->now;
    script->now = previous;
    previous->loaded_at = now;
    snprintf(previous->state, sizeof previous->state, "%s", "as it was when it was replaced");
    previous->last_error = (struct script_error){0};
    script_begin_generation(script);
    count(script);
    return ERR_OK;
}

static enum err load_again(struct script *script, const struct script_source *source, double now,
    struct script_error *error)
{
    struct script_prepared *prepared;
    struct script_settings settings = script->settings;
    settings.tries_hooks = false; /* it was live */
    enum err err = script_prepare(&settings, source, &prepared, NULL, error);
    if (err != ERR_OK)
        return err;
    struct generation *next = script_prepared_take(script, prepared, error);
    if (!next)
        return ERR_SCRIPT;
    script_swap_in(script, next, now);
    count(script);
    return ERR_OK;
}

static enum err return_to(
    struct script *script, const struct kept *target, double now, struct script_error *error)
{
    char hash[SCRIPT_HASH_TEXT + 1];
    memcpy(hash, script->now->hash, sizeof hash);
    bool is_forth = target->is_left; /* an earlier way back is undone: the live one stays in line */
    bool is_previous = script->previous && strcmp(script->previous->hash, target->about.hash) == 0;
    enum err err = is_previous ? script_take_back(script, now)
                               : load_again(script, target->source, now, error);
    struct kept *left = kept_of(script, hash);
    if (err == ERR_OK && left)
        left->is_left = !is_forth;
    return err;
}

enum err script_rollback(struct script *script, double now, struct script_error *error)
{
    *error = (struct script_error){0};
    for (size_t i = 0; i < script->kept_n; i++)
        if (!script->kept[i].is_left && strcmp(script->kept[i].about.hash, script->now->hash) != 0)
            return return_to(script, &script->kept[i], now, error);
    source_error(error, "there is no earlier policy");
    return ERR_NOT_FOUND;
}

enum err script_rollback_to(
    struct script *script, const char *hash, double now, struct script_error *error)
{
    const struct kept *found = NULL;
    *error = (struct script_error){0};
    for (size_t i = 0; i < script->kept_n; i++) {
        if (strncmp(script->kept[i].about.hash, hash, strlen(hash)) != 0)
            continue;
        if (found) {
            source_error(error, "more than one generation begins with that hash");
            return ERR_INVALID;
        }
        found = &script->kept[i];
    }
    if (!found || !*hash) {
        source_error(error, "no generation with that hash is kept");
        return ERR_NOT_FOUND;
    }
    if (strcmp(script->now->hash, found->about.hash) == 0)
        return ERR_OK;
    return return_to(script, found, now, error);
}
