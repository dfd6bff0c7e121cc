/* What we tell a peer that asks (R25, R26, R28, P13). */
#include "node/state.h"

#define VERIFIED_MS (HOURS_MS(24) * 7) /* reached ourselves within this: told first */

static bool is_among(const struct addr *addrs, size_t n, const struct peer_id *id)
{
    for (size_t i = 0; i < n; i++)
        if (peer_id_equal(&addrs[i].id, id))
            return true;
    return false;
}

/* A selection, preferably of addresses that we have reached ourselves: a Go seed gives any, most of
 * them hearsay. The second is as large as both, so it holds enough that the first does not. */
static size_t select_verified_first(
    struct step *step, struct book_selection *selection, struct addr *out)
{
    struct node *node = step->node;
    uint32_t wanted = book_selection_size(node->book, selection->count);
    selection->verified_within_ms = VERIFIED_MS;
    size_t verified = book_select(node->book, step->now, &node->rng, selection, out);
    if (verified == wanted)
        return verified;
    struct addr *any = outbox_alloc(step->outbox, wanted * sizeof *any);
    selection->verified_within_ms = 0;
    size_t n = verified, any_n = book_select(node->book, step->now, &node->rng, selection, any);
    for (size_t i = 0; i < any_n && n < any_n; i++)
        if (!is_among(out, verified, &any[i].id))
            out[n++] = any[i];
    return n;
}

void share_send(struct step *step, const struct conn *conn)
{
    struct node *node = step->node;
    struct addr *addrs = outbox_alloc(step->outbox, PEX_SELECTION_MAX * sizeof *addrs);
    struct book_selection selection = {.except = &conn->id};
    size_t n;
    if (node->settings.seed_mode && !conn->outbound) {
        selection.biased = true;
        selection.new_percent = node->settings.seed_new_percent;
        n = select_verified_first(step, &selection, addrs);
    } else {
        n = book_select(node->book, step->now, &node->rng, &selection, addrs);
    }
    struct action *action = outbox_add(step->outbox, ACTION_SEND, conn->number);
    action->send = (struct pex_message){.kind = PEX_ADDRS, .addrs = addrs, .addrs_n = n};
}
