#include "app/sim/measure.h"

#include "app/sim/graph.h"
#include "app/sim/spread.h"
#include "sim/need.h"
#include <math.h>
#include <stdlib.h>

struct measured_node {
    int64_t on_s;
    int64_t reached_s;        /* on_s when it first had its target; -1: never */
    int64_t since_s, below_s; /* on since then; and of these below it */
    uint64_t dials, dials_ended, dials_failed;
    uint64_t requests_sent, requests_received, addresses_received;
};

/* ---- while it plays ---- */

static void count_actions(struct measured_node *node, const struct sim_step *step)
{
    for (size_t i = 0; i < step->actions_n; i++) {
        const struct action *action = &step->actions[i];
        node->dials += action->kind == ACTION_DIAL;
        node->requests_sent += action->kind == ACTION_SEND && action->send.kind == PEX_REQUEST;
    }
}

static void count_message(struct measured_node *node, const struct pex_message *message)
{
    if (message->kind == PEX_REQUEST)
        node->requests_received++;
    else
        node->addresses_received += message->addrs_n;
}

static void count_event(struct measured_node *node, const struct event *event)
{
    if (event->kind == EVENT_MESSAGE)
        count_message(node, event->message);
    node->dials_failed += event->kind == EVENT_DIAL_FAILED;
    node->dials_ended += event->kind == EVENT_DIAL_FAILED ||
        (event->kind == EVENT_ESTABLISHED && event->conn > CONN_OUTBOUND);
}

static void observe(void *context, const struct sim_step *step)
{
    struct measure *measure = context;
    if (step->machine >= measure->nodes_n)
        return;
    struct measured_node *node = &measure->nodes[step->machine];
    count_actions(node, step);
    count_event(node, step->event);
}

void measure_open(struct measure *measure, const struct stage *stage)
{
    *measure = (struct measure){.stage = stage, .nodes_n = stage_measured(stage)};
    measure->nodes = need(calloc(measure->nodes_n, sizeof *measure->nodes));
    for (uint32_t i = 0; i < measure->nodes_n; i++)
        measure->nodes[i].reached_s = -1;
    sim_observe(stage->sim, observe, measure);
}

void measure_close(struct measure *measure)
{
    free(measure->nodes);
}

void measure_second(struct measure *measure)
{
    uint32_t target = (uint32_t)measure->stage->scenario->outbound;
    for (uint32_t i = 0; i < measure->nodes_n; i++) {
        struct measured_node *node = &measure->nodes[i];
        const struct node *running = sim_node(measure->stage->sim, i);
        if (!running)
            continue;
        bool is_below = node_counts(running).outbound < target;
        node->on_s++;
        node->since_s += node->reached_s >= 0;
        node->below_s += node->reached_s >= 0 && is_below;
        if (node->reached_s < 0 && !is_below)
            node->reached_s = node->on_s;
    }
}

/* ---- what came of it ---- */

/* A column of numbers, one of each node that has one. */
struct column {
    double *values;
    size_t n;
};

static struct column column_new(size_t cap)
{
    return (struct column){.values = need(calloc(cap + 1, sizeof(double)))};
}

static void column_add(struct column *column, double value)
{
    column->values[column->n++] = value;
}

static struct spread column_take(struct column *column)
{
    struct spread spread = spread_of(column->values, column->n);
    free(column->values);
    return spread;
}

static double percent(double part, double whole)
{
    return whole > 0 ? 100 * part / whole : NAN;
}

static void tell_target(const struct measure *measure, struct figures *figures)
{
    struct column times = column_new(measure->nodes_n);
    double since_s = 0, below_s = 0;
    for (uint32_t i = 0; i < measure->nodes_n; i++) {
        const struct measured_node *node = &measure->nodes[i];
        column_add(&times, node->reached_s < 0 ? INFINITY : (double)node->reached_s);
        since_s += (double)node->since_s;
        below_s += (double)node->below_s;
    }
    figures->of[FIGURE_TARGET_HALF] = spread_reach(times.values, times.n, 0.5);
    figures->of[FIGURE_TARGET_90] = spread_reach(times.values, times.n, 0.9);
    figures->of[FIGURE_TARGET_ALL] = spread_reach(times.values, times.n, 1);
    figures->of[FIGURE_BELOW_TARGET] = percent(below_s, since_s);
    free(times.values);
}

