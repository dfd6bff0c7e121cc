/* Reads addrbook.json at start (B52, F10), after the store. */
#ifndef APP_BOOK_FILE_H
#define APP_BOOK_FILE_H

#include "app/settings/settings.h"
#include "base/log.h"
#include "uv/store_file.h"

/* Into an empty book the file is loaded whole; into one that has something it is merged, unless the
 * store (NULL: there is none) knows it as our own last export. No file: nothing happens. One that
 * does not decode is moved aside, to "PATH.damaged-<Unix seconds>", if the folder permits. The log
 * tells. ERR_IO: the file is there but cannot be read, so it must not be overwritten; `why` (cap
 * bytes) gets a sentence. ERR_NO_MEMORY. */
enum err book_file_load(const char *path, struct book *book, struct store_file *store,
    struct now now, const struct log *log, char *why, size_t cap);

/* An empty book as these settings want it. ERR_IO: this machine gives no entropy. ERR_NO_MEMORY. */
enum err book_file_empty(const struct settings *settings, struct book **book);

#endif
