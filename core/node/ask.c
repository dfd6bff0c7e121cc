/* Whom to ask for addresses (R20, R47a, P8, P9). */
#include "node/view.h"

/* The row that the policy chose; -1: nobody. */
static int64_t choose(struct step *step, enum policy_wanted reason, const struct peer_rows *peers)
{
    struct node *node = step->node;
    struct ask_view view = {
        .reason = reason,
        .need_more = book_need_more(node->book),
        .peers = peers->at,
        .peers_n = peers->n,
    };
    struct ask_verdict verdict;
    view_common(step, &view.common);
    if (policy_ask(node->policy, HOOK_ask, &node->rng, &view, &verdict) || verdict.is_false)
        return -1;
    return verdict.row >= 0 && (size_t)verdict.row < peers->n ? verdict.row : -1;
}

void ask_somebody(struct step *step)
{
    struct node *node = step->node;
    struct peer_rows peers = view_peers(step, exchange_may_ask);
    int64_t row = peers.n > 0 ? choose(step, POLICY_WANTED_tick, &peers) : -1;
    if (row < 0)
        return;
    log_write(&node->settings.log, LOG_INFO, "asking a peer for addresses",
        LOG_TEXT("peer", peers.at[row].id));
    exchange_ask(step, conns_find(&node->conns, peers.numbers[row]));
}

void ask_newcomer(struct step *step, struct conn *conn)
{
    struct peer_row row;
    struct row_text text;
    bool comes_to_ask = step->node->settings.seed_mode && !conn->outbound;
    if (comes_to_ask || !exchange_may_ask(step, conn))
        return;
    view_peer(step, conn, &row, &text);
    if (choose(step, POLICY_WANTED_connected, &(struct peer_rows){&row, &conn->number, 1}) == 0)
        exchange_ask(step, conn);
}
