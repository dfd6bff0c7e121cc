#include "http/http.h"

#include "base/now.h"
#include "uv/listener.h"
#include <errno.h>
#include <microhttpd.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define BUFFERS_MAX 8192 /* bytes of a connection */
#define SWEEP_MS 1000    /* how often connections are looked at that are late */
#define TEXT_TYPE "text/plain; charset=utf-8"

struct connection {
    int fd;              /* 0: this place is free */
    int64_t deadline_ms; /* of the loop's clock; NEVER_MS: it was cut off */
};

struct http {
    struct http_settings settings;
    struct MHD_Daemon *daemon;
    int fd;              /* that listens */
    uv_poll_t knocks;    /* at it */
    uv_poll_t traffic;   /* of all connections: the daemon's epoll descriptor */
    uv_timer_t pause;    /* after an accept that failed */
    uv_timer_t next_run; /* of the daemon, and the next sweep */
    struct connection connections[HTTP_CONNECTIONS_MAX];
    unsigned connections_n;
    bool is_closing;
};

/* ---- answers ---- */

static void set_text(struct http_page *page, unsigned status, const char *text)
{
    char *body = strdup(text);
    *page = (struct http_page){status, TEXT_TYPE, body, body ? strlen(body) : 0};
}

/* Takes the page's body. MHD_NO closes the connection. */
static enum MHD_Result answer(struct MHD_Connection *to, const struct http_page *page, bool is_last)
{
    struct MHD_Response *response = page->body
        ? MHD_create_response_from_buffer(page->n, page->body, MHD_RESPMEM_MUST_FREE)
        : NULL;
    if (!response) {
        free(page->body);
        return MHD_NO;
    }
    MHD_add_response_header(response, MHD_HTTP_HEADER_CONTENT_TYPE, page->type);
    if (is_last)
        MHD_add_response_header(response, MHD_HTTP_HEADER_CONNECTION, "close");
    enum MHD_Result result = MHD_queue_response(to, page->status, response);
    MHD_destroy_response(response);
    return result;
}

/* Its next step may take patience_s. */
static void allow(struct http *http, struct MHD_Connection *to)
{
    const union MHD_ConnectionInfo *info =
        MHD_get_connection_info(to, MHD_CONNECTION_INFO_SOCKET_CONTEXT);
    struct connection *connection = info ? info->socket_context : NULL;
    if (connection && connection->deadline_ms != NEVER_MS)
        connection->deadline_ms =
            (int64_t)uv_now(http->settings.loop) + SECONDS_MS((int64_t)http->settings.patience_s);
}

/* Called when the headers are there, for each part of a body, and at the end of the request;
 * `*request` is NULL at first. */
static enum MHD_Result on_request(void *context, struct MHD_Connection *from, const char *path,
    const char *method, const char *version, const char *body, size_t *body_n, void **request)
{
    struct http *http = context;
    struct http_page page = {0};
    (void)version;
    (void)body;
    if (strcmp(method, MHD_HTTP_METHOD_GET) != 0 && strcmp(method, MHD_HTTP_METHOD_HEAD) != 0) {
        set_text(&page, MHD_HTTP_METHOD_NOT_ALLOWED, "only GET and HEAD\n");
        return answer(from, &page, true);
    }
    if (!*request) {
        *request = http;
        allow(http, from);
        return MHD_YES;
    }
    if (*body_n > 0) {
        *body_n = 0;
        return MHD_YES;
    }
    http->settings.serve(http->settings.context, path, &page);
    if (page.status == 0)
        set_text(&page, MHD_HTTP_NOT_FOUND, "no such page\n");
    return answer(from, &page, false);
}

static void on_request_done(
    void *context, struct MHD_Connection *from, void **request, enum MHD_RequestTerminationCode how)
{
    (void)request;
    (void)how;
    allow(context, from);
}

/* ---- connections ---- */

static struct connection *free_place(struct http *http)
{
    for (unsigned i = 0; i < HTTP_CONNECTIONS_MAX; i++)
        if (http->connections[i].fd == 0)
            return &http->connections[i];
    return NULL;
}

static void on_connection(void *context, struct MHD_Connection *of, void **place,
    enum MHD_ConnectionNotificationCode what)
{
    struct http *http = context;
    struct connection *connection = *place;
    if (what == MHD_CONNECTION_NOTIFY_STARTED) {
        const union MHD_ConnectionInfo *info =
            MHD_get_connection_info(of, MHD_CONNECTION_INFO_CONNECTION_FD);
        *place = connection = free_place(http);
        if (!info || !connection)
            return;
        connection->fd = info->connect_fd;
        http->connections_n++;
        allow(http, of);
    } else if (connection) {
        *connection = (struct connection){0};
        http->connections_n--;
    }
}

