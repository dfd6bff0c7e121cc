#include "app/start/names.h"

#include "uv/sockaddr.h"
#include <stdlib.h>

#define ADDRESSES_EACH 3 /* of a member */

struct lookup {
    uv_getaddrinfo_t request; /* first: a request is its lookup */
    struct names *names;
    const char *setting;
    struct listen_address *address;
    const struct log *log;
    bool is_pending;
};

/* On a loop of its own: the process's has handles that must not run yet. */
struct names {
    uv_loop_t loop;
    uv_timer_t timer;
    bool is_over; /* what comes now is too late */
    size_t pending;
    size_t n;
    struct lookup lookups[];
};

static void not_found(const struct lookup *lookup, const char *why)
{
    log_write(lookup->log, LOG_ERROR, "name does not resolve", LOG_TEXT("setting", lookup->setting),
        LOG_TEXT("name", lookup->address->at.host), LOG_TEXT("error", why));
}

static void found(struct listen_address *address, const struct sockaddr *at)
{
    address->at.ip = sockaddr_to_endpoint(at).ip;
    address->at.is_name = false;
}

static void on_answer(uv_getaddrinfo_t *request, int status, struct addrinfo *answer)
{
    struct lookup *lookup = (struct lookup *)request;
    struct names *names = lookup->names;
    lookup->is_pending = false;
    if (!names->is_over && status == 0)
        found(lookup->address, answer->ai_addr);
    else if (!names->is_over)
        not_found(lookup, uv_strerror(status));
    uv_freeaddrinfo(answer);
    if (--names->pending == 0 && !names->is_over)
        uv_stop(&names->loop);
}

static void on_timeout(uv_timer_t *timer)
{
    uv_stop(timer->loop);
}

static void begin(struct lookup *lookup)
{
    static const struct addrinfo hints = {.ai_socktype = SOCK_STREAM};
    const char *name = lookup->address->at.host;
    log_write(lookup->log, LOG_INFO, "looking up a name before the start",
        LOG_TEXT("setting", lookup->setting), LOG_TEXT("name", name));
    int code =
        uv_getaddrinfo(&lookup->names->loop, &lookup->request, on_answer, name, NULL, &hints);
    lookup->is_pending = code == 0;
    lookup->names->pending += code == 0;
    if (code != 0)
        not_found(lookup, uv_strerror(code));
}

static void note(
    struct names *names, struct member *member, const char *setting, struct listen_address *address)
{
    if (!*address->text || !address->at.is_name)
        return;
    names->lookups[names->n++] = (struct lookup){
        .names = names, .setting = setting, .address = address, .log = &member->log};
}

static void note_all(struct names *names, struct member *members, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        struct settings *settings = &members[i].settings;
        note(names, &members[i], "p2p.laddr", &settings->p2p.laddr);
        note(names, &members[i], "p2p.external_address", &settings->p2p.external_address);
        if (settings->instrumentation.prometheus)
            note(names, &members[i], "instrumentation.prometheus_listen_addr",
                &settings->instrumentation.prometheus_listen_addr);
    }
}

static void wait_for_all(struct names *names)
{
    uv_timer_init(&names->loop, &names->timer);
    uv_timer_start(&names->timer, on_timeout, NAMES_WAIT_MS, 0);
    for (size_t i = 0; i < names->n; i++)
        begin(&names->lookups[i]);
    if (names->pending > 0)
        uv_run(&names->loop, UV_RUN_DEFAULT);
    names->is_over = true;
    uv_close((uv_handle_t *)&names->timer, NULL);
    for (size_t i = 0; i < names->n; i++) {
        struct lookup *lookup = &names->lookups[i];
        if (!lookup->is_pending)
            continue;
        not_found(lookup, "no answer within 10 s");
        uv_cancel((uv_req_t *)&lookup->request); /* one that still waits for a thread */
    }
}

struct names *names_look_up(struct member *members, size_t n)
{
    struct names *names = calloc(1, sizeof *names + n * ADDRESSES_EACH * sizeof *names->lookups);
    if (!names)
        return NULL;
    note_all(names, members, n);
    if (names->n > 0 && uv_loop_init(&names->loop) == 0) {
        wait_for_all(names);
        return names;
    }
    free(names);
    return NULL;
}

bool names_end(struct names *names)
{
    if (!names)
        return true;
    uv_run(&names->loop, UV_RUN_NOWAIT);
    if (uv_loop_close(&names->loop) != 0)
        return false;
    free(names);
    return true;
}
