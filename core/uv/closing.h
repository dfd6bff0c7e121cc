/* Connections that only end - flushing and lingering ones - in the order in which they began to.
 *
 * The node has forgotten them, so none of its limits counts them, and peers that ask and never read
 * could pile them up until descriptors run out. At most CLOSING_MAX are kept: the oldest makes room
 * for the next. */
#ifndef UV_CLOSING_H
#define UV_CLOSING_H

#include <stdint.h>

#define CLOSING_MAX 512

struct tcp;

struct closing {
    struct tcp *first, *last;
    uint32_t n;
};

/* The connection that must go before another is added; NULL: none. */
struct tcp *closing_surplus(const struct closing *closing);
void closing_add(struct closing *closing, struct tcp *tcp);
void closing_remove(struct closing *closing, struct tcp *tcp); /* not in it: fine */

#endif
