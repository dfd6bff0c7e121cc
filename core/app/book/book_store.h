/* The book of a home at start: luapex.db, and beside it addrbook.json, which operators may have
 * put there (B52, F10). Runs before the loop does, so it may wait for the disk.
 *
 * What a damaged database still holds is read out of it, completed from addrbook.json and written
 * to a new one; the damaged one is moved aside. An addrbook.json that is not the one we exported
 * last is merged. A home that has none of both starts empty; one that had something never does
 * without saying so. Everything kept, repaired and set aside is logged. */
#ifndef APP_BOOK_STORE_H
#define APP_BOOK_STORE_H

#include "base/log.h"
#include "uv/store_file.h"

#define BOOK_STORE_FILE "data/luapex.db"

struct book_store_paths {
    const char *store; /* luapex.db */
    const char *image; /* addrbook.json */
};

/* Fills an empty book. *file is the open database, or NULL if it cannot be written for now (the log
 * says why): then its host tries again. ERR_IO: something is there but cannot be read, so it must
 * not be overwritten; why (cap bytes) gets a sentence. ERR_NO_MEMORY. */
enum err book_store_open(const struct book_store_paths *paths, struct book *book, struct now now,
    const struct log *log, struct store_file **file, char *why, size_t cap);

#endif
