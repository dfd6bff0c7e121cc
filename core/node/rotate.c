/* Who has to go (R65, P18, P20): a node's peers once a period, a seed's once a second. */
#include "node/view.h"

#define SHOWN_AFTER_MS SECONDS_MS(1) /* who has just come does not go */
#define SHARE_MAX 4                  /* a node lets go at most one in so many, rounded up */

static bool may_go(const struct step *step, const struct conn *conn)
{
    return conn->state == CONN_PEER && !conn->persistent && !conn->unconditional &&
        step->now.mono_ms - conn->since_ms >= SHOWN_AFTER_MS;
}

/* R65: whatever the policy says, and unconditional peers too. A normal node keeps its peers. */
static void close_the_oldest(struct step *step)
{
    const struct node *node = step->node;
    const struct conns *conns = &node->conns;
    for (uint32_t i = node->settings.seed_mode ? conns->n : 0; i-- > 0;) {
        struct conn *conn = &conns->at[i]; /* from the end: the last one fills a gap */
        int64_t stayed_ms = step->now.mono_ms - conn->since_ms;
        if (conn->state == CONN_PEER && !conn->persistent &&
            stayed_ms >= node->settings.seed_disconnect_wait_ms)
            admission_close_because(
                step, conn, ERR_GRACEFUL, "a seed keeps no peer longer (seed_disconnect_wait)", 0);
    }
}

static size_t most_that_may_go(const struct node *node, size_t shown)
{
    return node->settings.seed_mode ? shown : (node->conns.peers + SHARE_MAX - 1) / SHARE_MAX;
}

static void let_go(
    struct step *step, const struct peer_rows *peers, const struct rotate_verdict *verdict)
{
    bool *seen = outbox_alloc(step->outbox, peers->n * sizeof *seen);
    memset(seen, 0, peers->n * sizeof *seen);
    size_t left = most_that_may_go(step->node, peers->n);
    for (size_t i = 0; i < verdict->rows_n && left > 0; i++) {
        if (!view_take_row(seen, peers->n, verdict->rows[i]))
            continue;
        struct conn *conn = conns_find(&step->node->conns, peers->numbers[verdict->rows[i]]);
        admission_close_because(step, conn, ERR_GRACEFUL, "let go by the policy (rotate)", 0);
        left--;
    }
}

void rotate_peers(struct step *step)
{
    struct node *node = step->node;
    const struct node_settings *settings = &node->settings;
    close_the_oldest(step);
    struct peer_rows peers = view_peers(step, may_go);
    struct rotate_view view = {
        .hold_max_s = (double)settings->seed_disconnect_wait_ms / 1000,
        .hold_after_list_s = (double)settings->crawl_hold_after_list_ms / 1000,
        .hold_without_list_s = (double)settings->crawl_hold_without_list_ms / 1000,
        .idle_s = (double)settings->seed_idle_ms / 1000,
        .peers = peers.at,
        .peers_n = peers.n,
    };
    struct rotate_verdict *verdict = outbox_alloc(step->outbox, sizeof *verdict); /* 8 kB */
    view_common(step, &view.common);
    if (peers.n > 0 &&
        policy_ask(node->policy, HOOK_rotate, &node->rng, &view, verdict) == ERR_OK &&
        !verdict->is_false)
        let_go(step, &peers, verdict);
}
