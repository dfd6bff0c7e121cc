#include "http/http.h"

#include "base/now.h"
#include "http/places.h"
#include "uv/listener.h"
#include "uv/sockaddr.h"
#include <errno.h>
#include <microhttpd.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define BUFFERS_MAX 8192 /* bytes of a connection */
#define SWEEP_MS 1000    /* how often connections are looked at that are late */
#define CUT_RUNS_MAX 4   /* of the daemon, until it has let go of one that was cut off */
#define TEXT_TYPE "text/plain; charset=utf-8"
#define KEPT_PATH_MAX 64

/* The page made last that may be given again. */
struct kept {
    struct MHD_Response *response; /* NULL: none */
    unsigned status;
    char path[KEPT_PATH_MAX];
    uint64_t until_ms;
};

struct http {
    struct http_settings settings;
    struct MHD_Daemon *daemon;
    int fd;              /* that listens */
    uv_poll_t knocks;    /* at it */
    uv_poll_t traffic;   /* of all connections: the daemon's epoll descriptor */
    uv_timer_t pause;    /* after an accept that failed */
    uv_timer_t next_run; /* of the daemon, and the next sweep */
    struct places places;
    struct kept kept;
    bool is_closing;
};

/* ---- answers ---- */

static void set_text(struct http_page *page, unsigned status, const char *text)
{
    char *body = strdup(text);
    *page = (struct http_page){status, TEXT_TYPE, body, body ? strlen(body) : 0, 0};
}

/* Its next step may take patience_s. */
static void allow(struct http *http, struct MHD_Connection *to, bool is_answered)
{
    const union MHD_ConnectionInfo *info =
        MHD_get_connection_info(to, MHD_CONNECTION_INFO_SOCKET_CONTEXT);
    int64_t now_ms = (int64_t)uv_now(http->settings.loop);
    if (info && info->socket_context)
        places_step(&http->places, info->socket_context, is_answered,
            now_ms + SECONDS_MS((int64_t)http->settings.patience_s));
}

/* Takes the page's body; NULL: no memory. */
static struct MHD_Response *response_of(const struct http_page *page)
{
    struct MHD_Response *response = page->body
        ? MHD_create_response_from_buffer(page->n, page->body, MHD_RESPMEM_MUST_FREE)
        : NULL;
    if (response)
        MHD_add_response_header(response, MHD_HTTP_HEADER_CONTENT_TYPE, page->type);
    else
        free(page->body);
    return response;
}

/* MHD_NO closes the connection. */
static enum MHD_Result answer(
    struct http *http, struct MHD_Connection *to, unsigned status, struct MHD_Response *response)
{
    if (!response)
        return MHD_NO;
    allow(http, to, true);
    return MHD_queue_response(to, status, response);
}

static void drop_kept(struct kept *kept)
{
    if (kept->response)
        MHD_destroy_response(kept->response); /* once nobody is given it */
    kept->response = NULL;
}

static bool is_fresh(const struct http *http, const char *path)
{
    return http->kept.response && strcmp(http->kept.path, path) == 0 &&
        uv_now(http->settings.loop) < http->kept.until_ms;
}

/* Keeps what is given to others too. */
static void keep(struct http *http, const char *path, const struct http_page *page,
    struct MHD_Response *response)
{
    drop_kept(&http->kept);
    http->kept =
        (struct kept){response, page->status, "", uv_now(http->settings.loop) + page->fresh_ms};
    memcpy(http->kept.path, path, strlen(path));
}

static enum MHD_Result answer_page(struct http *http, struct MHD_Connection *to, const char *path)
{
    struct http_page page = {0};
    if (is_fresh(http, path))
        return answer(http, to, http->kept.status, http->kept.response);
    http->settings.serve(http->settings.context, path, &page);
    if (page.status == 0)
        set_text(&page, MHD_HTTP_NOT_FOUND, "no such page\n");
    struct MHD_Response *response = response_of(&page);
    enum MHD_Result result = answer(http, to, page.status, response);
    if (response && page.fresh_ms > 0 && strlen(path) < KEPT_PATH_MAX)
        keep(http, path, &page, response);
    else if (response)
        MHD_destroy_response(response);
    return result;
}

