#include "http/http.h"

#include "uv/listener.h"
#include <assert.h>
#include <errno.h>
#include <libwebsockets.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define CHUNK_MAX 16384 /* bytes of a page that are written at once */
#define OWN_SOCKETS 8   /* of libwebsockets itself, generously */

struct http {
    struct http_settings settings;
    struct lws_context *lws;
    struct lws_vhost *vhost;
    int fd; /* that listens */
    uv_poll_t poll;
    uv_timer_t pause; /* after an accept that failed */
    unsigned connections;
    bool is_closing;
};

/* One request of a connection; libwebsockets keeps it, zeroed at first. */
struct visit {
    char *body;
    size_t n, sent;
    bool is_last; /* of this connection */
};

static struct http *http_of(struct lws *wsi)
{
    return lws_context_user(lws_get_context(wsi));
}

/* ---- answers: what they return, 0 to go on and -1 to close, is libwebsockets' ---- */

static void leave(struct visit *visit)
{
    free(visit->body);
    *visit = (struct visit){0};
}

static int end_request(struct lws *wsi, struct visit *visit)
{
    bool is_last = visit->is_last;
    leave(visit);
    return is_last || lws_http_transaction_completed(wsi) ? -1 : 0;
}

static int write_headers(struct lws *wsi, const struct http_page *page)
{
    unsigned char buffer[LWS_PRE + 1024];
    unsigned char *start = buffer + LWS_PRE, *at = start, *end = buffer + sizeof buffer - 1;
    return lws_add_http_common_headers(wsi, page->status, page->type, page->n, &at, end) ||
        lws_finalize_write_http_header(wsi, start, &at, end);
}

static void set_text(struct http_page *page, unsigned status, const char *text)
{
    char *body = strdup(text);
    *page = (struct http_page){status, "text/plain; charset=utf-8", body, body ? strlen(body) : 0};
}

static int begin_request(struct lws *wsi, struct visit *visit, const char *path)
{
    struct http *http = http_of(wsi);
    bool is_head = lws_hdr_total_length(wsi, WSI_TOKEN_HEAD_URI) > 0;
    struct http_page page = {0};
    leave(visit);
    if (!is_head && lws_hdr_total_length(wsi, WSI_TOKEN_GET_URI) <= 0) {
        set_text(&page, HTTP_STATUS_METHOD_NOT_ALLOWED, "only GET and HEAD\n");
        visit->is_last = true; /* a body may follow */
    } else {
        http->settings.serve(http->settings.context, path, &page);
    }
    if (page.status == 0)
        set_text(&page, HTTP_STATUS_NOT_FOUND, "no such page\n");
    visit->body = page.body;
    visit->n = is_head ? 0 : page.n;
    if (!page.body || write_headers(wsi, &page))
        return -1;
    if (visit->n == 0)
        return end_request(wsi, visit);
    lws_set_timeout(wsi, PENDING_TIMEOUT_HTTP_CONTENT, (int)http->settings.patience_s);
    lws_callback_on_writable(wsi);
    return 0;
}

static int go_on(struct lws *wsi, struct visit *visit)
{
    unsigned char buffer[LWS_PRE + CHUNK_MAX];
    size_t n = visit->n - visit->sent;
    if (n == 0)
        return 0;
    if (n > CHUNK_MAX)
        n = CHUNK_MAX;
    bool is_final = visit->sent + n == visit->n;
    memcpy(buffer + LWS_PRE, visit->body + visit->sent, n);
    visit->sent += n;
    if (lws_write(wsi, buffer + LWS_PRE, n, is_final ? LWS_WRITE_HTTP_FINAL : LWS_WRITE_HTTP) < 0)
        return -1;
    if (is_final)
        return end_request(wsi, visit);
    lws_callback_on_writable(wsi);
    return 0;
}

static int on_event(
    struct lws *wsi, enum lws_callback_reasons reason, void *user, void *in, size_t n)
{
    (void)n;
    switch (reason) {
    case LWS_CALLBACK_HTTP:
        return begin_request(wsi, user, in);
    case LWS_CALLBACK_HTTP_WRITEABLE:
        return go_on(wsi, user);
    case LWS_CALLBACK_HTTP_BODY:
    case LWS_CALLBACK_HTTP_BODY_COMPLETION:
        return 0;
    case LWS_CALLBACK_HTTP_CONFIRM_UPGRADE:
        return -1;
    case LWS_CALLBACK_HTTP_DROP_PROTOCOL:
    case LWS_CALLBACK_CLOSED_HTTP:
        if (user)
            leave(user);
        return 0;
    case LWS_CALLBACK_WSI_DESTROY:
        http_of(wsi)->connections -= lws_get_opaque_user_data(wsi) != NULL;
        return 0;
    default:
        return lws_callback_http_dummy(wsi, reason, user, in, n);
    }
}

