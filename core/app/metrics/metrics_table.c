#include "app/metrics/metrics_samples.h"

#include "policy/schema.h"
#include "script/shadow.h"

/* Those that happened. */
static void count_by_err(
    const struct samples *samples, const char *name, const uint64_t counts[ERR_COUNT])
{
    for (unsigned i = 0; i < ERR_COUNT; i++)
        if (counts[i] > 0)
            samples_count1(samples, label(name, err_name((enum err)i)), counts[i]);
}

/* ---- of the node ---- */

#define NODE_COUNT(field)                                                                          \
    static void write_##field(struct samples *out, const struct metrics_node *node)                \
    {                                                                                              \
        samples_count(out, node_counts(node->node).field);                                         \
    }
NODE_COUNT(peers)
NODE_COUNT(dialing)
NODE_COUNT(handshaking)
NODE_COUNT(rounds)
NODE_COUNT(requests_sent)
NODE_COUNT(requests_received)
NODE_COUNT(requests_refused)
NODE_COUNT(lists_received)
NODE_COUNT(lists_unsolicited)
NODE_COUNT(addresses_received)
NODE_COUNT(addresses_added)

#define NODE_COUNT_BY_ERR(field, name)                                                             \
    static void write_##field(struct samples *out, const struct metrics_node *node)                \
    {                                                                                              \
        count_by_err(out, name, node_metrics(node->node)->field);                                  \
    }
NODE_COUNT_BY_ERR(dials, "result")
NODE_COUNT_BY_ERR(seed_dials, "result")
NODE_COUNT_BY_ERR(dials_held, "reason")
NODE_COUNT_BY_ERR(refused, "reason")
NODE_COUNT_BY_ERR(gone, "reason")
NODE_COUNT_BY_ERR(bans, "reason")
NODE_COUNT_BY_ERR(addresses_refused, "reason")

static void write_slots(struct samples *out, const struct metrics_node *node)
{
    struct node_counts counts = node_counts(node->node);
    samples_count1(out, label("direction", "inbound"), counts.inbound);
    samples_count1(out, label("direction", "outbound"), counts.outbound);
}

static void write_book(struct samples *out, const struct metrics_node *node)
{
    const struct book *book = node_book(node->node);
    samples_count1(out, label("type", "new"), book_count_side(book, BOOK_NEW));
    samples_count1(out, label("type", "old"), book_count_side(book, BOOK_OLD));
}

static void write_bans_active(struct samples *out, const struct metrics_node *node)
{
    const struct bans *bans = book_bans(node_book(node->node));
    uint64_t n = 0;
    for (uint32_t i = 0; i < bans_count(bans); i++)
        n += bans_at(bans, i)->until_ms > node->now.wall_ms;
    samples_count(out, n);
}

static void write_crawl(struct samples *out, const struct metrics_node *node)
{
    const struct node_metrics *metrics = node_metrics(node->node);
    samples_summary(out, metrics->crawl.total_ms, metrics->crawl.passes);
}

/* ---- of connections ---- */

#define PEX_CHANNEL_LABEL ",chID=\"0x0\""

#define EACH_PEER(name, write)                                                                     \
    static void name(struct samples *out, const struct metrics_node *node)                         \
    {                                                                                              \
        (void)node;                                                                                \
        for (size_t i = 0; i < out->peers->n; i++)                                                 \
            write(out, &out->peers->at[i]);                                                        \
    }

static void write_peer_received(const struct samples *out, const struct metrics_peer *peer)
{
    samples_peer(out, peer, PEX_CHANNEL_LABEL, peer->counts.received);
}

static void write_peer_sent(const struct samples *out, const struct metrics_peer *peer)
{
    samples_peer(out, peer, PEX_CHANNEL_LABEL, peer->counts.sent);
}

static void write_peer_pending(const struct samples *out, const struct metrics_peer *peer)
{
    samples_peer(out, peer, "", peer->counts.pending);
}

EACH_PEER(write_received, write_peer_received)
EACH_PEER(write_sent, write_peer_sent)
EACH_PEER(write_pending, write_peer_pending)

static void write_nothing(struct samples *out, const struct metrics_node *node)
{
    (void)out;
    (void)node;
}

