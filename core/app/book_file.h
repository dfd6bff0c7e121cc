/* Reads addrbook.json at start (B52, F10), after the store. */
#ifndef APP_BOOK_FILE_H
#define APP_BOOK_FILE_H

#include "base/log.h"
#include "uv/store_file.h"

/* Into an empty book the file is loaded whole; into one that has something it is merged, unless the
 * store (NULL: there is none) knows it as our own last export. No file: nothing happens. One that
 * does not decode is moved aside, to "PATH.damaged-<Unix seconds>". The log tells. ERR_IO: the file
 * is there but cannot be read or moved, so it must not be overwritten; `why` (cap bytes) gets a
 * sentence. ERR_NO_MEMORY. */
enum err book_file_load(const char *path, struct book *book, struct store_file *store,
    struct now now, const struct log *log, char *why, size_t cap);

#endif
