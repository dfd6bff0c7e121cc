/* What an answer holds (R25, R26, R28, B36, B37, P13). */
#include "node/view.h"

#define EVER_MS INT64_MAX /* verified at some time */

/* Addresses in the memory of the step. */
struct shared {
    struct addr *at;
    size_t n;
};

static bool is_among(const struct shared *shared, const struct peer_id *id)
{
    for (size_t i = 0; i < shared->n; i++)
        if (peer_id_equal(&shared->at[i].id, id))
            return true;
    return false;
}

static struct shared take(struct step *step, const struct book_selection *how)
{
    struct node *node = step->node;
    struct shared taken = {.at = outbox_alloc(step->outbox, how->count * sizeof *taken.at)};
    taken.n = book_select(node->book, step->now, &node->rng, how, taken.at);
    return taken;
}

/* Behind what is there, others until there are as many as the second selection has: it is as large
 * as both together, so it holds enough that the first does not. */
static void fill_up(struct shared *shared, const struct shared *any)
{
    struct shared first = *shared;
    for (size_t i = 0; i < any->n && shared->n < any->n; i++)
        if (!is_among(&first, &any->at[i].id))
            shared->at[shared->n++] = any->at[i];
}

/* `count` addresses (at least one) by the policy's numbers. */
static struct shared draw(
    struct step *step, const struct conn *conn, const struct share_verdict *verdict, uint32_t count)
{
    bool verified = verdict->verified_only || verdict->verified_first;
    int64_t within_ms = clamp_ms(verdict->verified_within_s, 0, EVER_MS);
    struct book_selection how = {
        .count = count,
        .count_max = ROWS_MAX,
        .biased = verdict->new_percent >= 0,
        .new_percent = verdict->new_percent,
        .verified_within_ms = !verified ? 0
            : within_ms > 0             ? within_ms
                                        : EVER_MS,
        .except = &conn->id,
    };
    struct shared shared = take(step, &how);
    if (!verdict->verified_first || verdict->verified_only || shared.n == count)
        return shared;
    how.verified_within_ms = 0;
    struct shared any = take(step, &how);
    fill_up(&shared, &any);
    return shared;
}

/* B35 */
static uint32_t usual_count(const struct node *node)
{
    return book_selection_size(node->book, &(struct book_selection){0});
}

static enum err ask(struct step *step, const struct conn *conn, const struct shared *candidates,
    struct share_verdict *verdict)
{
    struct node *node = step->node;
    struct row_text text;
    struct share_view view = {
        .count = usual_count(node),
        .seed_new_percent = node->settings.seed_new_percent,
        .candidates = candidates->n ? view_addresses(step, candidates->at, candidates->n) : NULL,
        .candidates_n = candidates->n,
    };
    view_common(step, &view.common);
    view_peer(step, conn, &view.peer, &text);
    return policy_ask(node->policy, HOOK_share, &node->rng, &view, verdict);
}

static struct shared choose_rows(
    struct step *step, const struct shared *candidates, const struct share_verdict *verdict)
{
    struct shared shared = {
        .at = outbox_alloc(step->outbox, PEX_SELECTION_MAX * sizeof *shared.at)};
    bool *seen = outbox_alloc(step->outbox, candidates->n * sizeof *seen);
    memset(seen, 0, candidates->n * sizeof *seen);
    for (size_t i = 0; i < verdict->rows_n && shared.n < PEX_SELECTION_MAX; i++)
        if (view_take_row(seen, candidates->n, verdict->rows[i]))
            shared.at[shared.n++] = candidates->at[verdict->rows[i]];
    return shared;
}

static uint32_t at_most(int64_t count, uint32_t most)
{
    return count < 0 ? 0 : count < most ? (uint32_t)count : most;
}

/* B36 when no policy answers. */
static struct share_verdict plain(const struct node *node)
{
    return (struct share_verdict){
        .act = SHARE_amount, .count = usual_count(node), .new_percent = -1};
}

static struct shared choose(struct step *step, const struct conn *conn)
{
    struct shared candidates = {0};
    struct share_verdict verdict, first;
    if (ask(step, conn, &candidates, &verdict))
        verdict = plain(step->node);
    if (!verdict.is_false && verdict.act == SHARE_amount && verdict.draw > 0) {
        first = verdict;
        candidates = draw(step, conn, &first, at_most(first.draw, ROWS_MAX));
        if (ask(step, conn, &candidates, &verdict))
            verdict = first;
    }
    if (verdict.is_false)
        return (struct shared){0};
    if (verdict.act == SHARE_rows)
        return choose_rows(step, &candidates, &verdict);
    uint32_t count = at_most(verdict.count, PEX_SELECTION_MAX);
    return count > 0 ? draw(step, conn, &verdict, count) : (struct shared){0};
}

void share_send(struct step *step, const struct conn *conn)
{
    struct shared shared = choose(step, conn);
    struct action *action = outbox_add(step->outbox, ACTION_SEND, conn->number);
    action->send = (struct pex_message){.kind = PEX_ADDRS, .addrs = shared.at, .addrs_n = shared.n};
}
