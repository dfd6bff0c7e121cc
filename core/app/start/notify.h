/* What a service manager is told: sd_notify(3)'s protocol, lines in a datagram to $NOTIFY_SOCKET.
 * Where that is not set nothing is sent. While the loop turns, the watchdog hears of it, twice in
 * each $WATCHDOG_USEC. */
#ifndef APP_NOTIFY_H
#define APP_NOTIFY_H

#include <stdbool.h>
#include <sys/un.h>
#include <uv.h>

struct notify {
    int fd; /* -1: nobody is told */
    struct sockaddr_un at;
    socklen_t at_n;
    uv_timer_t watchdog; /* does not keep the loop alive */
};

/* All-zero is not open: notify_open comes first. */
void notify_open(struct notify *notify, uv_loop_t *loop);
void notify_ready(struct notify *notify);
void notify_stopping(struct notify *notify);
/* Closes the timer; the loop must run once more. */
void notify_close(struct notify *notify);

#endif
