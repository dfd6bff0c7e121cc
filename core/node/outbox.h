/* The actions of one or more steps, in order, with the memory their contents need. */
#ifndef NODE_OUTBOX_H
#define NODE_OUTBOX_H

#include "node/event.h"

struct outbox_block;

/* All-zero is an empty outbox. The host reads at[0..n) after node_step, then calls outbox_reset. */
struct outbox {
    struct action *at;
    size_t n, cap;
    struct outbox_block *blocks;
};

/* Appends a zeroed action of this kind and returns it, valid until the next call. Out of memory
 * ends the process: nothing a peer sends makes an outbox grow beyond the actions of one step. */
struct action *outbox_add(struct outbox *outbox, enum action_kind kind, uint64_t conn);
/* Memory that lives until outbox_reset. */
void *outbox_alloc(struct outbox *outbox, size_t n);
/* Forgets all actions and frees images that the host did not take. */
void outbox_reset(struct outbox *outbox);
void outbox_free(struct outbox *outbox);

#endif
