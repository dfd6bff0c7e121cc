#include "uv/listener.h"

#include "uv/sockaddr.h"
#include "uv/state.h"
#include "uv/tcp.h"
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <unistd.h>

static int open_reserve(void)
{
    return open("/dev/null", O_RDONLY | O_CLOEXEC);
}

void listener_init(struct listener *listener)
{
    *listener = (struct listener){.fd = -1, .reserve = -1, .resume_ms = NEVER_MS};
    listener->logged_ms = NEVER_MS;
}

static const char in_use[] =
    "the listen address is in use by another program; stop that one, or set another";

/* NULL when it listens, else what failed (with errno). */
static const char *bind_and_listen(int fd, const struct endpoint *at)
{
    struct sockaddr_storage address;
    socklen_t n = sockaddr_of_endpoint(at, &address);
    const int on = 1, off = 0;
    if (setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on) != 0)
        return "cannot set SO_REUSEADDR on the listening socket";
    /* accepted sockets inherit it */
    if (setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on) != 0)
        return "cannot set TCP_NODELAY on the listening socket";
    if (address.ss_family == AF_INET6 &&
        setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &off, sizeof off) != 0)
        return "cannot open the listening socket for both IPv6 and IPv4";
    if (bind(fd, (struct sockaddr *)&address, n) != 0) {
        if (errno == EADDRINUSE)
            return in_use;
        if (errno == EADDRNOTAVAIL)
            return "the listen address is none of this machine's";
        return errno == EACCES ? "no permission to bind the listen address"
                               : "cannot bind the listen address";
    }
    if (listen(fd, LISTENER_BACKLOG) != 0)
        return errno == EADDRINUSE ? in_use : "cannot listen";
    return NULL;
}

