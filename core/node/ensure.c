/* The ensure-peers round: from free outbound slots to dials, requests and seeds (R40 - R47, with
 * F2 and F14). */
#include "node/view.h"

/* Candidates that `select` sees: never ourselves, banned, connected, being dialed, or somebody
 * else's to dial. Whether their back-off is over is the policy's to see and ours to check later. */
static bool is_candidate(void *context, const struct book_entry *entry)
{
    const struct step *step = context;
    enum err err = dialer_check(step, &entry->addr, ORIGIN_BOOK);
    return err == ERR_OK || err == ERR_TOO_EARLY;
}

/* What was drawn: the entry behind each row. In the memory of the step. */
struct drawn {
    const struct book_entry **entries;
    struct address_row *rows;
    size_t n;
};

static struct drawn draw_candidates(struct step *step, const struct bias_verdict *bias)
{
    struct node *node = step->node;
    size_t count = bias->draw < 0 ? 0 : bias->draw < ROWS_MAX ? (size_t)bias->draw : ROWS_MAX;
    struct drawn drawn = {
        .entries = outbox_alloc(step->outbox, count * sizeof *drawn.entries),
        .rows = outbox_alloc(step->outbox, count * sizeof *drawn.rows),
    };
    struct row_text *texts = outbox_alloc(step->outbox, count * sizeof *texts);
    struct book_draw draw = {
        .count = (uint32_t)count,
        .new_percent = bias->new_percent,
        .keep = is_candidate,
        .context = step,
    };
    drawn.n = book_draw(node->book, step->now, &node->rng, &draw, drawn.entries);
    for (size_t i = 0; i < drawn.n; i++)
        view_address(step, &drawn.entries[i]->addr, &drawn.rows[i], &texts[i]);
    return drawn;
}

/* The entry of a pick, or NULL. */
static const struct book_entry *entry_of(
    const struct node *node, const struct policy_pick *pick, const struct drawn *drawn)
{
    struct peer_id id;
    if (pick->row >= 0)
        return (size_t)pick->row < drawn->n ? drawn->entries[pick->row] : NULL;
    return peer_id_parse(span_of_text(pick->id), &id) == ERR_OK ? book_find(node->book, &id) : NULL;
}

static enum err dial_pick(
    struct step *step, const struct book_entry *entry, const struct policy_pick *pick)
{
    if (!entry)
        return ERR_NOT_FOUND;
    if (pick->feeler && step->node->conns.feelers > 0)
        return ERR_TOO_EARLY;
    return dialer_dial(step, &entry->addr, pick->feeler ? ORIGIN_FEELER : ORIGIN_BOOK);
}

/* Dials picks until `wanted` are under way; one feeler is above that. Returns how many picks were
 * dialable (F14); those that the dial rate held back come again soon. */
static int64_t dial_picks(struct step *step, const struct drawn *drawn,
    const struct select_verdict *verdict, int64_t wanted)
{
    int64_t dialed = 0, feelers = 0, held = 0;
    for (size_t i = 0; i < verdict->picks_n; i++) {
        const struct policy_pick *pick = &verdict->picks[i];
        if (!pick->feeler && dialed + held >= wanted)
            continue;
        enum err err = dial_pick(step, entry_of(step->node, pick, drawn), pick);
        dialed += !err && !pick->feeler;
        feelers += !err && pick->feeler;
        held += err == ERR_FULL;
    }
    if (held > 0)
        ensure_wake(step, step->now.mono_ms + SECONDS_MS(1));
    return dialed + feelers + held;
}

/* R43 - R45. Returns how many dialable addresses were chosen. */
static int64_t choose_and_dial(struct step *step, int64_t wanted)
{
    struct node *node = step->node;
    struct bias_view bias_view = {.round = (int64_t)node->counts.rounds, .wanted = wanted};
    struct bias_verdict bias;
    view_common(step, &bias_view.common);
    if (policy_ask(node->policy, HOOK_bias, &node->rng, &bias_view, &bias))
        return 0;
    struct drawn drawn = draw_candidates(step, &bias);
    struct select_view view = {
        .common = bias_view.common,
        .wanted = wanted,
        .new_percent = bias.new_percent,
        .candidates = drawn.rows,
        .candidates_n = drawn.n,
    };
    struct select_verdict *verdict = outbox_alloc(step->outbox, sizeof *verdict); /* 56 kB */
    if (drawn.n == 0 || policy_ask(node->policy, HOOK_select, &node->rng, &view, verdict) ||
        verdict->is_false)
        return 0;
    return dial_picks(step, &drawn, verdict, wanted);
}

/* F14: whatever the book holds. */
static bool is_alone_for_long(const struct step *step)
{
    const struct node *node = step->node;
    return node->alone_since_ms != NEVER_MS &&
        step->now.mono_ms - node->alone_since_ms >=
        node->settings.alone_rounds * node->settings.ensure_peers_period_ms;
}

static int64_t free_slots(const struct node *node)
{
    return (int64_t)node->settings.max_outbound - node->conns.outbound - node->conns.dialing;
}

/* R42, P1: how many dials this round may make. */
static int64_t count_dials(struct step *step, bool period_elapsed)
{
    struct node *node = step->node;
    struct dial_count_view view = {
        .reason = period_elapsed ? POLICY_ROUND_tick : POLICY_ROUND_wakeup,
        .free = free_slots(node),
    };
    struct dial_count_verdict verdict;
    view_common(step, &view.common);
    if (policy_ask(node->policy, HOOK_dial_count, &node->rng, &view, &verdict) ||
        verdict.is_false || verdict.dials < 0)
        return 0;
    return verdict.dials < view.free ? verdict.dials : view.free;
}

/* R47. dialable: addresses chosen in this round; -1: none was looked for. */
static void look_for_more(struct step *step, bool period_elapsed, int64_t dialable)
{
    struct node *node = step->node;
    if (period_elapsed) /* D2: not in an extra round */
        ask_somebody(step);
    if (dialable == 0 && book_need_more(node->book))
        seeds_dial(step);
}

void ensure_round(struct step *step, bool period_elapsed)
{
    struct node *node = step->node;
    const struct conns *conns = &node->conns;
    node->wake_ms = NEVER_MS;
    node->counts.rounds++;
    log_write(&node->settings.log, LOG_INFO, "ensure peers",
        LOG_NUMBER("outbound", conns->outbound), LOG_NUMBER("inbound", conns->inbound),
        LOG_NUMBER("dialing", conns->dialing), LOG_NUMBER("wanted", free_slots(node)));
    if (period_elapsed) {
        rotate_peers(step);
        reinstate_expired(step); /* F5: whatever slots are free and the book holds */
    }
    if (free_slots(node) <= 0) {
        if (period_elapsed)
            choose_and_dial(step, 0); /* feelers need no slot */
        return;
    }
    if (is_alone_for_long(step)) /* before the book's addresses take every slot */
        seeds_dial(step);
    int64_t wanted = free_slots(node) > 0 ? count_dials(step, period_elapsed) : 0;
    look_for_more(step, period_elapsed, wanted > 0 ? choose_and_dial(step, wanted) : -1);
}

void ensure_wake(struct step *step, int64_t mono_ms)
{
    if (step->node->round_ms != NEVER_MS)
        step->node->wake_ms = earlier_ms(step->node->wake_ms, mono_ms);
}
