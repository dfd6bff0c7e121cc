/* The operations VM: Lua that we ship, with luv on the host's loop. It watches policy files and
 * serves the control socket (control.h). What users write never runs in here.
 *
 * Life:   ops_new -> ops_watch*, ops_unwatch* -> ops_close -> (the loop runs until its handles are
 * gone) -> ops_free
 *
 * Every libuv handle of the VM is opened in one place (lua/ops/handles.lua), so ops_close closes
 * them all. They are referenced handles: a loop with an open watch stays alive until ops_close.
 * ops_free must come after the loop has run their close callbacks and before uv_loop_close, which
 * then returns 0. An error in a callback is logged and the VM goes on; it never ends the process.
 *
 * One thread: everything is called on the loop's thread.
 */
#ifndef OPS_OPS_H
#define OPS_OPS_H

#include "base/err.h"
#include "base/log.h"
#include <stdbool.h>
#include <uv.h>

#define OPS_WATCHES_MAX 16
#define OPS_QUIET_MS 150 /* quiet time after the last change before it is told */

struct ops;

/* A watched policy changed. `path` as given to ops_watch. */
typedef void (*ops_changed)(void *context, const char *path);

/* Borrows loop and copies log. ERR_NO_MEMORY; ERR_SCRIPT when our own Lua does not load (logged).
 */
enum err ops_new(uv_loop_t *loop, const struct log *log, struct ops **ops);

/* Watches a policy: the file and the .lua files beside it, through editors that rename, symbolic
 * links that are swapped, and folders that are replaced. After OPS_QUIET_MS without a change,
 * `changed` is called if inode, size or time of one of the files is not what it was, or one came or
 * went. The file need not exist yet. ERR_IO: changes are not told by the system (no such folder, no
 * watches left) and found within two seconds only; ERR_FULL beyond OPS_WATCHES_MAX; ERR_NO_MEMORY;
 * ERR_SCRIPT (logged). */
enum err ops_watch(struct ops *ops, const char *path, ops_changed changed, void *context);
/* Ends the watches with this context: no callback comes after it. */
void ops_unwatch(struct ops *ops, const void *context);

/* Begins to close every handle; no callback comes after it. Calling it twice is fine. */
void ops_close(struct ops *ops);
/* All handles are closed: ops_free may be called. */
bool ops_is_closed(const struct ops *ops);
/* NULL is fine. */
void ops_free(struct ops *ops);

#endif
