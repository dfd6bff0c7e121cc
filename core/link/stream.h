/* Incoming packets of an established link (wire.md 5.1, 5.2, 5.4). */
#ifndef LINK_STREAM_H
#define LINK_STREAM_H

#include "link/state.h"

/* Takes the body of one packet: puts messages together and delivers them, notes pings and pongs.
 * ERR_UNDECODABLE, ERR_PACKET_KIND, ERR_CHANNEL_UNKNOWN, ERR_CHANNEL_CAPACITY, ERR_FLOOD,
 * ERR_NO_MEMORY, or what the message handler returned. */
enum err stream_take(struct link *link, struct now now, struct span body);

#endif
