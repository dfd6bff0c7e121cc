#include "app/metrics/metrics_server.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define TYPE_TEXT "text/plain; charset=utf-8"
#define TYPE_METRICS "text/plain; version=0.0.4; charset=utf-8"
#define STATUS_OK 200
#define STATUS_NO_MEMORY 500
#define STATUS_UNAVAILABLE 503

static bool is_served(const struct member *member)
{
    return member->settings.instrumentation.prometheus;
}

/* ---- /metrics ---- */

static void serve_metrics(const struct metrics_server *server, struct http_page *page)
{
    struct metrics_node nodes[MEMBERS_MAX];
    struct http_page made = {STATUS_OK, TYPE_METRICS, NULL, 0, METRICS_SERVER_FRESH_MS};
    size_t nodes_n = 0;
    for (size_t i = 0; i < server->members_n; i++)
        nodes_n +=
            is_served(&server->members[i]) && member_metrics(&server->members[i], &nodes[nodes_n]);
    if (metrics_text(nodes, nodes_n, &made.body, &made.n) == ERR_OK)
        *page = made;
}

/* ---- /healthz, /readyz ---- */

/* NULL, or what is wrong with a node. */
typedef const char *complaint(const struct member *member);

static const char *unhealthy(const struct member *member)
{
    const struct runner *runner = &member->runner;
    if (runner->aborted)
        return runner->aborted;
    return runner->is_started && !runner->is_stopped ? NULL : "does not run";
}

static bool had_peers(const struct node *node)
{
    const struct node_metrics *metrics = node_metrics(node);
    uint64_t gone = 0;
    for (unsigned i = 0; i < ERR_COUNT; i++)
        gone += metrics->gone[i];
    return gone > 0;
}

static const char *unready(const struct member *member)
{
    struct metrics_node shown;
    const char *why = unhealthy(member);
    if (why || !member_metrics(member, &shown))
        return why;
    int64_t alone_since_ms = node_alone_since(shown.node);
    if (alone_since_ms == NEVER_MS)
        return NULL;
    if (!had_peers(shown.node))
        return "no peer yet";
    bool is_fresh = shown.now.mono_ms - alone_since_ms < METRICS_SERVER_PEER_MS;
    return is_fresh ? NULL : "no peer for some time";
}

static void serve_state(
    const struct metrics_server *server, complaint *complain, struct http_page *page)
{
    struct http_page made = {STATUS_OK, TYPE_TEXT, NULL, 0, 0};
    FILE *out = open_memstream(&made.body, &made.n);
    if (!out)
        return;
    for (size_t i = 0; i < server->members_n; i++) {
        const struct member *member = &server->members[i];
        const char *why = is_served(member) ? complain(member) : NULL;
        if (why)
            made.status = STATUS_UNAVAILABLE;
        if (is_served(member))
            fprintf(out, "%s %s\n", member->network, why ? why : "ok");
    }
    fclose(out);
    *page = made;
}

static void serve_list(struct http_page *page)
{
    static const char list[] = "/metrics\n/healthz\n/readyz\n";
    *page = (struct http_page){STATUS_OK, TYPE_TEXT, strdup(list), sizeof list - 1, 0};
}

static void serve(void *context, const char *path, struct http_page *page)
{
    const struct metrics_server *server = context;
    if (strcmp(path, "/metrics") == 0)
        serve_metrics(server, page);
    else if (strcmp(path, "/healthz") == 0)
        serve_state(server, unhealthy, page);
    else if (strcmp(path, "/readyz") == 0)
        serve_state(server, unready, page);
    else if (strcmp(path, "/") == 0)
        serve_list(page);
    else
        return;
    if (!page->body)
        *page = (struct http_page){STATUS_NO_MEMORY, TYPE_TEXT, NULL, 0, 0};
}

/* ---- life ---- */

/* The first member that asks for a server; NULL: none does. ERR_INVALID: they disagree. */
static enum err agree(
    const struct member *members, size_t n, const struct member **first, char *why)
{
    for (size_t i = 0; i < n; i++) {
        if (!is_served(&members[i]))
            continue;
        if (!*first)
            *first = &members[i];
        const struct listen_address *a = &(*first)->settings.instrumentation.prometheus_listen_addr;
        const struct listen_address *b =
            &members[i].settings.instrumentation.prometheus_listen_addr;
        if (strcmp(a->text, b->text) == 0)
            continue;
        snprintf(why, MEMBER_WHY_MAX,
            "instrumentation.prometheus_listen_addr is %s in %s and %s in %s, but one process "
            "serves its metrics at one address",
            a->text, (*first)->name, b->text, members[i].name);
        return ERR_INVALID;
    }
    return ERR_OK;
}

static enum err listen_as(struct metrics_server *server, const struct member *first, char *why)
{
    const struct listen_address *address = &first->settings.instrumentation.prometheus_listen_addr;
    const char *cause = "this name does not resolve; set an IP address";
    struct http_settings settings = {
        .loop = first->runner.options.workspace->loop,
        .patience_s = HTTP_PATIENCE_S,
        .serve = serve,
        .context = server,
    };
    enum err err = runner_locate(address, &settings.at);
    if (!err)
        err = http_open(&settings, &server->http, &cause);
    if (err)
        snprintf(why, MEMBER_WHY_MAX, "instrumentation.prometheus_listen_addr %s: %s",
            address->text, err == ERR_NO_MEMORY ? "out of memory" : cause);
    return err;
}

static void announce(const struct metrics_server *server, const struct log *log)
{
    char text[ADDR_TEXT_MAX];
    struct endpoint at = http_endpoint(server->http);
    log_write(log, LOG_INFO, "serving metrics", LOG_TEXT("addr", endpoint_to_text(&at, text)));
}

enum err metrics_server_open(
    struct metrics_server *server, const struct member *members, size_t n, char *why)
{
    const struct member *first = NULL;
    *server = (struct metrics_server){.members = members, .members_n = n};
    enum err err = agree(members, n, &first, why);
    if (err || !first)
        return err;
    err = listen_as(server, first, why);
    if (!err)
        announce(server, &first->log);
    return err;
}

void metrics_server_close(struct metrics_server *server)
{
    http_close(server->http);
}

void metrics_server_free(struct metrics_server *server)
{
    http_free(server->http);
}
