/* Send queues of a link's channels and whose turn it is (wire.md 5.3).
 *
 * The next packet comes from the channel with the least recently_sent / priority among those with
 * something to send; ties go to the one registered first. recently_sent grows by the encoded size
 * of each packet and shrinks to 0.8 of itself every 2 s, so busy channels share in proportion to
 * their priorities and a quiet one is served soon. */
#ifndef LINK_CHANNELS_H
#define LINK_CHANNELS_H

#include "link/state.h"

/* Notes on which of our channels the peer listens. */
void channels_announce(struct link *link, const struct node_info *info);
/* The channel we own under this number, or NULL; *setting (may be NULL) gets its settings. */
struct channel *channels_find(struct link *link, uint8_t id, const struct link_channel **setting);

/* The next packet to send, borrowed from its queue. False: all queues are empty. */
bool channels_peek(struct link *link, struct packet *packet);
/* That packet was handed out as `size` encoded bytes; frees a message sent whole. */
void channels_sent(struct link *link, const struct packet *packet, size_t size);
bool channels_are_empty(const struct link *link);
/* Lets recently_sent decay by the time passed. */
void channels_decay(struct link *link, int64_t now_ms);

/* Next moment for channels_expire. */
int64_t channels_deadline_ms(const struct link *link);
/* Drops messages that waited send_timeout_ms for room and tells the handler (F12, R16). */
void channels_expire(struct link *link, int64_t now_ms);

void channels_free(struct link *link);
size_t channels_memory(const struct link *link);

#endif
