/* The listening socket of a host. It accepts by itself, without uv_listen: libuv repeats a failing
 * accept at once and for ever when even its reserve descriptor is gone, and it picks no moment to
 * try again.
 *
 * Accept errors never end the process (F19). Errors of a single connection are counted and skipped.
 * When descriptors run out, the reserve descriptor is given up for a moment to accept and close the
 * sockets that wait, so that their owners learn at once that there is no room; then, as after any
 * other error, accepting pauses for 10 ms, doubling up to 1 s while it goes on. */
#ifndef UV_LISTENER_H
#define UV_LISTENER_H

#include "addr/addr.h"
#include "base/now.h"
#include <uv.h>

#define LISTENER_BACKLOG 4096 /* a burst waits there; what is beyond is not answered */
#define LISTENER_BATCH 32     /* sockets taken between two looks at the rest of the loop */
#define LISTENER_PAUSE_MIN_MS 10
#define LISTENER_PAUSE_MAX_MS 1000
#define LISTENER_LOG_EVERY_MS 10000

struct host;

struct listener {
    uv_poll_t poll;
    int fd;      /* -1: does not listen */
    int reserve; /* kept open to be given up; -1: lost */
    bool polling;
    struct endpoint at;
    int64_t pause_ms;  /* length of the running pause, 0: none */
    int64_t resume_ms; /* NEVER_MS unless paused */
    int64_t logged_ms; /* an accept error was logged then, NEVER_MS: not yet */
    uint64_t unlogged; /* accept errors since */
};

/* A socket that is bound to `at` and listens, for whoever accepts from it; an IPv6 one takes IPv4
 * too. ERR_IO, *why (static text) names the step. */
enum err listener_socket(const struct endpoint *at, int *fd, const char **why);
/* Where it listens: the port that the system chose for port 0. */
struct endpoint listener_bound(int fd);

void listener_init(struct listener *listener);
/* Binds `at` and listens, without accepting yet. ERR_IO, *why names the step. */
enum err listener_open(struct listener *listener, const struct endpoint *at, const char **why);
/* Begins to accept; false when libuv refuses the socket. */
bool listener_start(struct listener *listener, struct host *host);
/* The pause may be over. */
void listener_due(struct listener *listener, struct now now);
/* Stops listening; a started one tells host_closed_one. Twice is fine. */
void listener_close(struct listener *listener);

#endif
