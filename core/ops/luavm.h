/* A Lua state for the Lua that ships in the binary. `require "ops.toml"` finds lua/ops/toml.lua in
 * there; LPeg and cjson are linked in; nothing is ever looked up on disk or in the environment. */
#ifndef OPS_LUAVM_H
#define OPS_LUAVM_H

#include "base/err.h"
#include <lua.h>
#include <stddef.h>

struct luavm {
    lua_State *L;
    size_t used, memory_max; /* bytes the state holds now, and may hold; 0: no cap */
};

/* vm must stay where it is until luavm_close. Garbage is collected early enough to use four fifths
 * of memory_max. ERR_NO_MEMORY. */
enum err luavm_open(struct luavm *vm, size_t memory_max);
void luavm_close(struct luavm *vm); /* all-zero is fine */

/* What `require` gives for a library that is linked in. */
void luavm_preload(lua_State *L, const char *module, lua_CFunction open);
/* Pushes the module that `require` would give. Raises Lua errors: call it inside lua_cpcall. */
void luavm_require(lua_State *L, const char *module);

/* lua_pcall with a message handler that adds a traceback; the message is left on the stack. */
int luavm_call(lua_State *L, int arguments, int results);

#endif
