/* C views as Lua tables. The tables are reused from call to call ("borrowed until the hook
 * returns"): rows come from a pool and every field is written anew. Reading a field that does not
 * exist is an error that names it, and so is adding one. Private to core/script. */
#ifndef SCRIPT_VIEW_H
#define SCRIPT_VIEW_H

#include "policy/schema.h"
#include "script/vm.h"

/* A question as Lua sees it. */
struct question {
    lua_State *L;
    const struct schema_hook *hook;
    const void *view; /* the hook's C struct */
    /* Stack index of a table that holds
     *   [VIEW_NAMES]     the names of the view's fields; a pool has those of its rows there
     *   [VIEW_TABLE]     the view
     *   [VIEW_POOL + i]  for field i of the view: its pool of rows, by number from 1; each row is
     *                    also a key of the pool, its number the value
     *   [VIEW_LIST - i]  the list last shown for field i
     *   ["book"] ...     nested tables */
    int frame;
};

#define VIEW_NAMES 0
#define VIEW_TABLE 1
#define VIEW_POOL 2
#define VIEW_LIST (-1)

/* Pushes the frame of hook, filled from view. Inside a body. */
struct question view_ask(lua_State *L, enum hook hook, const void *view);

/* How many rows the view has in its list `field`, and which field of the view that is. */
size_t view_rows(const struct schema_field *field, const void *view);
int view_field(const struct schema_hook *hook, const struct schema_field *field);

#endif
