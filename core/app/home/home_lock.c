#include "app/home/home_lock.h"

#include "app/home/home.h"
#include <fcntl.h>
#include <libgen.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

static int open_file(const char *path)
{
    char *copy = strdup(path);
    if (copy)
        mkdir(dirname(copy), 0700);
    free(copy);
    return open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
}

static void explain(const char *home, int fd, char *cause)
{
    char pid[16] = "";
    ssize_t n = pread(fd, pid, sizeof pid - 1, 0);
    pid[n > 0 ? strspn(pid, "0123456789") : 0] = 0;
    snprintf(cause, HOME_CAUSE_MAX, "%s is in use by another process%s%s%s; stop it first", home,
        *pid ? " (" : "", pid, *pid ? ")" : "");
}

static void write_pid(int fd)
{
    char pid[16];
    int n = snprintf(pid, sizeof pid, "%ld\n", (long)getpid());
    if (ftruncate(fd, 0) != 0 || pwrite(fd, pid, (size_t)n, 0) != n)
        return; /* it is only for people */
}

enum err home_lock(const struct settings *settings, int *lock, char *cause)
{
    char *path = settings_path(settings, HOME_LOCK_FILE);
    if (!path) {
        snprintf(cause, HOME_CAUSE_MAX, "out of memory");
        return ERR_NO_MEMORY;
    }
    int fd = open_file(path);
    free(path);
    if (fd >= 0 && flock(fd, LOCK_EX | LOCK_NB) != 0) {
        explain(settings->home, fd, cause);
        close(fd);
        return ERR_FULL;
    }
    if (fd >= 0)
        write_pid(fd);
    *lock = fd;
    return ERR_OK;
}

void home_unlock(int lock)
{
    if (lock >= 0)
        close(lock);
}
