/* Reads addrbook.json into a new book at start (B52, F10). */
#ifndef APP_BOOK_FILE_H
#define APP_BOOK_FILE_H

#include "base/log.h"
#include "book/book.h"

/* No file: the book stays empty. A file that does not decode is moved aside, to
 * "PATH.damaged-<Unix seconds>", and the book stays empty; the log says so, and what was skipped.
 * ERR_IO: the file is there but cannot be read or moved, so it must not be overwritten; `why` (cap
 * bytes) gets a sentence. ERR_NO_MEMORY. */
enum err book_file_load(const char *path, struct book *book, struct now now, const struct log *log,
    char *why, size_t cap);

#endif
