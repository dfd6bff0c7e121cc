#include "ops/file.h"

#include <errno.h>
#include <fcntl.h>
#include <libgen.h>
#include <limits.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static enum err fail(char *cause, enum err err, const char *what, const char *detail)
{
    snprintf(cause, FILE_CAUSE_MAX, "%s%s%s", what, detail ? ": " : "", detail ? detail : "");
    return err;
}

static enum err check(int fd, size_t max, bool guarded, size_t *size, char *cause)
{
    struct stat info;
    if (fstat(fd, &info) != 0)
        return fail(cause, ERR_IO, "cannot be read", strerror(errno));
    if (!S_ISREG(info.st_mode))
        return fail(cause, ERR_INVALID, "is not a plain file", NULL);
    if (guarded && (info.st_mode & (S_IWGRP | S_IWOTH)))
        return fail(cause, ERR_INVALID,
            "may be written by its group or by everybody; run chmod go-w on it", NULL);
    if ((uintmax_t)info.st_size > max) {
        snprintf(cause, FILE_CAUSE_MAX, "is longer than %zu bytes", max);
        return ERR_TOO_LONG;
    }
    *size = (size_t)info.st_size;
    return ERR_OK;
}

/* Reads until the end or until `cap` bytes are there. */
static bool read_all(int fd, char *text, size_t cap, size_t *n)
{
    *n = 0;
    while (*n < cap) {
        ssize_t got = read(fd, text + *n, cap - *n);
        if (got < 0 && errno == EINTR)
            continue;
        if (got < 0)
            return false;
        if (got == 0)
            break;
        *n += (size_t)got;
    }
    return true;
}

static enum err read_fd(int fd, size_t max, bool guarded, struct file_text *file, char *cause)
{
    size_t size;
    enum err err = check(fd, max, guarded, &size, cause);
    if (err)
        return err;
    char *text = malloc(size + 1);
    if (!text)
        return fail(cause, ERR_NO_MEMORY, "cannot be read", "out of memory");
    size_t n;
    if (!read_all(fd, text, size, &n)) {
        free(text);
        return fail(cause, ERR_IO, "cannot be read", strerror(errno));
    }
    text[n] = 0;
    *file = (struct file_text){text, n};
    return ERR_OK;
}

enum err file_read(const char *path, size_t max, bool guarded, struct file_text *file, char *cause)
{
    /* O_NONBLOCK: a FIFO in the file's place must not make us wait. */
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
    if (fd < 0)
        return fail(
            cause, errno == ENOENT ? ERR_NOT_FOUND : ERR_IO, "cannot be read", strerror(errno));
    enum err err = read_fd(fd, max, guarded, file, cause);
    close(fd);
    return err;
}

static bool write_all(int fd, const char *text, size_t n)
{
    while (n > 0) {
        ssize_t put = write(fd, text, n);
        if (put < 0 && errno == EINTR)
            continue;
        if (put < 0)
            return false;
        text += put;
        n -= (size_t)put;
    }
    return true;
}

/* The name of a file is on disk with its folder. One that cannot be synced is no reason to say that
 * the file is not there. */
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

/* Writes a file that was just made and closes it; 0, or errno. */
static int fill(int fd, const char *text, size_t n)
{
    bool is_written = write_all(fd, text, n) && fsync(fd) == 0;
    int error = is_written ? 0 : errno;
    if (close(fd) != 0 && is_written)
        error = errno;
    return error;
}

enum err file_create(const char *path, mode_t mode, const char *text, size_t n, char *cause)
{
    int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, mode);
    if (fd < 0)
        return fail(cause, errno == EEXIST ? ERR_FULL : ERR_IO, "cannot be made", strerror(errno));
    int error = fill(fd, text, n);
    if (error) {
        unlink(path);
        return fail(cause, ERR_IO, "cannot be written", strerror(error));
    }
    sync_folder(path);
    return ERR_OK;
}

/* What stands beside from a process that ended is removed: its mode may be another. */
static enum err write_beside(
    const char *path, const char *beside, mode_t mode, struct file_text text, char *cause)
{
    unlink(beside);
    int fd = open(beside, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, mode);
    if (fd < 0)
        return fail(cause, ERR_IO, "cannot be made", strerror(errno));
    int error = fill(fd, text.text, text.n);
    if (!error && rename(beside, path) != 0)
        error = errno;
    if (error) {
        unlink(beside);
        return fail(cause, ERR_IO, "cannot be written", strerror(error));
    }
    sync_folder(path);
    return ERR_OK;
}

enum err file_replace(const char *path, mode_t mode, const char *text, size_t n, char *cause)
{
    char *beside;
    if (asprintf(&beside, "%s.new", path) < 0)
        return fail(cause, ERR_NO_MEMORY, "cannot be written", "out of memory");
    enum err err = write_beside(path, beside, mode, (struct file_text){(char *)text, n}, cause);
    free(beside);
    return err;
}
