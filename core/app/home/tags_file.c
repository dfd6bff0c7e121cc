#include "app/home/tags_file.h"

#include "ops/file.h"
#include <stdio.h>
#include <stdlib.h>

enum err tags_file_load(const char *path, struct tags **tags, char *why, size_t cap)
{
    struct file_text file;
    struct tags_error error;
    char cause[FILE_CAUSE_MAX];
    enum err err = file_read(path, TAGS_TEXT_MAX, false, &file, cause);
    if (err) {
        snprintf(why, cap, "policy.tags: %s %s", path, cause);
        return err;
    }
    err = tags_parse(span_of(file.text, file.n), tags, &error);
    free(file.text);
    if (err && error.line > 0)
        snprintf(why, cap, "policy.tags: %s:%zu: %s", path, error.line, error.what);
    else if (err)
        snprintf(why, cap, "policy.tags: %s: %s", path, error.what);
    return err;
}