static void count_messages(const struct samples *samples, const uint64_t bytes[PEX_KINDS])
{
    samples_count1(samples, label("message_type", "p2p_PexRequest"), bytes[PEX_REQUEST]);
    samples_count1(samples, label("message_type", "p2p_PexAddrs"), bytes[PEX_ADDRS]);
}

static void write_messages_in(struct samples *out, const struct metrics_node *node)
{
    if (node->host)
        count_messages(out, host_counts(node->host).messages_in);
}

static void write_messages_out(struct samples *out, const struct metrics_node *node)
{
    if (node->host)
        count_messages(out, host_counts(node->host).messages_out);
}

#define HOST_COUNT(field)                                                                          \
    static void write_##field(struct samples *out, const struct metrics_node *node)                \
    {                                                                                              \
        if (node->host)                                                                            \
            samples_count(out, host_counts(node->host).field);                                     \
    }
HOST_COUNT(sockets)
HOST_COUNT(accepted)
HOST_COUNT(accept_errors)
HOST_COUNT(shed)
HOST_COUNT(bytes_in)
HOST_COUNT(bytes_out)
HOST_COUNT(lists_sent)

/* ---- of the store ---- */

static void write_store_failures(struct samples *out, const struct metrics_node *node)
{
    if (node->host)
        samples_count(out, host_storing(node->host)->failures);
}

static void write_store_failing_since(struct samples *out, const struct metrics_node *node)
{
    if (node->host)
        samples_count(out, (uint64_t)host_storing(node->host)->failing_since_ms / 1000);
}

/* ---- of the policy ---- */

#define POLICY_COUNT(field)                                                                        \
    static void write_policy_##field(struct samples *out, const struct metrics_node *node)         \
    {                                                                                              \
        struct script_stats stats;                                                                 \
        if (!node->script)                                                                         \
            return;                                                                                \
        script_stats(node->script, &stats);                                                        \
        samples_count(out, (uint64_t)stats.field);                                                 \
    }
POLICY_COUNT(loads)
POLICY_COUNT(load_errors)
POLICY_COUNT(rollbacks)
POLICY_COUNT(taken_back)
POLICY_COUNT(memory)

static void write_policy_info(struct samples *out, const struct metrics_node *node)
{
    struct script_stats stats;
    if (!node->script)
        return;
    script_stats(node->script, &stats);
    samples_count2(out, label("name", stats.name), label("hash", stats.hash), 1);
}

#define EACH_HOOK(field, write)                                                                    \
    static void write_hook_##field(struct samples *out, const struct metrics_node *node)           \
    {                                                                                              \
        struct script_stats stats;                                                                 \
        if (!node->script)                                                                         \
            return;                                                                                \
        script_stats(node->script, &stats);                                                        \
        for (unsigned i = 0; i < HOOK_COUNT; i++)                                                  \
            write(out, label("hook", schema_hooks[i].name), stats.hooks[i].field);                 \
    }
EACH_HOOK(calls, samples_count1)
EACH_HOOK(errors, samples_count1)
EACH_HOOK(skipped, samples_count1)
EACH_HOOK(fallen_back, samples_count1)
EACH_HOOK(time_ns, samples_time)
EACH_HOOK(time_max_ns, samples_time)

/* ---- of a policy that shadows it; without one there are no samples ---- */

static bool find_shadow(const struct metrics_node *node, struct shadow_stats *stats)
{
    return node->script && script_shadow_stats(node->script, stats);
}

static void write_shadow_info(struct samples *out, const struct metrics_node *node)
{
    struct shadow_stats stats;
    if (find_shadow(node, &stats))
        samples_count2(out, label("name", stats.name), label("hash", stats.hash), 1);
}

#define EACH_SHADOW_HOOK(field, write)                                                             \
    static void write_shadow_##field(struct samples *out, const struct metrics_node *node)         \
    {                                                                                              \
        struct shadow_stats stats;                                                                 \
        for (unsigned i = 0; i < HOOK_COUNT && find_shadow(node, &stats); i++)                     \
            write(out, label("hook", schema_hooks[i].name), stats.hooks[i].field);                 \
    }
