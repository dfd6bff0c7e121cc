/* Loads a policy file into a running node's VM without stalling the loop.
 *
 * Reading the files, building the VM and trying the policy out - where an endless loop, a memory
 * bomb or a slow example would show - happen on a worker thread (script_prepare). The loop only
 * hands the state over and swaps. */
#ifndef APP_POLICY_LOADER_H
#define APP_POLICY_LOADER_H

#include "ops/policy_files.h"
#include "script/script.h"
#include <uv.h>

struct policy_loader {
    uv_loop_t *loop;
    const char *path;                /* of the policy, borrowed; NULL: none, so nothing loads */
    struct script *script;           /* that it goes to, borrowed */
    struct script_settings settings; /* of the trial */
    /* Told after each reload; error is NULL when the policy answers from now on. */
    void (*done)(void *context, const struct script_error *error);
    void (*closed)(void *context);
    void *context;

    uv_work_t work;
    char *reading; /* the worker's own path */
    bool is_busy, is_again, is_closing;
    bool is_stale; /* what the worker reads is not wanted any more */
    enum err err;  /* of the trial */
    struct script_error error;
    struct policy_files files;
    struct script_prepared *prepared;
};

/* Loads at once, on this thread: before the loop runs. *error names file and line. */
enum err policy_loader_load(struct policy_loader *loader, struct script_error *error);
/* Begins to load; `done` follows. While it is under way, another call makes it start once more. */
void policy_loader_reload(struct policy_loader *loader);
/* Another path from here on, borrowed. What is being loaded from the one before is dropped. */
void policy_loader_follow(struct policy_loader *loader, const char *path);
/* No `done` comes any more; `closed` does, at once or when the worker has ended. */
void policy_loader_close(struct policy_loader *loader);

#endif
