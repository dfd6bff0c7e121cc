/* The policy VM: answers a node's questions with Lua (policy/policy.h), inside limits.
 *
 * A script object holds
 *   - the live generation: the policy an operator chose, in a VM of its own;
 *   - the previous generation, so that a load that proves bad can be taken back, and the sources of
 *     the last ten;
 *   - a pristine VM with the default policy from the binary, which always stands by;
 *   - perhaps a policy that shadows the live one (shadow.h).
 *
 * Every question goes to the live policy. When that fails - an error, a verdict against the schema,
 * a limit hit - the rule it extends answers (in a VM the failing script never touched), a counter
 * and a log line record it (L2). Three failures in a row: that hook falls back until the next load;
 * if that happens within 60 s of a load, the previous generation returns.
 *
 * Limits of one call: instructions, live memory, size of the verdict, CPU time. Lua runs
 * interpreted, because a count hook never fires in compiled code.
 *
 * No I/O here: the host reads files and hands their text in, and lends its clocks.
 */
#ifndef SCRIPT_SCRIPT_H
#define SCRIPT_SCRIPT_H

#include "base/log.h"
#include "base/span.h"
#include "policy/policy.h"

#define SCRIPT_NAME_MAX 63
#define SCRIPT_FILE_MAX 63 /* file names are cut to their end */
#define SCRIPT_MESSAGE_MAX 255
#define SCRIPT_SOURCE_MAX (256 * 1024) /* bytes of all files of one policy */
#define SCRIPT_STATE_MAX (64 * 1024)   /* bytes of policy.state, written out */
#define SCRIPT_STATE_TOLD_MAX 127
#define SCRIPT_HASH_TEXT 16
/* Of the limits below: what may be asked for. */
#define SCRIPT_INSTRUCTIONS_MAX 1000000000
#define SCRIPT_MEMORY_MAX (1 << 30)

struct script_settings {
    uint64_t instructions_max; /* per call; loading a policy may take 10 times as many */
    size_t memory_max;         /* bytes a VM may hold */
    /* CPU time, see fuse.h. */
    int fuse_ms;      /* per call; loading a policy and each of its examples: 10 times as long */
    int turn_fuse_ms; /* all calls between two script_turn_begin; then the base answers */
    int64_t (*clock_ns)(void *context); /* monotonic, cheap */
    int64_t (*cpu_ns)(void *context);   /* CPU time of the thread; NULL: clock_ns stands for it */
    void *clock_context;
    struct log log;
    bool tries_hooks; /* a load asks the hooks that no example asks, with default values */
};

/* 2,000,000 instructions, 4 MiB, 20 ms, 50 ms; hooks are tried; no clocks and no log: the host must
 * set clock_ns. */
struct script_settings script_settings_default(void);
/* A clock_ns that stands still, for hosts on virtual time: no fuse blows, instructions alone are
 * limited. */
int64_t script_still_clock(void *context);

/* How a call of Lua ended. */
enum script_outcome {
    SCRIPT_OK,
    SCRIPT_ERROR,        /* syntax, run-time error, or a verdict against the schema */
    SCRIPT_INSTRUCTIONS, /* more than instructions_max */
    SCRIPT_FUSE,         /* more CPU time than fuse_ms */
    SCRIPT_MEMORY,       /* more than memory_max */
    SCRIPT_OUTCOMES
};

/* "ok", "error", "instructions", "fuse", "memory" */
const char *script_outcome_name(enum script_outcome outcome);

/* What went wrong, and where. */
struct script_error {
    enum script_outcome outcome;
    char file[SCRIPT_FILE_MAX + 1]; /* "": not in a file */
    int line;                       /* 0: unknown */
    char hook[SCRIPT_NAME_MAX + 1]; /* "": while loading */
    char message[SCRIPT_MESSAGE_MAX + 1];
};

/* "mine.lua:3: select: message", without what is unknown. */
#define SCRIPT_ERROR_TEXT_MAX (SCRIPT_FILE_MAX + SCRIPT_NAME_MAX + SCRIPT_MESSAGE_MAX + 20)
char *script_error_text(const struct script_error *error, char out[SCRIPT_ERROR_TEXT_MAX]);

/* A file that `require "NAME"` finds: NAME is [a-z0-9_]+, without ".lua". */
struct script_file {
    const char *name;
    struct span text;
};

/* A policy as text: its main file and the files beside it. */
struct script_source {
    const char *name; /* of the main file, for messages: "diverse.lua" */
    struct span text;
    const struct script_file *files;
    size_t files_n;
};

struct script_hook_stats {
    uint64_t calls;   /* questions */
    uint64_t errors;  /* failures of the live policy */
    uint64_t skipped; /* answered by the base: the hook fell back, or the turn's time was used up */
    int64_t time_ns;  /* that scripts used, sum over calls */
    int64_t time_max_ns;
    bool fallen_back; /* until the next load */
};

struct script_stats {
    unsigned generation; /* 1 at start, one more with every load and rollback */
    char name[SCRIPT_NAME_MAX + 1];
    int64_t version;
    char hash[SCRIPT_HASH_TEXT + 1];       /* of the source text: first 8 bytes of SHA-256 */
    double loaded_at;                      /* Unix seconds */
    char state[SCRIPT_STATE_TOLD_MAX + 1]; /* what became of what it remembers; "": nothing was */
    size_t memory;                         /* bytes the live VM holds */
    uint64_t loads;                        /* that succeeded */
    uint64_t load_errors, rollbacks;       /* loads that did not */
    uint64_t taken_back;                   /* of the rollbacks: because the policy failed */
    struct script_hook_stats hooks[HOOK_COUNT]; /* since script_new */
    struct script_hook_stats live[HOOK_COUNT];  /* since this policy was made live */
    struct script_error last_error;             /* of the live policy's hooks; message "": none */
};

