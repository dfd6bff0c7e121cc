/* The C functions that the sandbox's Lua files call, and how those files are found.
 * Private to core/script. */
#ifndef SCRIPT_HOST_H
#define SCRIPT_HOST_H

#include "script/vm.h"

/* pex.log: lines at once, and milliseconds until there is one more. */
#define HOST_LOG_BURST 10
#define HOST_LOG_REFILL_MS 1000

/* Runs the embedded file `name` of the sandbox with one argument, the table of host functions, and
 * pushes what it returned. Inside a body. */
void host_import(lua_State *L, const char *name);

/* One log line against the VM's allowance; false: the allowance is used up. */
bool host_log_allowed(struct vm *vm);

#endif
