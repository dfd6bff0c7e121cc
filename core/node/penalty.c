/* Misbehaviour: which incidents exist, what the ban policy may decide and what always holds
 * (behaviour.md 1.10, P17). */
#include "node/view.h"

#define INCIDENT_WINDOW_MS HOURS_MS(24)
#define BANNED_OUTBOUND_WINDOW_MS HOURS_MS(1)

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

uint32_t penalty_incidents(const struct step *step, const struct peer_history *history)
{
    bool counts = history && history->incidents_at > 0 &&
        step->now.mono_ms + 1 - history->incidents_at <= INCIDENT_WINDOW_MS;
    return counts ? history->incidents : 0;
}

/* Those for which 1.10 bans. */
static bool is_offence(enum err kind)
{
    return kind == ERR_PEX_TOO_SOON || kind == ERR_PEX_BAD_ADDRESS || kind == ERR_PEX_UNSOLICITED;
}

/* Those that leave the stream or the exchange in no state to go on. */
static bool always_disconnects(enum err kind)
{
    return kind != ERR_PEX_TOO_SOON && kind != ERR_PEX_BAD_ADDRESS && kind != ERR_IDLE;
}

/* ---- what a ban may cover (P17) ---- */

/* Prefix length of the group of an address, as a ban. An IPv6 address that carries an IPv4 one is
 * grouped by that, which is no prefix of it: then the address alone. */
static uint8_t group_bits(const struct ip *ip)
{
    if (ip_is_v4(ip))
        return 96 + 16;
    return ip_group(ip, true).kind == GROUP_V4 ? 128 : 32;
}

/* Whether nobody is in a range who must never be banned: whoever the operator named, and more than
 * a quarter of the book. */
static bool range_is_free(const struct node *node, const struct cidr *range)
{
    for (uint32_t i = 0; i < node->conns.n; i++) {
        const struct conn *other = &node->conns.at[i];
        bool named = other->persistent || other->unconditional || other->is_seed;
        if (named && cidr_contains(range, &other->remote.ip))
            return false;
    }
    return !configured_covers(node, range) &&
        (uint64_t)book_count_in(node->book, range) * 4 <= book_count(node->book);
}

static bool ban_range(
    const struct node *node, const struct ip *ip, enum policy_scope scope, struct cidr *range)
{
    if (scope == POLICY_SCOPE_id || (!node->settings.strict && ip_is_local(ip)))
        return false;
    if (scope == POLICY_SCOPE_group && !ip_is_routable(ip))
        return false;
    *range = cidr_of(ip, scope == POLICY_SCOPE_ip ? 128 : group_bits(ip));
    return range_is_free(node, range);
}

static uint32_t outbound_in(const struct node *node, const struct cidr *range)
{
    uint32_t n = 0;
    for (uint32_t i = 0; i < node->conns.n; i++) {
        const struct conn *conn = &node->conns.at[i];
        n += conn->state == CONN_PEER && conn->outbound && cidr_contains(range, &conn->remote.ip);
    }
    return n;
}

/* A script may not ban away more than half of our outbound peers in an hour; one it always may. */
static bool take_allowance(struct step *step, uint32_t outbound)
{
    struct node *node = step->node;
    int64_t now = step->now.mono_ms;
    if (now - node->banned.since_ms >= BANNED_OUTBOUND_WINDOW_MS) {
        node->banned.since_ms = now;
        node->banned.outbound = 0;
    }
    uint32_t banned = node->banned.outbound + outbound;
    uint32_t half = (node->conns.outbound + node->banned.outbound) / 2;
    if (banned > 1 && banned > half)
        return false;
    node->banned.outbound = banned;
    return true;
}

/* What exactly is banned; false: nothing. The rules of 1.10 need no allowance: whoever breaks them
 * proved his ID and his fault. */
static bool choose_target(struct step *step, const struct conn *conn, enum policy_scope scope,
    enum err kind, struct ban_target *target)
{
    struct cidr range;
    if (ban_range(step->node, &conn->remote.ip, scope, &range) &&
        take_allowance(step, outbound_in(step->node, &range))) {
        *target = ban_of_cidr(&range);
        return true;
    }
    *target = ban_of_id(&conn->id);
    return is_offence(kind) || take_allowance(step, conn->outbound);
}

static void enforce_ban(
    struct step *step, const struct conn *conn, const struct ban_verdict *verdict, enum err kind)
{
    struct node *node = step->node;
    int64_t duration_ms = clamp_ms(verdict->ban_s, BAN_MIN_MS, BAN_MAX_MS);
    const char *reason = verdict->reason[0] ? verdict->reason : err_name(kind);
    struct ban_target target;
    char id[PEER_ID_TEXT + 1];
    if (!choose_target(step, conn, verdict->scope, kind, &target) ||
        book_ban(node->book, step->now, &target, duration_ms, reason)) {
        log_write(&node->settings.log, LOG_ERROR, "ban not made",
            LOG_TEXT("peer", peer_id_text(&conn->id, id)), LOG_TEXT("reason", reason));
        return;
    }
    node->counts.bans++;
    node->metrics.bans[kind]++;
    node->parting = (struct cidr){target.ip, target.bits};
    node->is_parting = target.kind == BAN_CIDR && (verdict->disconnect || always_disconnects(kind));
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
    bool spared = conn->persistent || conn->unconditional || conn->is_seed;
    if (!verdict.is_false && verdict.ban_s > 0 && !spared)
        enforce_ban(step, conn, &verdict, kind);
    return always_disconnects(kind) || (!verdict.is_false && verdict.disconnect);
}

void penalty_incident(struct step *step, struct conn *conn, enum err kind)
{
    if (penalty_judge(step, conn, kind))
        admission_close(step, conn, kind, 0);
}

uint32_t penalty_part(struct step *step, const struct cidr *range)
{
    struct conns *conns = &step->node->conns;
    uint32_t before = conns->n;
    for (uint32_t i = conns->n; i-- > 0;) { /* who moves into a free place has been seen */
        struct conn *conn = &conns->at[i];
        bool named = conn->persistent || conn->unconditional || conn->is_seed;
        if (conn->state == CONN_PEER && !named && cidr_contains(range, &conn->remote.ip))
            admission_close(step, conn, ERR_BANNED, 0);
    }
    return before - conns->n;
}

void penalty_after_step(struct step *step)
{
    struct node *node = step->node;
    if (!node->is_parting)
        return;
    node->is_parting = false;
    penalty_part(step, &node->parting);
}
