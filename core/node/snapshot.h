/* A whole node as bytes, exactly, with its book: a node read back takes the same actions on the
 * same events as the one written, if its policy gives the same answers. For traces.
 *
 * Not in it: the policy, the log, observers, tags, and what the host holds (sockets, names being
 * looked up, rows and images on their way to disk). Nothing secret: a node knows no key but the one
 * that places addresses in its book. */
#ifndef NODE_SNAPSHOT_H
#define NODE_SNAPSHOT_H

#include "base/codec.h"
#include "node/node.h"

/* Between two steps, or a picture. */
void node_snapshot_write(struct codec *codec, const struct node *node);

/* All that a snapshot tells of a node at one time, in memory of its own: taking it costs a tenth of
 * writing it, which any thread may do later. All-zero: empty. */
struct node_picture {
    const struct node *node; /* to be written, and nothing else; NULL: empty */
    uint8_t *room;
    size_t n, cap; /* bytes used, and kept for the next one */
};

/* In place of the one it held. ERR_NO_MEMORY. */
enum err node_picture_take(struct node_picture *picture, const struct node *node);
void node_picture_free(struct node_picture *picture);
/* What a node has of its host. */
struct node_surroundings {
    struct policy *policy; /* borrowed */
    struct log log;
    const struct tags *tags; /* borrowed; NULL: none */
};

/* Makes a node. NULL, with codec->err set: ERR_CORRUPT, ERR_NO_MEMORY. */
struct node *node_snapshot_read(struct codec *codec, const struct node_surroundings *surroundings);

/* A part of it: the settings without their lists, which a node keeps apart. */
void node_settings_code(struct codec *codec, struct node_settings *settings);

/* Whether a host in order could send this event now. For replay of traces that somebody made up:
 * everything else that may be wrong with an event a node bears. */
bool node_may_hear(const struct node *node, const struct event *event);

#endif
