/* The fact behind a failure, for people: which network it is instead, which ID, how long a packet
 * was. What a peer says of itself comes last in the sentence, cut and as printable ASCII, so that
 * it cannot pass for anything else. */
#ifndef LINK_DETAIL_H
#define LINK_DETAIL_H

#include "link/state.h"

/* ERR_WRONG_ID: another ID than the dialed one was proven. */
void detail_wrong_id(struct link *link, const struct peer_id *expected);
/* A check of the node info; `invalid` is the sentence of ERR_NODE_INFO. Other errors say all. */
void detail_node_info(
    struct link *link, enum err err, const struct node_info *info, const char *invalid);
/* What announced `n` bytes and may have `max`; in the stream a packet, else a handshake message. */
void detail_too_long(struct link *link, uint64_t n, size_t max);
/* ERR_CHANNEL_CAPACITY, ERR_CHANNEL_UNKNOWN: a packet on this channel; max: of a message there. */
void detail_capacity(struct link *link, uint8_t channel, size_t max);
void detail_unknown_channel(struct link *link, uint8_t channel);

#endif
