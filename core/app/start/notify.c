#include "app/start/notify.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

/* A path, or with '@' first a name without a file. */
static bool find_socket(struct notify *notify)
{
    const char *path = getenv("NOTIFY_SOCKET");
    size_t n = path ? strlen(path) : 0;
    if (n < 2 || n >= sizeof notify->at.sun_path || (*path != '/' && *path != '@'))
        return false;
    notify->at.sun_family = AF_UNIX;
    memcpy(notify->at.sun_path, path, n);
    if (*path == '@')
        notify->at.sun_path[0] = 0;
    notify->at_n = (socklen_t)(offsetof(struct sockaddr_un, sun_path) + n);
    return true;
}

static void tell(const struct notify *notify, const char *lines)
{
    if (notify->fd >= 0)
        sendto(notify->fd, lines, strlen(lines), MSG_NOSIGNAL | MSG_DONTWAIT,
            (const struct sockaddr *)&notify->at, notify->at_n);
}

static void on_watchdog(uv_timer_t *timer)
{
    tell(timer->data, "WATCHDOG=1");
}

/* 0: there is no watchdog, or it is another process's. */
static uint64_t watchdog_ms(void)
{
    const char *us = getenv("WATCHDOG_USEC"), *pid = getenv("WATCHDOG_PID");
    if (!us || (pid && strtoll(pid, NULL, 10) != getpid()))
        return 0;
    return strtoull(us, NULL, 10) / 1000;
}

void notify_open(struct notify *notify, uv_loop_t *loop)
{
    *notify = (struct notify){.fd = -1};
    uv_timer_init(loop, &notify->watchdog);
    uv_unref((uv_handle_t *)&notify->watchdog);
    notify->watchdog.data = notify;
    if (!find_socket(notify))
        return;
    notify->fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    uint64_t half_ms = watchdog_ms() / 2;
    if (half_ms > 0)
        uv_timer_start(&notify->watchdog, on_watchdog, half_ms, half_ms);
}

void notify_ready(struct notify *notify)
{
    tell(notify, "READY=1");
}

void notify_stopping(struct notify *notify)
{
    tell(notify, "STOPPING=1");
}

void notify_close(struct notify *notify)
{
    if (notify->fd >= 0)
        close(notify->fd);
    notify->fd = -1;
    uv_close((uv_handle_t *)&notify->watchdog, NULL);
}
