/* Files compiled into the binary: the Lua that luapex runs and the policies that ship
 * (lua/embed.lua makes the table; library lx_lua). Names are paths from the top of the source
 * tree: "lua/sandbox.lua", "policies/default.lua". */
#ifndef BASE_EMBEDDED_H
#define BASE_EMBEDDED_H

#include <stddef.h>

struct embedded_file {
    const char *name;
    const char *text; /* ends with a NUL that `size` does not count */
    size_t size;
};

extern const struct embedded_file embedded_files[]; /* sorted by name */
extern const size_t embedded_files_n;

/* NULL: no such file. */
const struct embedded_file *embedded_find(const char *name);

#endif
