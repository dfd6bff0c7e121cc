/* Tells the policy what happened, if it listens; nothing is answered. */
#ifndef NODE_OBSERVE_H
#define NODE_OBSERVE_H

#include "node/view.h"

/* connected, round_trip */
void observe_conn(struct step *step, const struct conn *conn, enum policy_event kind);
void observe_closed(struct step *step, const struct conn *conn, enum err why);
/* Our dial authenticated; rtt_ms is what TCP took. */
void observe_dialed(struct step *step, const struct addr *addr, int32_t rtt_ms);
void observe_dial_failed(struct step *step, const struct addr *addr, enum err why);
/* A solicited list of `held` addresses, `useful` of them new to us. */
void observe_list(struct step *step, const struct conn *conn, uint32_t held, uint32_t useful);

#endif