static enum MHD_Result refuse_method(struct http *http, struct MHD_Connection *to)
{
    struct http_page page;
    set_text(&page, MHD_HTTP_METHOD_NOT_ALLOWED, "only GET and HEAD\n");
    struct MHD_Response *response = response_of(&page);
    if (response)
        MHD_add_response_header(response, MHD_HTTP_HEADER_CONNECTION, "close");
    enum MHD_Result result = answer(http, to, page.status, response);
    if (response)
        MHD_destroy_response(response);
    return result;
}

/* Called when the headers are there, for each part of a body, and at the end of the request;
 * `*request` is NULL at first. */
static enum MHD_Result on_request(void *context, struct MHD_Connection *from, const char *path,
    const char *method, const char *version, const char *body, size_t *body_n, void **request)
{
    struct http *http = context;
    (void)version;
    (void)body;
    if (strcmp(method, MHD_HTTP_METHOD_GET) != 0 && strcmp(method, MHD_HTTP_METHOD_HEAD) != 0)
        return refuse_method(http, from);
    if (!*request) {
        *request = http;
        return MHD_YES;
    }
    if (*body_n > 0) {
        *body_n = 0;
        return MHD_YES;
    }
    return answer_page(http, from, path);
}

static void on_request_done(
    void *context, struct MHD_Connection *from, void **request, enum MHD_RequestTerminationCode how)
{
    (void)request;
    (void)how;
    allow(context, from, false);
}

/* ---- connections ---- */

static void enter(struct http *http, struct MHD_Connection *of, void **place)
{
    const union MHD_ConnectionInfo *fd =
        MHD_get_connection_info(of, MHD_CONNECTION_INFO_CONNECTION_FD);
    const union MHD_ConnectionInfo *from =
        MHD_get_connection_info(of, MHD_CONNECTION_INFO_CLIENT_ADDRESS);
    if (!fd || !from)
        return;
    struct endpoint remote = sockaddr_to_endpoint(from->client_addr);
    *place = places_take(&http->places, fd->connect_fd, &remote.ip);
    if (*place)
        allow(http, of, false);
}

static void on_connection(void *context, struct MHD_Connection *of, void **place,
    enum MHD_ConnectionNotificationCode what)
{
    struct http *http = context;
    if (what == MHD_CONNECTION_NOTIFY_STARTED)
        enter(http, of, place);
    else if (*place)
        places_leave(&http->places, *place);
}

/* The daemon sees its end when it runs. */
static void cut(struct place *place)
{
    place->is_cut = true;
    shutdown(place->fd, SHUT_RDWR);
}

static void sweep(struct http *http)
{
    struct place *late;
    while ((late = places_late(&http->places, (int64_t)uv_now(http->settings.loop))) != NULL)
        cut(late);
}

/* False: nobody could be made to go. */
static bool make_room(struct http *http)
{
    struct place *weakest =
        http->places.n == HTTP_CONNECTIONS_MAX ? places_weakest(&http->places) : NULL;
    if (weakest)
        cut(weakest);
    for (unsigned i = 0; i < CUT_RUNS_MAX && http->places.n == HTTP_CONNECTIONS_MAX; i++)
        MHD_run(http->daemon);
    return http->places.n < HTTP_CONNECTIONS_MAX;
}

static void on_next_run(uv_timer_t *timer);

static void run(struct http *http)
{
    MHD_UNSIGNED_LONG_LONG wait_ms;
    sweep(http);
    MHD_run(http->daemon);
    if (MHD_get_timeout(http->daemon, &wait_ms) != MHD_YES || wait_ms > SWEEP_MS)
        wait_ms = SWEEP_MS;
    if (http->places.n > 0)
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
    if (!make_room(http)) {
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
    drop_kept(&http->kept);
    close(http->fd);
}

void http_free(struct http *http)
{
    free(http); /* http_close ended everything else */
}
