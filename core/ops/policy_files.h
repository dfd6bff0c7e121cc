/* The source text of a policy: its file and the .lua files beside it, which it may `require`.
 *
 * A file that its group or everybody may write is refused, and so is a folder that everybody may
 * write (unless its sticky bit is set): who can write a policy decides whom the node talks to.
 */
#ifndef OPS_POLICY_FILES_H
#define OPS_POLICY_FILES_H

#include "script/script.h"

#define POLICY_FILES_MAX 64 /* .lua files of one folder */
#define POLICY_CAUSE_MAX 1024

/* `source` is ready for script_load; what it points to is owned by the struct. */
struct policy_files {
    struct script_source source;
    struct script_file *files; /* source.files, in the order of their names */
};

/* Reads the policy at `path` and every NAME.lua beside it whose name `require` could ask for
 * ([a-z0-9_]+). On failure `cause` (POLICY_CAUSE_MAX bytes) is a sentence that names the file:
 * ERR_IO, ERR_INVALID (writable by others, not a plain file), ERR_TOO_LONG (more than
 * SCRIPT_SOURCE_MAX bytes or POLICY_FILES_MAX files), ERR_NO_MEMORY. */
enum err policy_files_read(const char *path, struct policy_files *files, char *cause);
void policy_files_free(struct policy_files *files); /* all-zero is fine */

#endif