/* Late ones are shut down; the daemon sees their end. */
static void sweep(struct http *http)
{
    int64_t now_ms = (int64_t)uv_now(http->settings.loop);
    for (unsigned i = 0; i < HTTP_CONNECTIONS_MAX; i++) {
        struct connection *connection = &http->connections[i];
        if (connection->fd == 0 || now_ms < connection->deadline_ms)
            continue;
        connection->deadline_ms = NEVER_MS;
        shutdown(connection->fd, SHUT_RDWR);
    }
}

static void on_next_run(uv_timer_t *timer);

static void run(struct http *http)
{
    MHD_UNSIGNED_LONG_LONG wait_ms;
    sweep(http);
    MHD_run(http->daemon);
    if (MHD_get_timeout(http->daemon, &wait_ms) != MHD_YES || wait_ms > SWEEP_MS)
        wait_ms = SWEEP_MS;
    if (http->connections_n > 0)
        uv_timer_start(&http->next_run, on_next_run, wait_ms, 0);
    else
        uv_timer_stop(&http->next_run);
}

static void on_next_run(uv_timer_t *timer)
{
    run(timer->data);
}

static void on_traffic(uv_poll_t *poll, int status, int events)
{
    (void)status;
    (void)events;
    run(poll->data);
}

static void on_pause_over(uv_timer_t *timer);

static void on_knock(uv_poll_t *poll, int status, int events)
{
    struct http *http = poll->data;
    struct sockaddr_storage from;
    socklen_t from_n = sizeof from;
    (void)events;
    int fd = accept4(http->fd, (struct sockaddr *)&from, &from_n, SOCK_NONBLOCK | SOCK_CLOEXEC);
    if (status < 0 || (fd < 0 && (errno == EMFILE || errno == ENFILE || errno == ENOMEM))) {
        uv_poll_stop(poll);
        uv_timer_start(&http->pause, on_pause_over, HTTP_PAUSE_MS, 0);
    }
    if (fd < 0)
        return;
    if (http->connections_n == HTTP_CONNECTIONS_MAX) {
        close(fd);
        return;
    }
    MHD_add_connection(http->daemon, fd, (struct sockaddr *)&from, from_n); /* closes on failure */
    run(http);
}

static void on_pause_over(uv_timer_t *timer)
{
    struct http *http = timer->data;
    uv_poll_start(&http->knocks, UV_READABLE, on_knock);
}

/* ---- life ---- */

static bool start_daemon(struct http *http)
{
    http->daemon =
        MHD_start_daemon(MHD_USE_EPOLL | MHD_USE_NO_LISTEN_SOCKET, 0, NULL, NULL, on_request, http,
            MHD_OPTION_NOTIFY_COMPLETED, on_request_done, http, MHD_OPTION_NOTIFY_CONNECTION,
            on_connection, http, MHD_OPTION_CONNECTION_LIMIT, (unsigned)HTTP_CONNECTIONS_MAX,
            MHD_OPTION_CONNECTION_MEMORY_LIMIT, (size_t)BUFFERS_MAX, MHD_OPTION_END);
    return http->daemon != NULL;
}

enum err http_open(const struct http_settings *settings, struct http **http, const char **why)
{
    struct http *made = calloc(1, sizeof *made);
    *http = NULL;
    if (!made)
        return ERR_NO_MEMORY;
    made->settings = *settings;
    enum err err = listener_socket(&settings->at, &made->fd, why);
    if (!err && !start_daemon(made)) {
        close(made->fd);
        *why = "libmicrohttpd does not start";
        err = ERR_IO;
    }
    if (err) {
        free(made);
        return err;
    }
    const union MHD_DaemonInfo *info = MHD_get_daemon_info(made->daemon, MHD_DAEMON_INFO_EPOLL_FD);
    uv_timer_init(settings->loop, &made->pause);
    uv_timer_init(settings->loop, &made->next_run);
    uv_poll_init(settings->loop, &made->knocks, made->fd);
    uv_poll_init(settings->loop, &made->traffic, info->epoll_fd);
    made->knocks.data = made->traffic.data = made->pause.data = made->next_run.data = made;
    uv_poll_start(&made->knocks, UV_READABLE, on_knock);
    uv_poll_start(&made->traffic, UV_READABLE, on_traffic);
    *http = made;
    return ERR_OK;
}

struct endpoint http_endpoint(const struct http *http)
{
    return listener_bound(http->fd);
}

void http_close(struct http *http)
{
    if (!http || http->is_closing)
        return;
    http->is_closing = true;
    uv_close((uv_handle_t *)&http->knocks, NULL);
    uv_close((uv_handle_t *)&http->traffic, NULL);
    uv_close((uv_handle_t *)&http->pause, NULL);
    uv_close((uv_handle_t *)&http->next_run, NULL);
    MHD_stop_daemon(http->daemon);
    close(http->fd);
}

void http_free(struct http *http)
{
    free(http); /* http_close ended everything else */
}
