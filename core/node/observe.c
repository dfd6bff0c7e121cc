/* What happened, for policies that learn from it (the hook `observe`). */
#include "node/observe.h"

static void tell(struct step *step, struct observe_view *view, const struct addr *addr)
{
    struct node *node = step->node;
    struct row_text text;
    struct observe_verdict verdict;
    struct view_name name = view_name(node, addr, &text);
    view->id = name.id;
    view->ip = name.ip;
    view->port = name.port;
    view->group = name.group;
    view->tag = name.tag;
    if (!view->class)
        view->class = "";
    view_common(step, &view->common);
    policy_ask(node->policy, HOOK_observe, &node->rng, view, &verdict);
}

static bool is_heard(const struct step *step)
{
    return policy_wants(step->node->policy, HOOK_observe);
}

void observe_conn(struct step *step, const struct conn *conn, enum policy_event kind)
{
    struct addr addr = {conn->id, conn->remote};
    struct observe_view view = {
        .kind = kind,
        .outbound = conn->outbound,
        .rtt_ms = conn->rtt_ms,
    };
    if (is_heard(step))
        tell(step, &view, &addr);
}

void observe_closed(struct step *step, const struct conn *conn, enum err why)
{
    struct addr addr = {conn->id, conn->remote};
    struct observe_view view = {
        .kind = POLICY_EVENT_closed,
        .outbound = conn->outbound,
        .class = err_name(why),
        .rtt_ms = conn->rtt_ms,
        .uptime_s = view_age_mono_s(step, conn->since_ms),
    };
    if (is_heard(step))
        tell(step, &view, &addr);
}

void observe_dialed(struct step *step, const struct addr *addr, int32_t rtt_ms)
{
    struct observe_view view = {
        .kind = POLICY_EVENT_dialed,
        .outbound = true,
        .rtt_ms = rtt_ms,
    };
    if (is_heard(step))
        tell(step, &view, addr);
}

void observe_dial_failed(struct step *step, const struct addr *addr, enum err why)
{
    struct observe_view view = {
        .kind = POLICY_EVENT_dial_failed,
        .outbound = true,
        .class = err_name(why),
        .rtt_ms = -1,
    };
    if (is_heard(step))
        tell(step, &view, addr);
}

void observe_list(struct step *step, const struct conn *conn, uint32_t held, uint32_t useful)
{
    struct addr addr = {conn->id, conn->remote};
    struct observe_view view = {
        .kind = POLICY_EVENT_list,
        .outbound = conn->outbound,
        .rtt_ms = conn->rtt_ms,
        .addresses = held,
        .useful_addresses = useful,
    };
    if (is_heard(step))
        tell(step, &view, &addr);
}
