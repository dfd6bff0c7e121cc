/* Key exchange, authentication and node info of a link (wire.md 2.2 steps 3 - 9, 3 and 4).
 *
 * The dialing side writes its key at once, the other when that one has come: whoever connects and
 * says nothing costs no key, and the answer leaves in one piece with our authentication. From then
 * on each side writes its message of a phase without waiting for the other's. */
#ifndef LINK_HANDSHAKE_H
#define LINK_HANDSHAKE_H

#include "link/state.h"

/* Begins; queues our ephemeral key when `expected` was dialed. ERR_NO_MEMORY. */
enum err handshake_start(struct link *link, const struct peer_id *expected,
    const uint8_t ephemeral_secret[32], int64_t now_ms);
/* Longest body of the message that the current stage awaits. */
size_t handshake_body_max(const struct link *link);
/* Takes the body of that message and goes to the next stage. Errors of the checks in the order of
 * wire.md 2.2; see link_receive. */
enum err handshake_take(struct link *link, struct now now, struct span body);
/* Absolute: a peer that sends slowly gains nothing. */
int64_t handshake_deadline_ms(const struct link *link);
/* Wipes and frees what only the handshake needs. */
void handshake_end(struct link *link);
size_t handshake_memory(const struct link *link);

#endif
