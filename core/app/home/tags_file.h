/* The file of [policy] tags: addr/tags.h from disk. */
#ifndef APP_TAGS_FILE_H
#define APP_TAGS_FILE_H

#include "addr/tags.h"

/* Reads and parses it. On failure `why` (`cap` bytes) is a sentence for people with file and line:
 * errors of ops/file.h and tags_parse. */
enum err tags_file_load(const char *path, struct tags **tags, char *why, size_t cap);

#endif
