/* A few pages over HTTP/1.1, for those who watch this process: GET and HEAD, no upgrades, no TLS.
 * libmicrohttpd reads and writes HTTP on the caller's loop, which watches its epoll descriptor.
 *
 * What clients can make it hold: HTTP_CONNECTIONS_MAX connections, and of each 8 KiB of buffers and
 * one page, which those share who ask while it is fresh. Who comes when all places are taken gets
 * that of another, by the order of places.h, so that slow and silent clients keep nobody out. A
 * request that has not arrived whole within patience_s, counted from the one before, and a page
 * that has not been taken within patience_s end the connection.
 *
 * Life: http_open -> http_close -> (the loop runs until its handles are gone) -> http_free, before
 * uv_loop_close, which then returns 0. */
#ifndef HTTP_HTTP_H
#define HTTP_HTTP_H

#include "addr/addr.h"
#include "http/places.h"
#include <uv.h>

#define HTTP_CONNECTIONS_MAX PLACES_MAX
#define HTTP_PATIENCE_S 10 /* as a rule */
#define HTTP_PAUSE_MS 1000 /* after an accept that failed, for want of descriptors as a rule */

struct http;

/* 0 in status: there is no such page. */
struct http_page {
    unsigned status;  /* 200, 503 ... */
    const char *type; /* static text: "text/plain; charset=utf-8" */
    char *body;       /* heap, taken over */
    size_t n;
    unsigned fresh_ms; /* for so long it is what everybody gets at this path; 0: it is made anew */
};

struct http_settings {
    uv_loop_t *loop; /* borrowed */
    struct endpoint at;
    unsigned patience_s;
    /* Fills the page at a path such as "/metrics", which comes without a query. */
    void (*serve)(void *context, const char *path, struct http_page *page);
    void *context;
};

/* Listens, and answers while the loop runs. ERR_IO, *why (static text) names the step, or
 * ERR_NO_MEMORY; then too *http, which may be NULL, is to be closed and freed. */
enum err http_open(const struct http_settings *settings, struct http **http, const char **why);
/* Where it listens: the port that the system chose for port 0. */
struct endpoint http_endpoint(const struct http *http);
/* Begins to close every handle; no page is asked for after it. NULL and twice are fine. */
void http_close(struct http *http);
/* NULL is fine. */
void http_free(struct http *http);

#endif
