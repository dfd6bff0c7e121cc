/* Name look-ups (ACTION_RESOLVE) on libuv's worker threads. */
#ifndef UV_RESOLVER_H
#define UV_RESOLVER_H

#include <stdint.h>

#define RESOLVER_PENDING_MAX 256 /* look-ups in flight; more fail at once */

struct host;
struct lookup;

struct resolver {
    struct host *host;
    struct lookup *pending;
    uint32_t pending_n;
};

/* Answers with EVENT_RESOLVED: at most RESOLVED_MAX different addresses in the system's order, or
 * ERR_LOOKUP. Copies `name`. */
void resolver_resolve(struct resolver *resolver, uint64_t token, const char *name);
/* Gives up on what is pending: no event comes any more. What cannot be cancelled ends by itself and
 * touches the host no more. */
void resolver_close(struct resolver *resolver);

#endif