struct script;

/* Starts with the default policy. ERR_NO_MEMORY; ERR_SCRIPT: the built-in policy does not load
 * (*error says why; may be NULL). Copies settings; what they point to must outlive the script. */
enum err script_new(
    const struct script_settings *settings, struct script **script, struct script_error *error);
void script_free(struct script *script);

/* The interface for the node; lives as long as the script. */
struct policy *script_policy(struct script *script);

/* A new turn of the host's loop: the turn's time starts anew. */
void script_turn_begin(struct script *script);

/* What a trial found of the policy itself, not of those it extends. */
#define SCRIPT_LOCALS_MAX 8
struct script_report {
    unsigned examples_n; /* all passed */
    bool defines[HOOK_COUNT];
    unsigned examples[HOOK_COUNT]; /* how many ask this hook */
    /* Locals of the policy's files that its functions changed: memory that nothing keeps. */
    char changed[SCRIPT_LOCALS_MAX][SCRIPT_NAME_MAX + 1];
    unsigned changed_n;
};

/* A policy that passed its trial and waits to become the live one. */
struct script_prepared;

/* Replaces the policy: new VM, schema check, trial, state and parameters carried over, swap.
 * now: Unix seconds, as in views. On failure the old policy stays and *error says why: ERR_SCRIPT,
 * ERR_TOO_LONG (source), ERR_NO_MEMORY. Not during a question. */
enum err script_load(struct script *script, const struct script_source *source, double now,
    struct script_error *error);
/* The two halves of script_load. The first takes long and may run on any thread, with settings
 * whose log and clocks may be used there (they are copied, and gone when it is adopted); *report
 * may be NULL. The second takes what was prepared, also when it fails. */
enum err script_prepare(const struct script_settings *settings, const struct script_source *source,
    struct script_prepared **prepared, struct script_report *report, struct script_error *error);
enum err script_adopt(struct script *script, struct script_prepared *prepared, double now,
    struct script_error *error);
void script_prepared_free(struct script_prepared *prepared); /* NULL is fine */
/* A load that went no further than files or script_prepare: it counts as one that failed, too. */
void script_note_refused(struct script *script, const struct script_error *error, double now);
/* The last load that failed, if none has succeeded since, or that was taken back because the policy
 * failed soon after it; NULL: there is none. */
struct script_refusal {
    double time; /* Unix seconds */
    struct script_error error;
    bool taken_back;
};
const struct script_refusal *script_refused(const struct script *script);
/* Loads a policy that is in the binary: "default", "diverse" ... ERR_NOT_FOUND. */
enum err script_load_builtin(
    struct script *script, const char *name, double now, struct script_error *error);
/* Returns to the generation before, the newest of another hash that no way back has left: a second
 * one goes further back, never forth. As script_rollback_to otherwise. ERR_NOT_FOUND: there is
 * none. */
enum err script_rollback(struct script *script, double now, struct script_error *error);

/* The generations that were live, newest first, each hash once, the live one first. */
#define SCRIPT_GENERATIONS_MAX 10
struct script_generation {
    unsigned number; /* when it was last made live */
    char name[SCRIPT_NAME_MAX + 1];
    int64_t version;
    char hash[SCRIPT_HASH_TEXT + 1];
    double loaded_at;
};
size_t script_generations(
    const struct script *script, struct script_generation list[SCRIPT_GENERATIONS_MAX]);
/* Returns to one of them, named by the beginning of its hash: to the previous one as it was when it
 * was replaced, to another by loading it again, with the live state. ERR_NOT_FOUND; ERR_INVALID:
 * not the only one; or as script_load. */
enum err script_rollback_to(
    struct script *script, const char *hash, double now, struct script_error *error);

/* The trial alone: loads source in a VM of its own, runs its examples and tries its other hooks, in
 * the fresh VM and again in the used one. *report may be NULL. */
enum err script_check(const struct script_settings *settings, const struct script_source *source,
    struct script_report *report, struct script_error *error);
/* The source of a built-in policy; ERR_NOT_FOUND. */
enum err script_builtin(const char *name, struct script_source *source);

/* Sets a parameter of the live policy (or of one it extends) from text: a number, true or false, a
 * text, or a list with commas. ERR_SCRIPT: unknown or refused; *error says why. Kept for a policy
 * of that name over loads, also of others. */
enum err script_param_set(
    struct script *script, const char *name, const char *value, struct script_error *error);
/* ERR_NOT_FOUND; ERR_FULL: value does not fit. */
enum err script_param_get(struct script *script, const char *name, char *value, size_t cap);

/* A declared parameter. Texts are valid during the visit; min and max are NaN where there is none.
 */
struct script_param {
    const char *policy;      /* that declares it */
    const char *name, *kind; /* "number", "boolean", "text", "list" */
    const char *value, *initial, *unit, *doc;
    double min, max;
};
/* Those of the live policy, then those of what it extends. */
enum err script_params(struct script *script,
    void (*visit)(void *context, const struct script_param *param), void *context);

/* State and set parameters of the live policy as text, for a file; the caller frees it. With those
 * that the last 16 others left behind, SCRIPT_STATE_MAX bytes at most. */
enum err script_export(struct script *script, char **text, struct script_error *error);
/* Takes them back; what belongs to policies that are not loaded is kept for them. */
enum err script_import(struct script *script, struct span text, struct script_error *error);

/* Another number after every change from outside questions: loads, rollbacks, promotions,
 * parameters set, state imported. */
uint64_t script_revision(const struct script *script);

void script_stats(const struct script *script, struct script_stats *stats);

#endif
