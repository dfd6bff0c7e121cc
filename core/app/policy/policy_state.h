/* Keeps what a policy remembers - policy.state and the parameters that were set - over restarts, in
 * HOME/data/policy.state.
 *
 * It is read once, after the policy was loaded, and written when it has changed: every
 * book_save_interval on a worker thread, and at the end. A file that does not fit is moved aside
 * and the policy starts without it. */
#ifndef APP_POLICY_STATE_H
#define APP_POLICY_STATE_H

#include "script/script.h"
#include <uv.h>

#define POLICY_STATE_FILE "data/policy.state"
#define POLICY_STATE_MAX (1024 * 1024) /* bytes; what script_export can give is less */

struct policy_state {
    char *path; /* owned */
    struct script *script;
    struct log log;
    char *written; /* what the file says, or would say if it were there */
    char *writing; /* by the worker */
    bool failed;   /* the last time; said once in a row */
    enum err err;  /* of the worker */
    char cause[160];
    uv_timer_t timer;
    uv_work_t work;
    bool is_open, is_busy, is_closing;
    void (*closed)(void *context);
    void *context;
};

/* Takes path; borrows the script. Reads the file if there is one; no error is fatal. */
void policy_state_open(
    struct policy_state *keeper, char *path, struct script *script, const struct log *log);
/* Begins to write on this loop. */
void policy_state_start(struct policy_state *keeper, uv_loop_t *loop, int64_t interval_ms);
/* Writes for the last time, on this thread; `closed` follows when no handle is left. Only after
 * start. */
void policy_state_close(struct policy_state *keeper, void (*closed)(void *context), void *context);
/* Frees its memory; also without open, or without start. */
void policy_state_free(struct policy_state *keeper);

#endif
