#include "uv/store.h"

#include <errno.h>
#include <fcntl.h>
#include <libgen.h>
#include <limits.h>
#include <stdio.h>
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

enum err store_move_aside(const char *path, char *aside, size_t cap)
{
    static const char *const parts[] = {"-wal", "-shm", ""}; /* the database itself last */
    struct stat info;
    for (unsigned i = 1;; i++) {
        int length = snprintf(aside, cap, "%s.damaged-%u", path, i);
        if (length < 0 || (size_t)length + 4 >= cap) {
            errno = ENAMETOOLONG;
            return ERR_IO;
        }
        if (lstat(aside, &info) != 0)
            break;
    }
    for (size_t i = 0; i < sizeof parts / sizeof *parts; i++) {
        char from[PATH_MAX], to[PATH_MAX];
        snprintf(from, sizeof from, "%s%s", path, parts[i]);
        snprintf(to, sizeof to, "%s%s", aside, parts[i]);
        if (rename(from, to) != 0 && errno != ENOENT)
            return ERR_IO;
    }
    sync_folder(path);
    return ERR_OK;
}
