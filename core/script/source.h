/* From the text of a policy to a VM that runs it. Private to core/script. */
#ifndef SCRIPT_SOURCE_H
#define SCRIPT_SOURCE_H

#include "script/vm.h"

/* A new VM with the policy of source, or with the built-in policy `name` when source is NULL. */
enum err source_load(const struct script_settings *settings, const struct script_source *source,
    const char *name, struct vm **vm, struct script_error *error);

#define SOURCE_DEFAULT "default" /* the built-in policy that the others extend */

/* A copy in one block of memory, for free(). */
enum err source_copy(const struct script_source *source, struct script_source **copy);

/* The first 8 bytes, in hex, of SHA-256 over the files in the order given (chained; of one file,
 * its own hash). */
void source_hash(const struct script_source *source, char text[SCRIPT_HASH_TEXT + 1]);

/* An error without a place. */
void source_error(struct script_error *error, const char *message);

#endif