static void tell_work(const struct measure *measure, struct figures *figures)
{
    struct measured_node sum = {0};
    for (uint32_t i = 0; i < measure->nodes_n; i++) {
        const struct measured_node *node = &measure->nodes[i];
        sum.on_s += node->on_s;
        sum.dials += node->dials;
        sum.dials_ended += node->dials_ended;
        sum.dials_failed += node->dials_failed;
        sum.requests_sent += node->requests_sent;
        sum.requests_received += node->requests_received;
        sum.addresses_received += node->addresses_received;
    }
    double hours = sum.on_s > 0 ? (double)sum.on_s / 3600 : NAN;
    figures->of[FIGURE_DIALS] = (double)sum.dials / hours;
    figures->of[FIGURE_DIALS_FAILED] = percent((double)sum.dials_failed, (double)sum.dials_ended);
    figures->of[FIGURE_REQUESTS_SENT] = (double)sum.requests_sent / hours;
    figures->of[FIGURE_REQUESTS_RECEIVED] = (double)sum.requests_received / hours;
    figures->of[FIGURE_ADDRESSES_RECEIVED] = (double)sum.addresses_received / hours;
}

/* ---- peers ---- */

struct peers_of_one {
    const struct stage *stage;
    uint32_t machine;
    uint32_t outbound, inbound, attackers; /* attackers: among the outbound */
    struct group groups[SCENARIO_NODES_MAX];
    uint32_t groups_n;
    double rtt_ms; /* sum over the outbound */
    struct graph *graph;
};

static void note_group(struct peers_of_one *peers, struct group group)
{
    for (uint32_t i = 0; i < peers->groups_n; i++)
        if (group_equal(peers->groups[i], group))
            return;
    if (peers->groups_n < SCENARIO_NODES_MAX)
        peers->groups[peers->groups_n++] = group;
}

static void note_peer(void *context, const struct node_peer *peer)
{
    struct peers_of_one *peers = context;
    uint32_t other = stage_find(peers->stage, &peer->id);
    enum role role = stage_role(peers->stage, other);
    if (role == ROLE_NODE && sim_is_on(peers->stage->sim, other))
        graph_connect(peers->graph, peers->machine, other);
    if (!peer->outbound) {
        peers->inbound++;
        return;
    }
    peers->outbound++;
    peers->attackers += role == ROLE_ATTACKER;
    peers->rtt_ms += (double)sim_rtt_ms(peers->stage->sim, peers->machine, other);
    note_group(peers, ip_group(&peer->remote.ip, true));
}

struct peers_of_all {
    struct column outbound, inbound, groups, rtt_ms;
    uint32_t slots, attackers, eclipsed;
};

static void add_peers(struct peers_of_all *all, const struct peers_of_one *one)
{
    column_add(&all->outbound, one->outbound);
    column_add(&all->inbound, one->inbound);
    column_add(&all->groups, one->groups_n);
    if (one->outbound > 0)
        column_add(&all->rtt_ms, one->rtt_ms / one->outbound);
    all->slots += one->outbound;
    all->attackers += one->attackers;
    all->eclipsed += one->outbound > 0 && one->attackers == one->outbound;
}

static void tell_peers(struct peers_of_all *all, struct figures *figures)
{
    struct spread outbound = column_take(&all->outbound), inbound = column_take(&all->inbound);
    figures->of[FIGURE_OUTBOUND_MIN] = outbound.low;
    figures->of[FIGURE_OUTBOUND_MEDIAN] = outbound.median;
    figures->of[FIGURE_OUTBOUND_MAX] = outbound.high;
    figures->of[FIGURE_INBOUND_MIN] = inbound.low;
    figures->of[FIGURE_INBOUND_MEDIAN] = inbound.median;
    figures->of[FIGURE_INBOUND_MAX] = inbound.high;
    figures->of[FIGURE_OUTBOUND_GROUPS] = column_take(&all->groups).median;
    figures->of[FIGURE_OUTBOUND_RTT] = column_take(&all->rtt_ms).median;
    figures->of[FIGURE_ATTACKERS_OUTBOUND] = percent(all->attackers, all->slots);
    figures->of[FIGURE_ECLIPSED] = all->eclipsed;
}