enum err listener_socket(const struct endpoint *at, int *fd, const char **why)
{
    int family = ip_is_v4(&at->ip) ? AF_INET : AF_INET6;
    int made = socket(family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    const char *failed = made < 0 ? "cannot open a listening socket" : bind_and_listen(made, at);
    if (!failed) {
        *fd = made;
        return ERR_OK;
    }
    if (made >= 0)
        close(made);
    *why = failed;
    return ERR_IO;
}

struct endpoint listener_bound(int fd)
{
    struct sockaddr_storage bound = {0};
    socklen_t n = sizeof bound;
    if (getsockname(fd, (struct sockaddr *)&bound, &n) != 0)
        return (struct endpoint){0};
    return sockaddr_to_endpoint((struct sockaddr *)&bound);
}

enum err listener_open(struct listener *listener, const struct endpoint *at, const char **why)
{
    int fd;
    enum err err = listener_socket(at, &fd, why);
    if (err)
        return err;
    int reserve = open_reserve();
    if (reserve < 0) {
        close(fd);
        *why = "cannot open a reserve descriptor";
        return ERR_IO;
    }
    listener->fd = fd;
    listener->reserve = reserve;
    listener->at = listener_bound(fd);
    return ERR_OK;
}

static struct host *host_of(struct listener *listener)
{
    return listener->poll.data;
}

/* At most one line each LISTENER_LOG_EVERY_MS; errors come in floods. */
static void log_error(struct listener *listener, struct now now, int code)
{
    listener->unlogged++;
    if (listener->logged_ms != NEVER_MS &&
        now.mono_ms < listener->logged_ms + LISTENER_LOG_EVERY_MS)
        return;
    log_write(&host_of(listener)->settings->log, LOG_ERROR, "accept failed",
        LOG_TEXT("error", uv_strerror(code)), LOG_NUMBER("errors", listener->unlogged),
        LOG_NUMBER("shed", host_of(listener)->counts.shed));
    listener->logged_ms = now.mono_ms;
    listener->unlogged = 0;
}

/* Lets waiting sockets go, with the reserve descriptor, so that none hangs. */
static void shed(struct listener *listener)
{
    if (listener->reserve >= 0)
        close(listener->reserve);
    for (unsigned i = 0; i < LISTENER_BATCH; i++) {
        int fd = accept4(listener->fd, NULL, NULL, SOCK_CLOEXEC);
        if (fd < 0)
            break;
        close(fd);
        host_of(listener)->counts.shed++;
    }
    listener->reserve = open_reserve();
}

static void pause_accepting(struct listener *listener, struct now now)
{
    int64_t twice = listener->pause_ms * 2;
    listener->pause_ms = twice < LISTENER_PAUSE_MIN_MS ? LISTENER_PAUSE_MIN_MS
        : twice > LISTENER_PAUSE_MAX_MS                ? LISTENER_PAUSE_MAX_MS
                                                       : twice;
    listener->resume_ms = now.mono_ms + listener->pause_ms;
    uv_poll_stop(&listener->poll);
}

/* Errors that belong to the one connection which was waiting (accept(2), "Error handling"). */
static bool concerns_one_socket(int code)
{
    switch (code) {
    case EINTR:
    case ECONNABORTED:
    case EPROTO:
    case ENOPROTOOPT:
    case EHOSTDOWN:
    case EHOSTUNREACH:
    case ENONET:
    case ENETDOWN:
    case ENETUNREACH:
    case EOPNOTSUPP:
    case EPERM:
        return true;
    default:
        return false;
    }
}

/* False: nothing more to accept for now. */
static bool accept_one(struct listener *listener)
{
    struct host *host = host_of(listener);
    struct sockaddr_storage address;
    socklen_t n = sizeof address;
    int fd = accept4(listener->fd, (struct sockaddr *)&address, &n, SOCK_NONBLOCK | SOCK_CLOEXEC);
    if (fd >= 0) {
        listener->pause_ms = 0;
        struct endpoint remote = sockaddr_to_endpoint((struct sockaddr *)&address);
        tcp_accepted(host, fd, &remote);
        return true;
    }
    if (errno == EAGAIN || errno == EWOULDBLOCK)
        return false;
    int code = errno;
    host->counts.accept_errors++;
    if (concerns_one_socket(code))
        return true;
    struct now now = host_now(host);
    if (code == EMFILE || code == ENFILE)
        shed(listener);
    log_error(listener, now, -code);
    pause_accepting(listener, now);
    return false;
}

/* libuv has stopped the poll by then. */
static void poll_failed(struct listener *listener, int code)
{
    struct host *host = host_of(listener);
    struct now now = host_now(host);
    host->counts.accept_errors++;
    log_error(listener, now, code);
    pause_accepting(listener, now);
}

static void on_readable(uv_poll_t *poll, int status, int events)
{
    (void)events;
    struct host *host = poll->data;
    if (status < 0)
        poll_failed(&host->listener, status);
    for (unsigned i = 0; i < LISTENER_BATCH && status == 0; i++)
        if (!accept_one(&host->listener))
            break;
    host_settle(host);
}

static bool poll_start(struct listener *listener)
{
    return uv_poll_start(&listener->poll, UV_READABLE, on_readable) == 0;
}

bool listener_start(struct listener *listener, struct host *host)
{
    if (uv_poll_init(host->workspace->loop, &listener->poll, listener->fd) != 0)
        return false;
    listener->poll.data = host;
    listener->polling = true;
    host->open++;
    return poll_start(listener);
}

void listener_due(struct listener *listener, struct now now)
{
    if (now.mono_ms < listener->resume_ms)
        return;
    listener->resume_ms = NEVER_MS;
    if (!poll_start(listener))
        pause_accepting(listener, now);
}

static void on_closed(uv_handle_t *handle)
{
    host_closed_one(handle->data);
}

void listener_close(struct listener *listener)
{
    if (listener->polling)
        uv_close((uv_handle_t *)&listener->poll, on_closed);
    if (listener->fd >= 0)
        close(listener->fd);
    if (listener->reserve >= 0)
        close(listener->reserve);
    listener->polling = false;
    listener->fd = listener->reserve = -1;
    listener->resume_ms = NEVER_MS;
}
