/* Shadow runs: a second policy answers the live questions too, after the live one, and decides
 * nothing. What it would have decided differently is counted and shown.
 *
 * It sees the same views and the same random numbers. It begins with a copy of the live policy's
 * state and parameters; from then on its state is its own, so a rule that learns learns from what
 * the live one does. It has limits of its own, the same as those of the live policy; in each turn
 * of the loop it uses no more time than turn_fuse_ms, and none of that is taken from the live one.
 * A failure of it is counted and has no other consequence. */
#ifndef SCRIPT_SHADOW_H
#define SCRIPT_SHADOW_H

#include "policy/verdict.h"
#include "script/script.h"

#define SHADOW_DIFFERENCES_MAX 64 /* kept; older ones go */
#define SHADOW_SUBJECT_MAX 40

struct shadow_hook_stats {
    uint64_t asked;
    uint64_t differs; /* another verdict than the live one's */
    uint64_t errors;
    uint64_t skipped; /* its time of the turn was used up */
    int64_t time_ns;
};

struct shadow_stats {
    char name[SCRIPT_NAME_MAX + 1];
    int64_t version;
    char hash[SCRIPT_HASH_TEXT + 1];
    double loaded_at;
    struct shadow_hook_stats hooks[HOOK_COUNT];
    struct script_error last_error; /* message "": none */
};

/* One question that the two answered differently; "nil": left to the core. */
struct shadow_difference {
    double now; /* as in the view */
    enum hook hook;
    char subject[SHADOW_SUBJECT_MAX + 1]; /* the ID that it was about, or "" */
    char live[VERDICT_TEXT_MAX], shadow[VERDICT_TEXT_MAX];
};

/* Starts a shadow run, in place of one that is under way; errors as of script_load. */
enum err script_shadow_load(struct script *script, const struct script_source *source, double now,
    struct script_error *error);
/* The same with what script_prepare made; takes it. */
enum err script_shadow_adopt(struct script *script, struct script_prepared *prepared, double now,
    struct script_error *error);
/* Ends it. ERR_NOT_FOUND: there is none. */
enum err script_shadow_stop(struct script *script);
/* Makes it the live policy, with the state it has. ERR_NOT_FOUND. */
enum err script_shadow_promote(struct script *script, double now);

/* false: there is none. */
bool script_shadow_stats(const struct script *script, struct shadow_stats *stats);
/* The newest differences first, at most max; returns how many. */
size_t script_shadow_differences(
    const struct script *script, struct shadow_difference *list, size_t max);

#endif
