/* Keeps the book on disk (ACTION_STORE, ACTION_EXPORT) on a worker thread, one piece of work at a
 * time: changed rows go to luapex.db in one transaction, an image replaces addrbook.json.
 *
 * The node hears EVENT_STORED for each ACTION_STORE, with the rows if they were not written, and
 * EVENT_EXPORTED for each image. Rows wait while a worker is busy; an image that waits is replaced
 * by a newer one. A database that proves damaged, or was taken away, is moved aside and begun anew:
 * ERR_CORRUPT asks the node to store everything again.
 *
 * Trouble is logged when it begins and when its cause changes, with what an operator can do, and
 * once more when it is over. */
#ifndef UV_STORE_H
#define UV_STORE_H

#include "uv/host.h"
#include <uv.h>

struct store_image {
    char *at; /* heap; NULL: none */
    size_t n;
};

/* What a worker is given and what it found out; the loop thread keeps its hands off meanwhile. */
struct store_work {
    struct book_changes rows;
    bool stores; /* there are rows, be they none */
    struct store_image image;
    bool closes; /* nothing follows */
    enum err store_err, export_err;
    char store_why[STORE_FILE_WHY_MAX], export_why[STORE_FILE_WHY_MAX];
};

struct store {
    struct host *host;
    uv_work_t request;
    bool working, closing, closed;
    struct store_file *file; /* NULL: to be opened with the next work. The worker's while working */
    struct store_work now, next;
    struct host_storing storing;
    char export_trouble[STORE_FILE_WHY_MAX]; /* as logged */
};

/* Takes changes. */
void store_rows(struct store *store, const struct book_changes *changes);
/* Takes image. */
void store_export(struct store *store, char *image, size_t n);
/* What waits is still written, then the database is checkpointed and closed. */
void store_close(struct store *store);

/* Moves a database aside, with its log, to PATH.damaged-N, the first N that is free; aside (cap
 * bytes) gets the new name. ERR_IO with errno. */
enum err store_move_aside(const char *path, char *aside, size_t cap);

/* Replaces the file at path by one write (B50): a new file beside it, "PATH.new", is written,
 * synced and renamed over it, then the folder is synced. The new file is mode 0644 less umask, as
 * Go's. ERR_IO with errno: the old file is as it was. */
enum err store_replace_file(const char *path, const char *image, size_t n);

/* What to do about a write that failed, by its cause; static. `stops`: the process ends, and what
 * is in memory with it. */
const char *store_advice(const char *why, bool stops);

#endif
