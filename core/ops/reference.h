/* The reference of a policy's hooks as text, rendered by lua/schema/reference.lua from the schema
 * in the binary. */
#ifndef OPS_REFERENCE_H
#define OPS_REFERENCE_H

#include "base/err.h"
#include <stdbool.h>

#define REFERENCE_CAUSE_MAX 256

/* All hooks, or the one named (NULL: all); for a terminal they are only listed when all are meant.
 * *text is on the heap. ERR_NO_MEMORY; ERR_SCRIPT, a bug of ours that cause describes. `hook` must
 * be one of the schema's. */
enum err reference_text(const char *hook, bool markdown, char **text, char *cause);

#endif
