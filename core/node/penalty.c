/* Misbehaviour: which incidents exist, what the ban policy may decide and what always holds
 * (behaviour.md 1.10, P17). */
#include "node/state.h"

#define INCIDENT_WINDOW_MS HOURS_MS(24)
#define BAN_MIN_MS MINUTES_MS(1)
#define BAN_MAX_MS (HOURS_MS(24) * 30)

static uint32_t count_incident(struct step *step, const struct peer_id *id)
{
    struct peer_history *history = recent_touch(&step->node->history, id);
    if (!history)
        return 1;
    int64_t now = step->now.mono_ms + 1;
    if (history->incidents_at == 0 || now - history->incidents_at > INCIDENT_WINDOW_MS) {
        history->incidents_at = now;
        history->incidents = 0;
    }
    return ++history->incidents;
}

/* Those that leave the stream or the exchange in no state to go on. */
static bool always_disconnects(enum err kind)
{
    return kind != ERR_PEX_TOO_SOON && kind != ERR_PEX_BAD_ADDRESS && kind != ERR_IDLE;
}

static int64_t clamp_ban_ms(double seconds)
{
    double ms = seconds * 1000;
    if (ms < (double)BAN_MIN_MS)
        return BAN_MIN_MS;
    return ms > (double)BAN_MAX_MS ? BAN_MAX_MS : (int64_t)ms;
}

/* The range that a ban of this scope covers, or false when the scope must not be used here. */
static bool ban_range(
    const struct step *step, const struct conn *conn, enum policy_scope scope, struct cidr *range)
{
    const struct node *node = step->node;
    const struct ip *ip = &conn->remote.ip;
    bool v4 = ip_is_v4(ip);
    if (scope == POLICY_SCOPE_group && !ip_is_routable(ip))
        return false;
    if (!node->settings.strict && ip_is_local(ip))
        return false;
    uint8_t bits = scope == POLICY_SCOPE_ip ? 128 : v4 ? 96 + 16 : 32;
    *range = cidr_of(ip, bits);
    for (uint32_t i = 0; i < node->conns.n; i++) {
        const struct conn *other = &node->conns.at[i];
        if ((other->persistent || other->unconditional) && cidr_contains(range, &other->remote.ip))
            return false;
    }
    return !configured_covers(node, range);
}

static void enforce_ban(
    struct step *step, const struct conn *conn, const struct ban_verdict *verdict, enum err kind)
{
    struct node *node = step->node;
    int64_t duration_ms = clamp_ban_ms(verdict->ban_s);
    const char *reason = verdict->reason[0] ? verdict->reason : err_name(kind);
    struct ban_target target = ban_of_id(&conn->id);
    struct cidr range;
    if (verdict->scope != POLICY_SCOPE_id && ban_range(step, conn, verdict->scope, &range))
        target = ban_of_cidr(&range);
    book_ban(node->book, step->now, &target, duration_ms, reason);
    node->counts.bans++;
    char id[PEER_ID_TEXT + 1];
    log_write(&node->settings.log, LOG_INFO, "peer banned",
        LOG_TEXT("peer", peer_id_text(&conn->id, id)), LOG_TEXT("reason", reason),
        LOG_NUMBER("seconds", duration_ms / 1000));
}

bool penalty_judge(struct step *step, const struct conn *conn, enum err kind)
{
    struct node *node = step->node;
    struct ban_view view = {.kind = err_name(kind), .incidents = count_incident(step, &conn->id)};
    struct ban_verdict verdict;
    struct row_text text;
    view_common(step, &view.common);
    view_peer(step, conn, &view.peer, &text);
    if (policy_ask(node->policy, HOOK_ban, &node->rng, &view, &verdict))
        return true;
    bool spared = conn->persistent || conn->unconditional;
    if (!verdict.is_false && verdict.ban_s > 0 && !spared)
        enforce_ban(step, conn, &verdict, kind);
    return always_disconnects(kind) || (!verdict.is_false && verdict.disconnect);
}

void penalty_incident(struct step *step, struct conn *conn, enum err kind)
{
    if (penalty_judge(step, conn, kind))
        admission_close(step, conn, kind, 0);
}
