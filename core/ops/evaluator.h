/* The Lua of `luapex ctl repl`: a VM for each connection, beside the operations VM, which asks it.
 *
 *     lua/ops/evaluators.lua --text--> evaluator: lua/ops/prompt.lua in a sandbox
 *             (operations VM) <--call-- the methods of the socket, as functions
 *             (operations VM) --values->
 *
 * What an operator types never runs in the operations VM itself: texts share their library within a
 * VM, and a VM that ran out of memory is best thrown away. The limits are those of a policy's call:
 * instructions, memory, the fuse; a method that is called runs to its end, none begins after the
 * fuse. */
#ifndef OPS_EVALUATOR_H
#define OPS_EVALUATOR_H

#include <lua.h>

#define EVALUATOR_MEMORY_MAX (8u << 20) /* bytes of one VM */
#define EVALUATOR_DEPTH_MAX 8           /* of the values that methods take and give */

/* The module "ops.evaluator":
 *   new(methods, call) -> evaluator | nil, why     methods: for lua/ops/prompt.lua;
 *                                                  call(name, arguments) -> result | nil, why
 *   evaluator:run(text) -> "done" | "more" | "failed", output, why
 *   evaluator:close()                              also while it runs; closing twice is fine */
int evaluator_open_module(lua_State *L);

#endif
