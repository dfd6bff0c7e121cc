/* When a peer was useful enough for its address to count as good (P6). Go leaves that to consensus
 * (F21), which a node that only exchanges addresses does not have. */
#include "node/view.h"

#define ASK_PERIOD_MS MINUTES_MS(1) /* about one peer, unless it sends a list */

/* Only an endpoint that we dialed: an inbound peer's listen address is a claim. */
static bool may_be_good(const struct step *step, const struct conn *conn)
{
    return conn->state == CONN_PEER && conn->outbound && step->now.mono_ms >= conn->good_ms;
}

static bool is_good(struct step *step, const struct conn *conn)
{
    struct node *node = step->node;
    struct promote_view view = {
        .good_after_s = (double)node->settings.good_after_ms / 1000,
        .good_after_list_s = (double)node->settings.good_after_list_ms / 1000,
    };
    struct promote_verdict verdict;
    struct row_text text;
    view_common(step, &view.common);
    view_peer(step, conn, &view.peer, &text);
    return policy_ask(node->policy, HOOK_promote, &node->rng, &view, &verdict) == ERR_OK &&
        verdict.good;
}

static void ask_about(struct step *step, struct conn *conn)
{
    struct node *node = step->node;
    struct addr addr = {conn->id, conn->remote};
    conn->promote_ms = step->now.mono_ms + ASK_PERIOD_MS;
    if (!is_good(step, conn))
        return;
    book_set_connected(node->book, &conn->id, true); /* it may have been announced since */
    book_mark_good(node->book, step->now, &addr);
    conn->good_ms = step->now.mono_ms + node->settings.good_again_ms;
}

void promote_if_useful(struct step *step, struct conn *conn)
{
    if (may_be_good(step, conn))
        ask_about(step, conn);
}

void promote_all(struct step *step)
{
    struct conns *conns = &step->node->conns;
    for (uint32_t i = 0; i < conns->n; i++)
        if (step->now.mono_ms >= conns->at[i].promote_ms)
            promote_if_useful(step, &conns->at[i]);
}
