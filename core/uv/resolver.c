#include "uv/resolver.h"

#include "uv/sockaddr.h"
#include "uv/state.h"
#include <stdlib.h>

struct lookup {
    uv_getaddrinfo_t request;  /* first: a request is its lookup */
    struct resolver *resolver; /* NULL: given up */
    struct lookup *next, **previous;
    uint64_t token;
};

static void link_in(struct resolver *resolver, struct lookup *lookup)
{
    lookup->resolver = resolver;
    lookup->next = resolver->pending;
    lookup->previous = &resolver->pending;
    if (lookup->next)
        lookup->next->previous = &lookup->next;
    resolver->pending = lookup;
    resolver->pending_n++;
}

static void unlink_it(struct lookup *lookup)
{
    *lookup->previous = lookup->next;
    if (lookup->next)
        lookup->next->previous = lookup->previous;
    lookup->resolver->pending_n--;
    lookup->resolver = NULL;
}

static void answer(
    struct host *host, uint64_t token, enum err err, const struct ip *ips, size_t ips_n)
{
    struct event event = {.kind = EVENT_RESOLVED};
    event.resolved.token = token;
    event.resolved.err = err;
    event.resolved.ips = ips;
    event.resolved.ips_n = ips_n;
    host_event(host, &event);
}

static bool has_ip(const struct ip *ips, size_t n, const struct ip *ip)
{
    for (size_t i = 0; i < n; i++)
        if (ip_equal(&ips[i], ip))
            return true;
    return false;
}

static size_t collect(const struct addrinfo *found, struct ip ips[RESOLVED_MAX])
{
    size_t n = 0;
    for (; found && n < RESOLVED_MAX; found = found->ai_next) {
        if (found->ai_family != AF_INET && found->ai_family != AF_INET6)
            continue;
        struct endpoint at = sockaddr_to_endpoint(found->ai_addr);
        if (!has_ip(ips, n, &at.ip))
            ips[n++] = at.ip;
    }
    return n;
}

static void on_resolved(uv_getaddrinfo_t *request, int status, struct addrinfo *found)
{
    struct lookup *lookup = (struct lookup *)request;
    struct resolver *resolver = lookup->resolver;
    if (resolver) {
        unlink_it(lookup);
        struct ip ips[RESOLVED_MAX];
        size_t n = status == 0 ? collect(found, ips) : 0;
        answer(resolver->host, lookup->token, n ? ERR_OK : ERR_LOOKUP, ips, n);
    }
    uv_freeaddrinfo(found);
    free(lookup);
    if (resolver)
        host_settle(resolver->host);
}

static bool begin(struct resolver *resolver, uint64_t token, const char *name)
{
    if (resolver->pending_n >= RESOLVER_PENDING_MAX)
        return false;
    struct lookup *lookup = calloc(1, sizeof *lookup);
    if (!lookup)
        return false;
    const struct addrinfo hints = {.ai_family = AF_UNSPEC, .ai_socktype = SOCK_STREAM};
    lookup->token = token;
    uv_loop_t *loop = resolver->host->workspace->loop;
    if (uv_getaddrinfo(loop, &lookup->request, on_resolved, name, NULL, &hints) != 0) {
        free(lookup);
        return false;
    }
    link_in(resolver, lookup);
    return true;
}

void resolver_resolve(struct resolver *resolver, uint64_t token, const char *name)
{
    if (!begin(resolver, token, name))
        answer(resolver->host, token, ERR_LOOKUP, NULL, 0);
}

void resolver_close(struct resolver *resolver)
{
    while (resolver->pending) {
        struct lookup *lookup = resolver->pending;
        unlink_it(lookup);
        uv_cancel((uv_req_t *)&lookup->request);
    }
}