/* ---- connections ---- */

static void on_pause_over(uv_timer_t *timer);

static void on_knock(uv_poll_t *poll, int status, int events)
{
    struct http *http = poll->data;
    (void)events;
    int fd = accept4(http->fd, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
    if (status < 0 || (fd < 0 && (errno == EMFILE || errno == ENFILE || errno == ENOMEM))) {
        uv_poll_stop(poll);
        uv_timer_start(&http->pause, on_pause_over, HTTP_PAUSE_MS, 0);
    }
    if (fd < 0)
        return;
    if (http->connections == HTTP_CONNECTIONS_MAX) {
        close(fd);
        return;
    }
    const lws_adopt_desc_t newcomer = {
        .vh = http->vhost,
        .type = LWS_ADOPT_HTTP | LWS_ADOPT_SOCKET,
        .fd.sockfd = fd,
        .opaque = http,
    };
    http->connections += lws_adopt_descriptor_vhost_via_info(&newcomer) != NULL;
}

static void on_pause_over(uv_timer_t *timer)
{
    struct http *http = timer->data;
    uv_poll_start(&http->poll, UV_READABLE, on_knock);
}

/* ---- life ---- */

static const char *open_lws(struct http *http)
{
    static const struct lws_protocols protocols[] = {
        {"http", on_event, sizeof(struct visit), 0, 0, NULL, 0}, {0}};
    void *loops[] = {http->settings.loop};
    struct lws_context_creation_info info = {
        .options = LWS_SERVER_OPTION_LIBUV | LWS_SERVER_OPTION_EXPLICIT_VHOSTS,
        .foreign_loops = loops,
        .user = http,
        .port = CONTEXT_PORT_NO_LISTEN_SERVER,
        .protocols = protocols,
        .server_string = "luapex",
        .fd_limit_per_thread = HTTP_CONNECTIONS_MAX + OWN_SOCKETS,
        .max_http_header_pool = HTTP_CONNECTIONS_MAX,
        .timeout_secs = http->settings.patience_s,
        .timeout_secs_ah_idle = http->settings.patience_s,
        .keepalive_timeout = HTTP_IDLE_S,
    };
    lws_set_log_level(0, NULL);
    http->lws = lws_create_context(&info);
    if (!http->lws)
        return "libwebsockets does not run on libuv; is libwebsockets-evlib-uv installed?";
    info.options = 0;
    http->vhost = lws_create_vhost(http->lws, &info);
    return http->vhost ? NULL : "libwebsockets cannot serve";
}

enum err http_open(const struct http_settings *settings, struct http **http, const char **why)
{
    struct http *made = calloc(1, sizeof *made);
    *http = NULL;
    if (!made)
        return ERR_NO_MEMORY;
    made->settings = *settings;
    enum err err = listener_socket(&settings->at, &made->fd, why);
    if (err) {
        free(made);
        return err;
    }
    uv_timer_init(settings->loop, &made->pause);
    uv_poll_init(settings->loop, &made->poll, made->fd);
    made->poll.data = made->pause.data = made;
    *http = made;
    const char *failed = open_lws(made);
    if (failed) {
        *why = failed;
        return ERR_IO;
    }
    uv_poll_start(&made->poll, UV_READABLE, on_knock);
    return ERR_OK;
}

struct endpoint http_endpoint(const struct http *http)
{
    return listener_bound(http->fd);
}

static void on_poll_closed(uv_handle_t *handle)
{
    close(((struct http *)handle->data)->fd);
}

void http_close(struct http *http)
{
    if (!http || http->is_closing)
        return;
    http->is_closing = true;
    uv_close((uv_handle_t *)&http->poll, on_poll_closed);
    uv_close((uv_handle_t *)&http->pause, NULL);
    if (http->lws)
        lws_context_destroy(http->lws);
}

void http_free(struct http *http)
{
    if (!http)
        return;
    /* the first call closed its handles on the loop, this one frees it */
    if (http->lws)
        lws_context_destroy(http->lws);
    free(http);
}
