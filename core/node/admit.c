#include "node/admit.h"

#include "node/view.h"

#define TEXT_SHOWN 63
/* Who could go is shown at most so often, and then a sample: a crowd at full slots must not have us
 * look at all peers for each of its handshakes. Beyond that full is full. */
#define REPLACEABLE_LOOKS 256
#define REPLACE_PER_S 20

static bool is_named(const struct conn *conn)
{
    return conn->persistent || conn->unconditional || conn->is_seed;
}

static bool is_replaceable(const struct step *step, const struct conn *conn)
{
    (void)step;
    return !conn->outbound && !is_named(conn);
}

/* Who is asked about is not counted: at stage peer it is one of those accepted. */
static void view_origin(const struct step *step, const struct addr *addr, struct admit_view *view,
    struct row_text *text)
{
    const struct node *node = step->node;
    uint32_t itself = view->stage == POLICY_STAGE_peer;
    struct view_name name = view_name(node, addr, text);
    struct group group = ip_group(&addr->at.ip, node->settings.strict);
    view_common(step, &view->common);
    view->ip = name.ip;
    view->group = name.group;
    view->tag = name.tag;
    view->ip_peers = conns_accepted_from(&node->conns, &addr->at.ip) - itself;
    view->group_peers = conns_accepted_in_group(&node->conns, group) - itself;
    view->group_outbound = conns_outbound_in_group(&node->conns, group);
    view->handshaking = node->conns.handshaking - itself;
}

static void log_refused(
    const struct step *step, const struct admit_view *view, const struct admit_verdict *verdict)
{
    bool told = !verdict->is_false && verdict->act == ADMIT_reject;
    log_write(&step->node->settings.log, LOG_INFO, "inbound refused by the policy",
        LOG_TEXT("ip", view->ip), LOG_TEXT("peer", view->id),
        LOG_TEXT("reason", told ? verdict->reject : verdict->reason));
}

/* Whether the policy refuses; *verdict is not read when it does not answer. */
static bool is_refusal(enum err err, const struct admit_verdict *verdict)
{
    return !err &&
        (verdict->is_false || verdict->act == ADMIT_reject ||
            (verdict->act == ADMIT_accept && !verdict->accept));
}

enum err admit_socket(struct step *step, const struct ip *ip, enum err rule)
{
    struct node *node = step->node;
    struct addr addr = {.at.ip = *ip};
    struct admit_verdict verdict;
    struct row_text text;
    if (!policy_wants(node->policy, HOOK_admit))
        return rule;
    struct admit_view view = {
        .stage = POLICY_STAGE_socket,
        .default_reject = rule ? err_name(rule) : "",
        .id = "",
        .version = "",
        .moniker = "",
    };
    view_origin(step, &addr, &view, &text);
    enum err err = policy_ask(node->policy, HOOK_admit, &node->rng, &view, &verdict);
    if (!is_refusal(err, &verdict))
        return err ? rule : ERR_OK;
    log_refused(step, &view, &verdict);
    return ERR_POLICY;
}

/* ---- the proven peer ---- */

static const char *cut_text(struct span text, char out[TEXT_SHOWN + 1])
{
    size_t n = text.n < TEXT_SHOWN ? text.n : TEXT_SHOWN;
    if (n > 0)
        memcpy(out, text.at, n);
    out[n] = 0;
    return out;
}

static enum err replace(struct step *step, const struct peer_rows *peers, int64_t row)
{
    if (row < 0 || (size_t)row >= peers->n)
        return ERR_NO_SLOT;
    struct conn *victim = conns_find(&step->node->conns, peers->numbers[row]);
    admission_close_because(
        step, victim, ERR_GRACEFUL, "made room for another one, as the policy wants (admit)", 0);
    return ERR_OK;
}

enum err admit_peer(
    struct step *step, const struct conn *conn, const struct event *established, enum err rule)
{
    struct node *node = step->node;
    struct addr addr = {established->established.id, conn->remote};
    struct admit_verdict verdict;
    struct row_text text;
    struct peer_rows peers = {0};
    char moniker[TEXT_SHOWN + 1], version[TEXT_SHOWN + 1];
    if (!policy_wants(node->policy, HOOK_admit))
        return rule;
    if (rule == ERR_NO_SLOT) {
        if (!bucket_take(&node->replace_budget, step->now.mono_ms, REPLACE_PER_S, REPLACE_PER_S))
            return rule;
        peers = view_some_peers(step, is_replaceable, REPLACEABLE_LOOKS);
    }
    struct admit_view view = {
        .stage = POLICY_STAGE_peer,
        .default_reject = rule ? err_name(rule) : "",
        .version = cut_text(established->established.info->version, version),
        .moniker = cut_text(established->established.info->moniker, moniker),
        .known = book_find(node->book, &addr.id) != NULL,
        .unconditional = conn->unconditional,
        .persistent = conn->persistent,
        .peers = peers.at,
        .peers_n = peers.n,
    };
    view_origin(step, &addr, &view, &text);
    view.id = text.id;
    enum err err = policy_ask(node->policy, HOOK_admit, &node->rng, &view, &verdict);
    if (is_refusal(err, &verdict) && !is_named(conn)) {
        log_refused(step, &view, &verdict);
        return ERR_POLICY;
    }
    bool replaces = !err && !verdict.is_false && verdict.act == ADMIT_replace;
    return rule == ERR_NO_SLOT && replaces ? replace(step, &peers, verdict.replace) : rule;
}
