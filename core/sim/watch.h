/* Checks from outside, at every step, that nodes keep the rules that hold whatever a policy says
 * (behaviour.md section 5, last column), and that hosts keep the life of connections of
 * node/event.h. It believes nothing that a node says of itself: it draws its own picture of each
 * node from events and actions and compares.
 *
 *  - outbound peers and dials that no configuration asked for: at most the maximum and one feeler;
 *    dials in flight, sockets in handshake and inbound peers within their caps
 *  - no dial to ourselves, to the banned, connected or dialing, to a connected IP (unless allowed),
 *    faster than the dial rate; and of addresses from the book none within a second of a failure,
 *    and in strict mode at most two at once and ten a minute into one /24 or /48
 *  - one outstanding request per connection, own_request_spacing between two to one ID
 *  - lists only in answer to a request, after the second one an interval and one more (D2), in
 *    seed mode once per connection; of at most 250 distinct addresses that are neither ours,
 *    private, banned nor the requester's
 *  - a crawl visits one ID every 30 s at most, a node dials one seed every seed_retry, nobody a
 *    persistent peer within a second of a failure; an IP gets its burst of answers and then its
 * rate
 *  - a node lets a quarter of its peers go at once at most, nobody its persistent or (but a seed)
 *    unconditional ones; a seed keeps nobody but persistent peers beyond the disconnect wait
 *  - every accepted socket is answered once, in the same step; one connection per ID, and per IP
 *  - the node's counts are right, its deadline does not spin, its book is consistent */
#ifndef SIM_WATCH_H
#define SIM_WATCH_H

#include "sim/sim.h"

struct watch;

/* Watches the nodes of all machines added so far, from their next start; must be freed after the
 * simulation ran for the last time. Books are checked whole every book_every steps of a node; 0:
 * never. */
struct watch *watch_new(struct sim *sim, uint32_t book_every);
void watch_free(struct watch *watch); /* NULL is fine */
/* The first rule that was broken, with when and by whom, or NULL. */
const char *watch_broken(const struct watch *watch);

#endif
