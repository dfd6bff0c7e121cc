/* What those who watch the nodes of this process read over HTTP, at one address:
 *
 *   /metrics   Prometheus text of the nodes whose home sets instrumentation.prometheus, made anew
 *              once in METRICS_SERVER_FRESH_MS at most, however often it is asked for
 *   /healthz   200 while these nodes run; 503 with those that gave up
 *   /readyz    200 when each of them is or was connected to a peer within
 *              METRICS_SERVER_PEER_MS, ID proven; else 503 with those that were not
 */
#ifndef APP_METRICS_SERVER_H
#define APP_METRICS_SERVER_H

#include "app/run/member.h"
#include "http/http.h"

#define METRICS_SERVER_FRESH_MS 1000
#define METRICS_SERVER_PEER_MS 300000

struct metrics_server {
    const struct member *members; /* of the process, borrowed */
    size_t members_n;
    struct http *http; /* NULL: no home asks for it */
};

/* Serves open members where the first home that asks for it says; a no-op if none does. `why`
 * (MEMBER_WHY_MAX bytes) is a sentence, as when two homes name different addresses. */
enum err metrics_server_open(
    struct metrics_server *server, const struct member *members, size_t n, char *why);
/* Begins to close; all-zero and twice are fine. */
void metrics_server_close(struct metrics_server *server);
/* Once the loop has run; all-zero is fine. */
void metrics_server_free(struct metrics_server *server);

#endif
