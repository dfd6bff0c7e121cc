/* Requests of peers: answered, passed over or refused (R25 - R28, F13, P12, P14). */
#include "node/view.h"

#define HEELS_SHARE 10 /* of the interval: what comes sooner is no honest extra request (D2) */
#define LINGER_MAX_MS SECONDS_MS(10) /* P14 */

/* F13: how many answers this IP may still get now, over all its connections; and takes one. */
static double budget_left(const struct step *step, const struct conn *conn)
{
    const struct node *node = step->node;
    const struct node_settings *settings = &node->settings;
    struct ip key = conns_home(&conn->remote.ip);
    const struct bucket *budget = recent_find(&node->ip_budgets, &key);
    if (settings->allow_duplicate_ip || !budget)
        return settings->ip_answers_burst;
    return bucket_level(
        budget, step->now.mono_ms, settings->ip_answers_per_s, settings->ip_answers_burst);
}

static bool take_budget(struct step *step, const struct conn *conn)
{
    struct node *node = step->node;
    if (node->settings.allow_duplicate_ip)
        return true;
    struct ip key = conns_home(&conn->remote.ip);
    struct bucket *budget = recent_touch(&node->ip_budgets, &key);
    return budget &&
        bucket_take(budget, step->now.mono_ms, node->settings.ip_answers_per_s,
            node->settings.ip_answers_burst);
}

/* F13: two answers within one interval are the free pass (R27); a reconnect gives no new one. */
static bool is_repeat_of_earlier_connection(const struct step *step, const struct conn *conn)
{
    const struct peer_history *history = recent_find(&step->node->history, &conn->id);
    return history && conn->requests <= 2 && history->answered >= 2 &&
        step->now.mono_ms + 1 - history->answered_at < step->node->settings.request_interval_min_ms;
}

static void note_answer(struct step *step, const struct conn *conn)
{
    struct node *node = step->node;
    struct peer_history *history = recent_touch(&node->history, &conn->id);
    if (!history)
        return;
    bool same_burst = history->answered_at > 0 &&
        step->now.mono_ms + 1 - history->answered_at < node->settings.request_interval_min_ms;
    history->answered = same_burst ? history->answered + 1 : 1;
    history->answered_at = step->now.mono_ms + 1;
}

/* R27: the second request is free, later ones are measured from the one before. CometBFT v0.37 and
 * v0.38.10 - 15 ask once more when a seed has answered them (D2), whenever that is: one such
 * request an interval is forgiven, unless it comes on the heels of the last (wire.md 6.3). */
enum pace { IN_TIME, FORGIVEN, TOO_SOON };

static enum pace pace_of(const struct step *step, const struct conn *conn)
{
    int64_t interval_ms = step->node->settings.request_interval_min_ms;
    int64_t gap_ms = step->now.mono_ms - conn->requested_ms;
    if (conn->requests <= 2 || gap_ms >= interval_ms)
        return IN_TIME;
    return conn->forgiven || gap_ms < interval_ms / HEELS_SHARE ? TOO_SOON : FORGIVEN;
}

static struct answer_verdict by_rule(const struct step *step, const struct conn *conn)
{
    bool refused = is_repeat_of_earlier_connection(step, conn) || budget_left(step, conn) < 1;
    return (struct answer_verdict){
        .act = refused ? POLICY_ACT_disconnect : POLICY_ACT_answer,
        .linger_s = (double)step->node->settings.seed_flush_ms / 1000,
    };
}

static double since_last_s(const struct step *step, const struct conn *conn, int64_t before_ms)
{
    const struct peer_history *history = recent_find(&step->node->history, &conn->id);
    if (before_ms == NEVER_MS && history && history->answered_at > 0)
        before_ms = history->answered_at - 1;
    return view_age_mono_s(step, before_ms);
}

/* P12: a policy may refuse what the rule would answer, not answer what the rule refuses. */
static struct answer_verdict choose(struct step *step, const struct conn *conn, int64_t before_ms)
{
    struct node *node = step->node;
    struct answer_verdict rule = by_rule(step, conn), verdict = {0};
    if (!policy_wants(node->policy, HOOK_answer))
        return rule;
    struct answer_view view = {
        .since_last_s = since_last_s(step, conn, before_ms),
        .ip_answers = budget_left(step, conn),
        .default_act = rule.act,
    };
    struct row_text text;
    view_common(step, &view.common);
    view_peer(step, conn, &view.peer, &text);
    if (policy_ask(node->policy, HOOK_answer, &node->rng, &view, &verdict))
        return rule;
    if (verdict.is_false)
        verdict.act = POLICY_ACT_ignore;
    if (verdict.act == POLICY_ACT_answer && rule.act != POLICY_ACT_answer)
        verdict.act = rule.act;
    return verdict;
}

static void refuse(struct step *step, struct conn *conn)
{
    step->node->counts.requests_refused++;
    admission_close_because(step, conn, ERR_GRACEFUL, "it asks more often than it is answered", 0);
}

static void answer(struct step *step, struct conn *conn, double linger_s)
{
    bool closes = step->node->settings.seed_mode && !conn->outbound;
    if (!take_budget(step, conn)) {
        refuse(step, conn);
        return;
    }
    note_answer(step, conn);
    share_send(step, conn);
    if (closes) /* R25: whatever else it sends is no message any more */
        admission_close(step, conn, ERR_SERVED, clamp_ms(linger_s, 0, LINGER_MAX_MS));
}

void answer_request(struct step *step, struct conn *conn)
{
    struct node *node = step->node;
    int64_t before_ms = conn->request_ms;
    node->counts.requests_received++;
    conn->request_ms = step->now.mono_ms;
    if (conn->requests < UINT32_MAX)
        conn->requests++;
    enum pace pace = pace_of(step, conn);
    if (pace == TOO_SOON) {
        node->counts.requests_refused++;
        penalty_incident(step, conn, ERR_PEX_TOO_SOON);
        return;
    }
    struct answer_verdict verdict = choose(step, conn, before_ms);
    conn->forgiven = pace == FORGIVEN;
    if (pace == IN_TIME)
        conn->requested_ms = step->now.mono_ms;
    if (verdict.act == POLICY_ACT_answer)
        answer(step, conn, verdict.linger_s);
    else if (verdict.act == POLICY_ACT_disconnect)
        refuse(step, conn);
    else
        node->counts.requests_refused++;
}
