/* A loaded policy with what stands by for it. Private to core/script. */
#ifndef SCRIPT_GENERATION_H
#define SCRIPT_GENERATION_H

#include "script/vm.h"

struct generation {
    struct vm *live;
    struct vm *base; /* the policy it extends, apart from it; NULL: the pristine default */
    struct script_source *source; /* own copy */
    char hash[SCRIPT_HASH_TEXT + 1];
    double loaded_at;
    char state[SCRIPT_STATE_TOLD_MAX + 1]; /* as in struct script_stats */
    bool on_probation;                     /* loaded by somebody, not taken back so far */
    unsigned failures[HOOK_COUNT];         /* in a row */
    bool fallen_back[HOOK_COUNT];
    struct script_error last_error; /* message "": none */
};

/* From source, or the built-in policy `name` where source is NULL. Settings are borrowed. */
enum err generation_new(const struct script_settings *settings, const struct script_source *source,
    const char *name, struct generation **generation, struct script_error *error);
void generation_free(struct generation *generation);

/* Whether one of its hooks that falls back from now on may take the whole load back (L2). */
bool generation_may_be_taken_back(const struct generation *generation, double now);

/* State and parameters go from one generation to its successor. */
enum err generation_carry(
    struct generation *from, struct generation *to, struct script_error *error);
/* The same, of the policies alone that do not run in the successor: it keeps that for them. */
void generation_carry_others(struct generation *from, struct generation *to);
/* From here on these settings apply, instead of those it was made with. */
void generation_adopt(struct generation *generation, const struct script_settings *settings);

#endif
