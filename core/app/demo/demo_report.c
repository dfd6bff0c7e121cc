#include "app/demo/demo_report.h"

#include <inttypes.h>
#include <stdlib.h>

static void add_counts(struct node_counts *sum, const struct node_counts *counts)
{
    sum->dials += counts->dials;
    sum->dials_failed += counts->dials_failed;
    sum->requests_sent += counts->requests_sent;
    sum->lists_received += counts->lists_received;
    sum->addresses_received += counts->addresses_received;
    sum->addresses_added += counts->addresses_added;
    sum->bans += counts->bans;
}

static void add_policy(struct demo_report *report, const struct script *script)
{
    struct script_stats stats;
    script_stats(script, &stats);
    for (unsigned i = 0; i < HOOK_COUNT; i++) {
        report->questions += stats.hooks[i].calls;
        report->policy_errors += stats.hooks[i].errors;
        report->policy_s += (double)stats.hooks[i].time_ns / 1e9;
    }
}

struct demo_report demo_report_of(const struct demo_cast *cast)
{
    struct demo_report report = {.ran_ms = demo_cast_age_ms(cast), .nodes = cast->n - 1};
    report.known_min = UINT32_MAX;
    for (unsigned i = 1; i < cast->n; i++) {
        const struct demo_node *node = &cast->nodes[i];
        struct demo_look look = demo_node_look(node);
        report.reached += node->outbound_after_ms >= 0;
        report.connected += look.peers > 0;
        report.on_target += node->target_after_ms >= 0;
        report.known_min = look.known < report.known_min ? look.known : report.known_min;
        report.known_max = look.known > report.known_max ? look.known : report.known_max;
        add_counts(&report.sum, &look.counts);
        add_policy(&report, node->runner.script);
    }
    return report;
}

bool demo_report_is_good(const struct demo_report *report)
{
    return report->reached == report->nodes && report->connected == report->nodes;
}

static int compare_ms(const void *a, const void *b)
{
    int64_t left = *(const int64_t *)a, right = *(const int64_t *)b;
    return (left > right) - (left < right);
}

struct spread {
    unsigned n;
    double median_s, slowest_s;
};

/* Of the nodes that got there at all. */
static struct spread spread_of(const struct demo_cast *cast, size_t offset)
{
    int64_t times[DEMO_NODES_MAX];
    unsigned n = 0;
    for (unsigned i = 1; i < cast->n; i++) {
        int64_t ms;
        memcpy(&ms, (const char *)&cast->nodes[i] + offset, sizeof ms);
        if (ms >= 0)
            times[n++] = ms;
    }
    if (n == 0)
        return (struct spread){0};
    qsort(times, n, sizeof *times, compare_ms);
    return (struct spread){n, (double)times[n / 2] / 1000, (double)times[n - 1] / 1000};
}

static void write_spread(
    FILE *out, const char *what, const struct demo_cast *cast, unsigned nodes, size_t offset)
{
    struct spread spread = spread_of(cast, offset);
    fprintf(out, "  %-24s %u of %u nodes", what, spread.n, nodes);
    if (spread.n > 0)
        fprintf(
            out, ", median after %.1f s, slowest after %.1f s", spread.median_s, spread.slowest_s);
    fputc('\n', out);
}

void demo_report_text(const struct demo_report *report, const struct demo_cast *cast, FILE *out)
{
    const struct node_counts *sum = &report->sum;
    fprintf(out, "\n%s: %u of %u nodes are connected after %.1f s\n",
        demo_report_is_good(report) ? "Done" : "Not all are connected", report->connected,
        report->nodes, (double)report->ran_ms / 1000);
    write_spread(out, "first outbound peer:", cast, report->nodes,
        offsetof(struct demo_node, outbound_after_ms));
    write_spread(out, "first peer but the seed:", cast, report->nodes,
        offsetof(struct demo_node, peer_after_ms));
    write_spread(out, "nobody left to dial:", cast, report->nodes,
        offsetof(struct demo_node, target_after_ms));
    fprintf(out,
        "  dials:                   %" PRIu64 ", %" PRIu64 " of them failed\n"
        "  lists received:          %" PRIu64 " for %" PRIu64 " requests, %" PRIu64
        " addresses, %" PRIu64 " of them new\n"
        "  addresses known:         %u to %u a node\n"
        "  policy:                  %" PRIu64 " questions in %.1f ms, %" PRIu64 " errors\n"
        "  policy file:             loaded again %u times, refused %u times, taken back %u times\n",
        sum->dials, sum->dials_failed, sum->lists_received, sum->requests_sent,
        sum->addresses_received, sum->addresses_added, report->known_min, report->known_max,
        report->questions, report->policy_s * 1000, report->policy_errors, cast->policy_loads,
        cast->policy_errors, cast->policy_takebacks);
    if (*cast->trouble)
        fprintf(out, "  %s              %s\n",
            cast->is_taken_back ? "taken back:" : "not loaded:", cast->trouble);
}

static void write_node(FILE *out, const struct demo_node *node)
{
    struct demo_look look = demo_node_look(node);
    struct endpoint at = runner_endpoint(&node->runner);
    char address[ADDR_TEXT_MAX], id[PEER_ID_TEXT + 1];
    fprintf(out,
        "{\"name\":\"%s\",\"id\":\"%s\",\"address\":\"%s\",\"write_delay_ms\":%" PRId64
        ",\"outbound\":%u,\"inbound\":%u,\"peers\":%u,\"known\":%u,\"rtt_ms\":%d,"
        "\"outbound_after_ms\":%" PRId64 ",\"peer_after_ms\":%" PRId64
        ",\"target_after_ms\":%" PRId64 ",\"dials\":%" PRIu64 ",\"dials_failed\":%" PRIu64 "}",
        node->name, peer_id_text(&node->key.id, id), endpoint_to_text(&at, address), node->delay_ms,
        look.counts.outbound, look.counts.inbound, look.peers, look.known, look.rtt_ms,
        node->outbound_after_ms, node->peer_after_ms, node->target_after_ms, look.counts.dials,
        look.counts.dials_failed);
}

void demo_report_json(const struct demo_report *report, const struct demo_cast *cast, FILE *out)
{
    const struct node_counts *sum = &report->sum;
    fprintf(out,
        "{\"ok\":%s,\"ran_ms\":%" PRId64 ",\"seed\":%" PRIu64
        ",\"nodes\":%u,\"reached\":%u,\"connected\":%u,\"target\":%u,\"on_target\":%u,"
        "\"dials\":%" PRIu64 ",\"dials_failed\":%" PRIu64 ",\"requests_sent\":%" PRIu64
        ",\"lists_received\":%" PRIu64 ",\"addresses_received\":%" PRIu64
        ",\"addresses_added\":%" PRIu64 ",\"bans\":%" PRIu64 ",\"questions\":%" PRIu64
        ",\"policy_errors\":%" PRIu64 ",\"policy_loads\":%u,\"policy_refusals\":%u,"
        "\"policy_takebacks\":%u,\"cast\":[",
        demo_report_is_good(report) ? "true" : "false", report->ran_ms, cast->seed, report->nodes,
        report->reached, report->connected, cast->target, report->on_target, sum->dials,
        sum->dials_failed, sum->requests_sent, sum->lists_received, sum->addresses_received,
        sum->addresses_added, sum->bans, report->questions, report->policy_errors,
        cast->policy_loads, cast->policy_errors, cast->policy_takebacks);
    for (unsigned i = 0; i < cast->n; i++) {
        if (i > 0)
            fputc(',', out);
        write_node(out, &cast->nodes[i]);
    }
    fputs("]}\n", out);
}
