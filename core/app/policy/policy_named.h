/* A policy as people name it on a command line: a file, or one that is in the binary. */
#ifndef APP_POLICY_NAMED_H
#define APP_POLICY_NAMED_H

#include "ops/policy_files.h"

/* All-zero is none. */
struct policy_named {
    struct script_source source; /* valid until policy_named_free */
    struct policy_files files;
};

/* What has a '/' or ".lua" in it is a file. On failure `cause` (POLICY_CAUSE_MAX bytes) is a
 * sentence that names it: ERR_NOT_FOUND (no such built-in policy), or as policy_files_read. */
enum err policy_named_read(const char *name, struct policy_named *policy, char *cause);
void policy_named_free(struct policy_named *policy);

/* The sentence for a name that is none: with the built-in policy that was meant, if one is near. */
void policy_named_unknown(const char *name, char *cause);

#endif
