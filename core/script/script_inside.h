/* What a script object holds. Private to core/script. */
#ifndef SCRIPT_SCRIPT_INSIDE_H
#define SCRIPT_SCRIPT_INSIDE_H

#include "script/generation.h"

/* A generation by what it was made from: enough to load it again. */
struct kept {
    struct script_generation about;
    struct script_source *source;
    bool is_left; /* by a way back: the next one goes further */
};

struct script {
    struct policy policy; /* first: &script->policy is the script */
    struct script_settings settings;
    struct vm *pristine;
    struct generation *now, *previous;
    struct shadow *shadow;                    /* NULL: none */
    struct kept kept[SCRIPT_GENERATIONS_MAX]; /* newest first, each hash once; the live one first */
    size_t kept_n;
    unsigned generation;
    uint64_t revision; /* for script_revision */
    int64_t turn_left_ns;
    int64_t time_ns; /* used for the question under way */
    uint64_t loads, load_errors, rollbacks, taken_back;
    struct script_refusal refusal;
    bool is_refused;                            /* the refusal counts */
    struct script_hook_stats hooks[HOOK_COUNT]; /* totals */
    struct script_hook_stats live[HOOK_COUNT];  /* of this generation */
    struct policy_answer answer;                /* the last one */
};

/* answer.c: the functions of struct policy. */
void answer_install(struct policy *policy);

/* script.c */
void script_log_generation(const struct script *script, const char *event);
void script_log_error(
    const struct script *script, const char *event, const struct script_error *error);
/* What was prepared, with the live policy's state and parameters; NULL: *error says why. Takes it.
 */
struct generation *script_prepared_take(
    struct script *script, struct script_prepared *prepared, struct script_error *error);
/* Another generation answers from now on: its numbers begin. */
void script_begin_generation(struct script *script);
/* Makes a generation the live one; the last one of another text can return. */
void script_swap_in(struct script *script, struct generation *next, double now);

/* rollback.c */
/* The live generation becomes the first of those that are kept. */
void kept_note_live(struct script *script);
/* The previous generation returns as it was when it was replaced. ERR_NOT_FOUND: there is none. */
enum err script_take_back(struct script *script, double now);

/* shadow.c: the same question as the live policy answered, from the generator as it was then.
 * answered: whether the node got a verdict, and which. */
void shadow_ask(struct script *script, enum hook hook, const struct rng *before, const void *view,
    bool answered, const void *verdict);
bool shadow_wants(const struct script *script, enum hook hook);
void shadow_turn_begin(struct script *script);
void shadow_free(struct shadow *shadow);
/* Parameters that an operator sets apply to it too, where it has them. */
void shadow_param_set(struct script *script, const char *name, const char *value);

#endif