/* Only nodes that are on are vertices: the others have no edge. */
static void tell_graph(const struct graph *graph, uint32_t on_n, struct figures *figures)
{
    struct graph_shape shape = graph_shape(graph);
    figures->of[FIGURE_LARGEST_COMPONENT] = on_n > 0 ? percent(shape.largest, on_n) : NAN;
    figures->of[FIGURE_PATH_MEAN] = shape.largest > 1 ? shape.path_mean : NAN;
    figures->of[FIGURE_DIAMETER] = shape.largest > 1 ? (double)shape.diameter : NAN;
}

static void measure_peers(const struct measure *measure, struct figures *figures)
{
    const struct stage *stage = measure->stage;
    uint32_t n = (uint32_t)stage->scenario->nodes, on_n = 0;
    struct graph graph;
    struct peers_of_all all = {column_new(n), column_new(n), column_new(n), column_new(n), 0, 0, 0};
    graph_init(&graph, n);
    for (uint32_t i = 0; i < n; i++) {
        const struct node *node = sim_node(stage->sim, i);
        struct peers_of_one one = {.stage = stage, .machine = i, .graph = &graph};
        if (!node)
            continue;
        on_n++;
        node_peers(node, note_peer, &one);
        if (i < measure->nodes_n)
            add_peers(&all, &one);
    }
    tell_peers(&all, figures);
    tell_graph(&graph, on_n, figures);
    graph_free(&graph);
}

/* ---- books ---- */

struct entries {
    uint64_t all, known, old, dead, attackers;
};

static void count_entry(
    const struct stage *stage, const struct book_entry *entry, struct entries *entries)
{
    uint32_t other = stage_find(stage, &entry->addr.id);
    entries->all++;
    entries->old += entry->side == BOOK_OLD;
    if (other == MAP_NONE)
        return;
    enum role role = stage_role(stage, other);
    entries->dead += role == ROLE_NOBODY;
    entries->attackers += role == ROLE_ATTACKER;
    entries->known += role == ROLE_NODE && endpoint_equal(&entry->addr.at, &stage->addrs[other].at);
}

static void measure_books(const struct measure *measure, struct figures *figures)
{
    const struct stage *stage = measure->stage;
    struct column sizes = column_new(measure->nodes_n), known = column_new(measure->nodes_n);
    struct entries sum = {0};
    for (uint32_t i = 0; i < measure->nodes_n; i++) {
        const struct node *node = sim_node(stage->sim, i);
        struct entries own = {0};
        uint32_t cursor = 0;
        if (!node)
            continue;
        for (const struct book_entry *entry; (entry = book_next(node_book(node), &cursor));)
            count_entry(stage, entry, &own);
        column_add(&sizes, (double)own.all);
        column_add(&known, percent((double)own.known, (double)(stage->scenario->nodes - 1)));
        sum.all += own.all;
        sum.old += own.old;
        sum.dead += own.dead;
        sum.attackers += own.attackers;
    }
    figures->of[FIGURE_BOOK_ENTRIES] = column_take(&sizes).median;
    figures->of[FIGURE_BOOK_KNOWN] = column_take(&known).median;
    figures->of[FIGURE_BOOK_OLD] = percent((double)sum.old, (double)sum.all);
    figures->of[FIGURE_BOOK_DEAD] = percent((double)sum.dead, (double)sum.all);
    figures->of[FIGURE_ATTACKERS_BOOK] = percent((double)sum.attackers, (double)sum.all);
}

struct figures measure_end(const struct measure *measure)
{
    struct figures figures;
    tell_target(measure, &figures);
    tell_work(measure, &figures);
    measure_peers(measure, &figures);
    measure_books(measure, &figures);
    return figures;
}
