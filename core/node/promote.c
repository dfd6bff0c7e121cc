/* When a peer was useful enough for its address to count as good (P6). Go leaves that to consensus
 * (F21), which a node that only exchanges addresses does not have. */
#include "node/state.h"

/* Only an endpoint that we dialed: an inbound peer's listen address is a claim. */
static bool is_useful(const struct step *step, const struct conn *conn)
{
    const struct node_settings *settings = &step->node->settings;
    int64_t now = step->now.mono_ms;
    int64_t stayed = now - conn->since_ms;
    if (conn->state != CONN_PEER || !conn->outbound || now < conn->good_ms)
        return false;
    if (conn->list_ms == NEVER_MS)
        return stayed >= settings->good_after_ms;
    return settings->seed_mode || stayed >= settings->good_after_list_ms;
}

void promote_if_useful(struct step *step, struct conn *conn)
{
    struct node *node = step->node;
    if (!is_useful(step, conn))
        return;
    struct addr addr = {conn->id, conn->remote};
    book_set_connected(node->book, &conn->id, true); /* it may have been announced since */
    book_mark_good(node->book, step->now, &addr);
    conn->good_ms = step->now.mono_ms + node->settings.good_again_ms;
}

void promote_all(struct step *step)
{
    struct conns *conns = &step->node->conns;
    for (uint32_t i = 0; i < conns->n; i++)
        promote_if_useful(step, &conns->at[i]);
}
