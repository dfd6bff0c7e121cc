/* Lua tables as C views: what an example gives. Private to core/script. */
#ifndef SCRIPT_GIVEN_H
#define SCRIPT_GIVEN_H

#include "policy/schema.h"

#include <lua.h>

/* The view of hook with the fields that the table at stack index `given` names and the schema's
 * defaults for the others. The view, its rows and texts live as long as the table at stack index
 * `kept`. Raises an error for unknown fields and wrong types. Inside a body. */
void *given_read(lua_State *L, const struct schema_hook *hook, int given, int kept);
/* The same with defaults alone, and one row of them in each list. */
void *given_defaults(lua_State *L, const struct schema_hook *hook, int kept);

#endif
