/* What others see of a node: policies (behaviour.md L1), reports, people. */
#include "node/state.h"

#define NEVER_AGE (-1.0)

static int64_t wall_seconds(const struct step *step)
{
    if (step->now.wall_ms > step->node->last_wall_ms)
        step->node->last_wall_ms = step->now.wall_ms;
    return step->node->last_wall_ms / 1000;
}

void view_common(const struct step *step, struct policy_common *common)
{
    const struct node *node = step->node;
    *common = (struct policy_common){
        .now = (double)wall_seconds(step),
        .role = node->settings.seed_mode ? POLICY_ROLE_seed : POLICY_ROLE_node,
        .outbound = node->conns.outbound,
        .inbound = node->conns.inbound,
        .dialing = node->conns.dialing,
        .outbound_max = node->settings.max_outbound,
        .inbound_max = node->settings.max_inbound,
        .book_new = book_count_side(node->book, BOOK_NEW),
        .book_old = book_count_side(node->book, BOOK_OLD),
    };
}

/* Wall time may have been set back since: an age is never negative. */
static double age_s(const struct step *step, int64_t wall_ms)
{
    if (wall_ms == 0)
        return NEVER_AGE;
    int64_t age_ms = step->now.wall_ms - wall_ms;
    return age_ms > 0 ? (double)age_ms / 1000 : 0;
}

static double retry_in_s(const struct step *step, const struct dial_record *record)
{
    if (!record || record->next_ms <= step->now.mono_ms)
        return 0;
    return (double)(record->next_ms - step->now.mono_ms) / 1000;
}

static void view_entry(const struct step *step, const struct book_entry *entry,
    struct address_row *row, struct row_text *text)
{
    row->old = entry->side == BOOK_OLD;
    row->attempts = entry->attempts;
    row->last_attempt_age_s = age_s(step, entry->last_attempt_ms);
    row->last_success_age_s = age_s(step, entry->last_success_ms);
    row->last_verified_age_s = age_s(step, entry->last_verified_ms);
    if (entry->rtt_ms > 0)
        row->rtt_ms = entry->rtt_ms;
    if (entry->sources_n > 0)
        row->source_ip = ip_text(&book_source(step->node->book, entry, 0)->at.ip, text->source_ip);
}

void view_address(const struct step *step, const struct addr *addr, struct address_row *row,
    struct row_text *text)
{
    const struct node *node = step->node;
    const struct dial_record *record = dialer_record(node, &addr->at);
    struct group group = ip_group(&addr->at.ip, node->settings.strict);
    *row = (struct address_row){
        .id = peer_id_text(&addr->id, text->id),
        .ip = ip_text(&addr->at.ip, text->ip),
        .port = addr->at.port,
        .group = group_text(group, text->group),
        .tag = "",
        .failures = record ? record->failures : 0,
        .retry_in_s = retry_in_s(step, record),
        .last_attempt_age_s = NEVER_AGE,
        .last_success_age_s = NEVER_AGE,
        .last_verified_age_s = NEVER_AGE,
        .rtt_ms = -1,
        .group_outbound = conns_outbound_in_group(&node->conns, group),
        .persistent = configured_is_persistent(node, &addr->id),
        .source_ip = "",
    };
    const struct book_entry *entry = book_find(node->book, &addr->id);
    if (entry && endpoint_equal(&entry->addr.at, &addr->at))
        view_entry(step, entry, row, text);
}

void view_peer(
    const struct step *step, const struct conn *conn, struct peer_row *row, struct row_text *text)
{
    struct group group = ip_group(&conn->remote.ip, step->node->settings.strict);
    *row = (struct peer_row){
        .id = peer_id_text(&conn->id, text->id),
        .ip = ip_text(&conn->remote.ip, text->ip),
        .port = conn->remote.port,
        .group = group_text(group, text->group),
        .tag = "",
        .outbound = conn->outbound,
        .persistent = conn->persistent,
        .unconditional = conn->unconditional,
        .uptime_s = (double)(step->now.mono_ms - conn->since_ms) / 1000,
        .rtt_ms = conn->rtt_ms,
        .useful_addresses = conn->useful,
        .version = conn->version,
    };
}

/* ---- reports and people ---- */

struct node_counts node_counts(const struct node *node)
{
    struct node_counts counts = node->counts;
    counts.outbound = node->conns.outbound;
    counts.inbound = node->conns.inbound;
    counts.peers = node->conns.peers;
    counts.dialing = node->conns.dialing;
    counts.handshaking = node->conns.handshaking;
    return counts;
}

const struct node_metrics *node_metrics(const struct node *node)
{
    return &node->metrics;
}

const struct book *node_book(const struct node *node)
{
    return node->book;
}

void node_peers(const struct node *node, void (*visit)(void *context, const struct node_peer *peer),
    void *context)
{
    for (uint32_t i = 0; i < node->conns.n; i++) {
        const struct conn *conn = &node->conns.at[i];
        if (conn->state != CONN_PEER)
            continue;
        struct node_peer peer = {
            .id = conn->id,
            .remote = conn->remote,
            .outbound = conn->outbound,
            .persistent = conn->persistent,
            .unconditional = conn->unconditional,
            .is_seed = conn->is_seed,
            .connected_ms = conn->since_ms,
            .rtt_ms = conn->rtt_ms,
            .version = conn->version,
        };
        visit(context, &peer);
    }
}

static struct node_configured describe(const struct node *node, const struct configured_peer *peer)
{
    struct node_configured made = {
        .text = &peer->text, .failures = peer->failures, .next_ms = peer->next_ms};
    if (peer->never)
        made.state = CONFIGURED_OURSELVES;
    else if (conns_peer(&node->conns, &peer->text.id))
        made.state = CONFIGURED_CONNECTED;
    else if (conns_dial(&node->conns, &peer->text.id))
        made.state = CONFIGURED_DIALING;
    else if (peer->resolving)
        made.state = CONFIGURED_RESOLVING;
    return made;
}

void node_configured(const struct node *node, enum node_list list,
    void (*visit)(void *context, const struct node_configured *peer), void *context)
{
    bool seeds = list == NODE_SEEDS;
    uint32_t n = seeds ? node->seeds_n : node->persistent_n;
    for (uint32_t i = 0; i < n; i++) {
        const struct configured_peer *peer = seeds ? &node->seeds[i] : &node->persistent[i];
        struct node_configured made = describe(node, peer);
        if (!peer->removed)
            visit(context, &made);
    }
}
