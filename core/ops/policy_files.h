/* The source text of a policy: its file and the .lua files beside it, which it may `require`.
 *
 * A file that its group or everybody may write is refused, and so is a folder that everybody may
 * write (unless its sticky bit is set): who can write a policy decides whom the node talks to.
 */
#ifndef OPS_POLICY_FILES_H
#define OPS_POLICY_FILES_H

#include "base/err.h"
#include "base/span.h"

#define POLICY_FILES_MAX 64              /* files of one folder */
#define POLICY_FILE_SIZE_MAX (1u << 20)  /* bytes of one file */
#define POLICY_FILES_SIZE_MAX (4u << 20) /* bytes of all */
#define POLICY_CAUSE_MAX 1024

struct policy_file {
    char *name; /* module name for require: "dial" of dial.lua */
    char *path; /* as opened, for messages: the given folder and the file's name */
    char *text; /* with a terminator that n does not count */
    size_t n;
};

/* files[0] is the policy itself, the others follow by name. Owned by the struct. */
struct policy_files {
    struct policy_file *files;
    size_t n;
};

/* Reads the policy at `path`. On failure `cause` (POLICY_CAUSE_MAX bytes) is a sentence that names
 * the file: ERR_IO, ERR_INVALID (writable by others, not a plain file), ERR_TOO_LONG,
 * ERR_NO_MEMORY. */
enum err policy_files_read(const char *path, struct policy_files *files, char *cause);
void policy_files_free(struct policy_files *files);

#endif
