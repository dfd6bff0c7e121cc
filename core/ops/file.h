/* Reading small files whole, and writing new ones. */
#ifndef OPS_FILE_H
#define OPS_FILE_H

#include "base/err.h"
#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

#define FILE_CAUSE_MAX 160

struct file_text {
    char *text; /* heap, with a terminator that n does not count */
    size_t n;
};

/* Reads a plain file of at most `max` bytes; `guarded`: one that only its owner may write.
 * On failure cause (FILE_CAUSE_MAX bytes) ends a sentence that begins with the file's name:
 * ERR_NOT_FOUND, ERR_IO, ERR_INVALID (not plain, writable by others), ERR_TOO_LONG, ERR_NO_MEMORY.
 */
enum err file_read(const char *path, size_t max, bool guarded, struct file_text *file, char *cause);

/* Makes a new file with this content, on disk when it returns. ERR_FULL: there is one already, and
 * it is left alone; ERR_IO. cause as above. */
enum err file_create(const char *path, mode_t mode, const char *text, size_t n, char *cause);

/* Puts this content in the place of a file, all at once: readers, and whoever comes after a power
 * cut, see the old or the new one. ERR_IO, ERR_NO_MEMORY; cause as above. */
enum err file_replace(const char *path, mode_t mode, const char *text, size_t n, char *cause);

#endif
