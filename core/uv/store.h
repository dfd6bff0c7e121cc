/* Writes book images (ACTION_STORE) on a worker thread, one at a time.
 *
 * An image that arrives while another is being written waits; a third replaces the one that waits,
 * for it is newer. The node hears one EVENT_STORED for each write. */
#ifndef UV_STORE_H
#define UV_STORE_H

#include "base/err.h"
#include <stdbool.h>
#include <stddef.h>
#include <uv.h>

struct host;

struct store {
    struct host *host;
    uv_work_t work;
    bool writing;
    char *image; /* being written */
    size_t n;
    char *next; /* waits */
    size_t next_n;
    enum err err; /* set by the worker, with the errno of a failure */
    int code;
};

/* Takes image. */
void store_write(struct store *store, char *image, size_t n);

/* Replaces the file at path by one write (B50): a new file beside it, "PATH.new", is written,
 * synced and renamed over it, then the folder is synced. The new file is mode 0644 less umask, as
 * Go's. ERR_IO: the old file is as it was. */
enum err store_replace_file(const char *path, const char *image, size_t n);

#endif
