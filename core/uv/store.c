#include "uv/store.h"

#include "uv/state.h"
#include <errno.h>
#include <fcntl.h>
#include <libgen.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

static bool write_all(int fd, const char *bytes, size_t n)
{
    while (n > 0) {
        ssize_t written = write(fd, bytes, n);
        if (written < 0 && errno == EINTR)
            continue;
        if (written <= 0)
            return false;
        bytes += written;
        n -= (size_t)written;
    }
    return true;
}

/* What a crash left behind is removed; whatever else stands there makes the creation fail. */
static bool write_new_file(const char *path, const char *image, size_t n)
{
    unlink(path);
    int fd = open(path, O_CREAT | O_EXCL | O_WRONLY | O_CLOEXEC | O_NOFOLLOW, 0644);
    if (fd < 0)
        return false;
    bool written = write_all(fd, image, n) && fsync(fd) == 0;
    return close(fd) == 0 && written;
}

/* After the rename the new book is in place; a folder that cannot be synced is no reason to say
 * otherwise. */
static void sync_folder(const char *path)
{
    char copy[PATH_MAX];
    snprintf(copy, sizeof copy, "%s", path);
    int fd = open(dirname(copy), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (fd < 0)
        return;
    fsync(fd);
    close(fd);
}

enum err store_replace_file(const char *path, const char *image, size_t n)
{
    char fresh[PATH_MAX];
    int length = snprintf(fresh, sizeof fresh, "%s.new", path);
    if (length < 0 || (size_t)length >= sizeof fresh) {
        errno = ENAMETOOLONG;
        return ERR_IO;
    }
    if (!write_new_file(fresh, image, n) || rename(fresh, path) != 0) {
        int code = errno;
        unlink(fresh);
        errno = code;
        return ERR_IO;
    }
    sync_folder(path);
    return ERR_OK;
}

static void work(uv_work_t *request)
{
    struct store *store = (struct store *)((char *)request - offsetof(struct store, work));
    const char *path = store->host->settings->book_path;
    store->err = path ? store_replace_file(path, store->image, store->n) : ERR_OK;
    store->code = errno;
}

static void begin(struct store *store);

static void finished(struct store *store, enum err err)
{
    struct host *host = store->host;
    free(store->image);
    store->image = NULL;
    store->writing = false;
    if (err)
        log_write(&host->settings->log, LOG_ERROR, "cannot write the book",
            LOG_TEXT("file", host->settings->book_path),
            LOG_TEXT("error", uv_strerror(-store->code)));
    struct event event = {.kind = EVENT_STORED};
    event.stored.err = err;
    host_event(host, &event);
    if (store->next)
        begin(store);
}

static void on_finished(uv_work_t *request, int status)
{
    struct store *store = (struct store *)((char *)request - offsetof(struct store, work));
    struct host *host = store->host;
    finished(store, status == 0 ? store->err : ERR_IO);
    host_settle(host);
    host_closed_one(host);
}

static void begin(struct store *store)
{
    store->image = store->next;
    store->n = store->next_n;
    store->next = NULL;
    store->writing = true;
    if (uv_queue_work(store->host->workspace->loop, &store->work, work, on_finished) == 0)
        store->host->open++;
    else
        finished(store, ERR_IO);
}

void store_write(struct store *store, char *image, size_t n)
{
    free(store->next);
    store->next = image;
    store->next_n = n;
    if (!store->writing)
        begin(store);
}