EACH_SHADOW_HOOK(asked, samples_count1)
EACH_SHADOW_HOOK(differs, samples_count1)
EACH_SHADOW_HOOK(errors, samples_count1)
EACH_SHADOW_HOOK(skipped, samples_count1)
EACH_SHADOW_HOOK(time_ns, samples_time)

static void write_build_info(struct samples *out, const struct metrics_node *node)
{
    (void)node;
    samples_count1(out, label("version", LUAPEX_VERSION), 1);
}

/* ---- the table ---- */

const struct metric metrics_table[] = {
    {"p2p_peers", METRIC_GAUGE, "", "Peers connected.", write_peers},
    {"p2p_peer_receive_bytes_total", METRIC_COUNTER, "peer_id,chID",
        "Bytes of messages received from a connected peer.", write_received},
    {"p2p_peer_send_bytes_total", METRIC_COUNTER, "peer_id,chID",
        "Bytes of messages queued for a connected peer.", write_sent},
    {"p2p_peer_pending_send_bytes", METRIC_GAUGE, "peer_id",
        "Bytes that wait to be sent to a connected peer.", write_pending},
    {"p2p_num_txs", METRIC_GAUGE, "peer_id",
        "Transactions submitted by a peer; has no samples, as this node carries none.",
        write_nothing},
    {"p2p_message_receive_bytes_total", METRIC_COUNTER, "message_type",
        "Bytes of messages received, by type.", write_messages_in},
    {"p2p_message_send_bytes_total", METRIC_COUNTER, "message_type",
        "Bytes of messages queued, by type.", write_messages_out},

    {"pex_slots_used", METRIC_GAUGE, "direction",
        "Peers that count against the two maxima: all but unconditional ones.", write_slots},
    {"pex_dialing", METRIC_GAUGE, "", "Dials under way.", write_dialing},
    {"pex_handshaking", METRIC_GAUGE, "", "Accepted connections that have not proven an ID.",
        write_handshaking},
    {"pex_connections_refused_total", METRIC_COUNTER, "reason",
        "Accepted connections that did not become peers.", write_refused},
    {"pex_peers_gone_total", METRIC_COUNTER, "reason", "Peers that are no more.", write_gone},
    {"pex_book_addresses", METRIC_GAUGE, "type",
        "Addresses in the book: new ones, and old (vetted) ones.", write_book},
    {"pex_store_failures_total", METRIC_COUNTER, "",
        "Times that changes of the book, bans among them, could not be stored.",
        write_store_failures},
    {"pex_store_failing_since_timestamp_seconds", METRIC_GAUGE, "",
        "Unix time since which changes of the book are in memory alone; 0: they are stored.",
        write_store_failing_since},
    {"pex_addresses_received_total", METRIC_COUNTER, "", "Addresses in lists of peers.",
        write_addresses_received},
    {"pex_addresses_accepted_total", METRIC_COUNTER, "", "Those that were new to the book.",
        write_addresses_added},
    {"pex_addresses_refused_total", METRIC_COUNTER, "reason", "Those that the book refused.",
        write_addresses_refused},
    {"pex_requests_sent_total", METRIC_COUNTER, "", "Address requests sent.", write_requests_sent},
    {"pex_requests_received_total", METRIC_COUNTER, "", "Address requests received.",
        write_requests_received},
    {"pex_requests_refused_total", METRIC_COUNTER, "", "Those that were not answered.",
        write_requests_refused},
    {"pex_lists_sent_total", METRIC_COUNTER, "", "Address lists sent.", write_lists_sent},
    {"pex_lists_received_total", METRIC_COUNTER, "", "Address lists received and used.",
        write_lists_received},
    {"pex_lists_unsolicited_total", METRIC_COUNTER, "", "Address lists that nobody asked for.",
        write_lists_unsolicited},
    {"pex_rounds_total", METRIC_COUNTER, "", "Rounds that looked for more peers.", write_rounds},
    {"pex_dials_total", METRIC_COUNTER, "result", "Dials that ended.", write_dials},
    {"pex_dials_held_total", METRIC_COUNTER, "reason",
        "Dials that were wanted and not begun: in back-off, above a rate, connected already.",
        write_dials_held},
    {"pex_seed_dials_total", METRIC_COUNTER, "result", "Dials of configured seeds that ended.",
        write_seed_dials},
    {"pex_bans", METRIC_GAUGE, "", "Bans that hold.", write_bans_active},
    {"pex_bans_total", METRIC_COUNTER, "reason",
        "Bans made, by what the peer did; banned: by an operator.", write_bans},
    {"pex_crawl_pass_duration_seconds", METRIC_SUMMARY, "",
        "Seed mode: time that a pass over the address book took.", write_crawl},

    {"pex_policy_info", METRIC_GAUGE, "name,hash", "The policy that answers; always 1.",
        write_policy_info},
    {"pex_policy_loads_total", METRIC_COUNTER, "", "Policies loaded in place of the one before.",
        write_policy_loads},
    {"pex_policy_load_errors_total", METRIC_COUNTER, "",
        "Policies that did not load; the one before went on.", write_policy_load_errors},
    {"pex_policy_rollbacks_total", METRIC_COUNTER, "",
        "Returns to an earlier policy, by an operator or after repeated failures.",
        write_policy_rollbacks},
    {"pex_policy_taken_back_total", METRIC_COUNTER, "",
        "Returns to an earlier policy after repeated failures of the new one.",
        write_policy_taken_back},
    {"pex_policy_memory_bytes", METRIC_GAUGE, "", "Memory that the policy holds.",
        write_policy_memory},
    {"pex_policy_calls_total", METRIC_COUNTER, "hook", "Questions to the policy.",
        write_hook_calls},
    {"pex_policy_errors_total", METRIC_COUNTER, "hook",
        "Questions that the policy failed to answer; the rule it extends answered.",
        write_hook_errors},
    {"pex_policy_skipped_total", METRIC_COUNTER, "hook",
        "Questions that it was not asked, for it had failed too often or time was up.",
        write_hook_skipped},
    {"pex_policy_fallen_back", METRIC_GAUGE, "hook",
        "1: the hook failed three times in a row and is not asked until the next load.",
        write_hook_fallen_back},
    {"pex_policy_seconds_total", METRIC_COUNTER, "hook", "CPU time that the answers took.",
        write_hook_time_ns},
    {"pex_policy_seconds_max", METRIC_GAUGE, "hook", "CPU time that the slowest answer took.",
        write_hook_time_max_ns},

    {"pex_policy_shadow_info", METRIC_GAUGE, "name,hash",
        "The policy that answers too, without effect; always 1.", write_shadow_info},
    {"pex_policy_shadow_calls_total", METRIC_COUNTER, "hook", "Questions to the shadow.",
        write_shadow_asked},
    {"pex_policy_shadow_differences_total", METRIC_COUNTER, "hook",
        "Questions that the shadow answered otherwise than the policy.", write_shadow_differs},
    {"pex_policy_shadow_errors_total", METRIC_COUNTER, "hook",
        "Questions that the shadow failed to answer.", write_shadow_errors},
    {"pex_policy_shadow_skipped_total", METRIC_COUNTER, "hook",
        "Questions that the shadow was not asked, for its time of the turn was up.",
        write_shadow_skipped},
    {"pex_policy_shadow_seconds_total", METRIC_COUNTER, "hook",
        "Time that the shadow's answers took.", write_shadow_time_ns},

    {"pex_sockets", METRIC_GAUGE, "", "Open connections of any state.", write_sockets},
    {"pex_accepted_total", METRIC_COUNTER, "", "Connections accepted.", write_accepted},
    {"pex_accept_errors_total", METRIC_COUNTER, "", "Accepts that failed.", write_accept_errors},
    {"pex_shed_total", METRIC_COUNTER, "",
        "Connections accepted and closed at once, because no file descriptor was left.",
        write_shed},
    {"pex_wire_receive_bytes_total", METRIC_COUNTER, "", "Bytes received, as on the wire.",
        write_bytes_in},
    {"pex_wire_send_bytes_total", METRIC_COUNTER, "", "Bytes sent, as on the wire.",
        write_bytes_out},
    {"pex_build_info", METRIC_GAUGE, "version", "The program; always 1.", write_build_info},
};
const size_t metrics_table_n = sizeof metrics_table / sizeof *metrics_table;
