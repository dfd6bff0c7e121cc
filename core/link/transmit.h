/* Outgoing packets of an established link: when they are due and how they share sealed frames. */
#ifndef LINK_TRANSMIT_H
#define LINK_TRANSMIT_H

#include "link/state.h"

/* Seals what is due now into out and returns the bytes written, whole frames only. */
size_t transmit_packets(struct link *link, struct now now, uint8_t *out, size_t cap);
/* Moment from which queued messages may go; NEVER_MS when there are none. */
int64_t transmit_from_ms(const struct link *link);

#endif
