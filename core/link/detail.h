/* The fact behind a failed check of the handshake, for people: which network it is instead, which
 * ID. What a peer says of itself comes last in the sentence, cut and as printable ASCII, so that it
 * cannot pass for anything else. */
#ifndef LINK_DETAIL_H
#define LINK_DETAIL_H

#include "link/state.h"

/* ERR_WRONG_ID: another ID than the dialed one was proven. */
void detail_wrong_id(struct link *link, const struct peer_id *expected);
/* A check of the node info; `invalid` is the sentence of ERR_NODE_INFO. Other errors say all. */
void detail_node_info(
    struct link *link, enum err err, const struct node_info *info, const char *invalid);

#endif
