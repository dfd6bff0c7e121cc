/* What the policy says about who connects to us (P15). It may refuse whom the rules of admission.c
 * would let in, and at full inbound slots let somebody replace a peer; nothing else: bans, limits,
 * duplicate IDs and whom the operator named are not its to decide. */
#ifndef NODE_ADMIT_H
#define NODE_ADMIT_H

#include "node/state.h"

/* rule: ERR_OK or ERR_NO_SLOT. Returns what happens to the socket: ERR_OK, the rule, or ERR_POLICY.
 * ERR_OK despite ERR_NO_SLOT: it may prove who it is and then perhaps replace somebody. */
enum err admit_socket(struct step *step, const struct ip *ip, enum err rule);
/* The same for an inbound connection whose ID is proven; a peer it replaces is closed: pointers to
 * connections are stale then. */
enum err admit_peer(
    struct step *step, const struct conn *conn, const struct event *established, enum err rule);

#endif
