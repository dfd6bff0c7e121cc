#include "app/metrics/metrics_samples.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define PEERS_MIN 64 /* room for them at first */

/* ---- samples ---- */

static const struct label none = {NULL, NULL};

static bool is_plain(char c)
{
    return c != '\\' && c != '"' && (unsigned char)c >= ' ';
}

static void add_escaped(struct text *out, const char *value)
{
    while (*value) {
        size_t n = 0;
        while (value[n] && is_plain(value[n]))
            n++;
        text_add(out, value, n);
        value += n;
        if (*value == '\\' || *value == '"')
            text_add(out, (char[]){'\\', *value}, 2);
        else if (*value)
            text_add_char(out, '?');
        value += *value != 0;
    }
}

static void add_label(struct text *out, struct label given)
{
    if (!given.name)
        return;
    text_add_char(out, ',');
    text_add_text(out, given.name);
    text_add_text(out, "=\"");
    add_escaped(out, given.value);
    text_add_char(out, '"');
}

/* NAMESPACE_NAME{chain_id="..",a=".."} - its value follows. */
static void add_series(
    const struct samples *samples, const char *suffix, struct label a, struct label b)
{
    text_add(samples->out, samples->name.at, samples->name.n);
    text_add_text(samples->out, suffix);
    text_add(samples->out, samples->labels.at, samples->labels.n);
    add_label(samples->out, a);
    add_label(samples->out, b);
    text_add_text(samples->out, "} ");
}

static void add_line(const struct samples *samples, uint64_t value)
{
    text_add_count(samples->out, value);
    text_add_char(samples->out, '\n');
}

/* With so many digits behind the point as `one` has zeros. */
static void add_fraction(const struct samples *samples, int64_t value, int64_t one)
{
    char text[48];
    int digits = one == 1000 ? 3 : 9;
    snprintf(text, sizeof text, "%" PRId64 ".%0*" PRId64 "\n", value / one, digits, value % one);
    text_add_text(samples->out, text);
}

void samples_count2(const struct samples *samples, struct label a, struct label b, uint64_t value)
{
    add_series(samples, "", a, b);
    add_line(samples, value);
}

void samples_count1(const struct samples *samples, struct label a, uint64_t value)
{
    samples_count2(samples, a, none, value);
}

void samples_count(const struct samples *samples, uint64_t value)
{
    samples_count2(samples, none, none, value);
}

void samples_peer(const struct samples *samples, const struct metrics_peer *peer, const char *more,
    uint64_t value)
{
    text_add(samples->out, samples->name.at, samples->name.n);
    text_add(samples->out, samples->labels.at, samples->labels.n);
    text_add_text(samples->out, peer->label);
    text_add_text(samples->out, more);
    text_add_text(samples->out, "} ");
    add_line(samples, value);
}

void samples_time(const struct samples *samples, struct label a, int64_t ns)
{
    add_series(samples, "", a, none);
    add_fraction(samples, ns, 1000000000);
}

void samples_summary(const struct samples *samples, int64_t sum_ms, uint64_t n)
{
    add_series(samples, "_sum", none, none);
    add_fraction(samples, sum_ms, 1000);
    add_series(samples, "_count", none, none);
    add_line(samples, n);
}

/* ---- the text ---- */

static const char *const kind_names[] = {
    [METRIC_GAUGE] = "gauge",
    [METRIC_COUNTER] = "counter",
    [METRIC_SUMMARY] = "summary",
};

static bool shares_name(const struct metrics_node *a, const struct metrics_node *b)
{
    return strcmp(a->namespace_, b->namespace_) == 0;
}

/* Whether another node has the same namespace and network. */
static bool is_ambiguous(const struct metrics_node *nodes, size_t n, size_t i)
{
    for (size_t k = 0; k < n; k++)
        if (k != i && shares_name(&nodes[k], &nodes[i]) &&
            strcmp(nodes[k].network, nodes[i].network) == 0)
            return true;
    return false;
}

static void name_metric(
    struct samples *samples, const struct metric *metric, const struct metrics_node *node)
{
    text_clear(&samples->name);
    text_add_text(&samples->name, node->namespace_);
    text_add_text(&samples->name, *node->namespace_ ? "_" : "");
    text_add_text(&samples->name, metric->name);
}

static void name_node(struct samples *samples, const struct metrics_node *node, bool is_ambiguous)
{
    char id[PEER_ID_TEXT + 1];
    text_clear(&samples->labels);
    text_add_text(&samples->labels, "{chain_id=\"");
    add_escaped(&samples->labels, node->network);
    text_add_char(&samples->labels, '"');
    if (is_ambiguous)
        add_label(&samples->labels, label("node_id", peer_id_text(&node->id, id)));
}

static void add_about(const struct samples *samples, const char *what, const char *text)
{
    text_add_text(samples->out, what);
    text_add(samples->out, samples->name.at, samples->name.n);
    text_add_char(samples->out, ' ');
    text_add_text(samples->out, text);
    text_add_char(samples->out, '\n');
}

/* One metric of all nodes that share the namespace of node `first`. */
static void add_metric(struct samples *samples, const struct metric *metric,
    const struct metrics_node *nodes, const struct metrics_peers *peers, size_t n, size_t first)
{
    name_metric(samples, metric, &nodes[first]);
    add_about(samples, "# HELP ", metric->help);
    add_about(samples, "# TYPE ", kind_names[metric->kind]);
    for (size_t i = first; i < n; i++) {
        if (!shares_name(&nodes[i], &nodes[first]))
            continue;
        name_node(samples, &nodes[i], is_ambiguous(nodes, n, i));
        samples->peers = &peers[i];
        metric->write(samples, &nodes[i]);
    }
}

static bool is_first_of_its_name(const struct metrics_node *nodes, size_t i)
{
    for (size_t k = 0; k < i; k++)
        if (shares_name(&nodes[k], &nodes[i]))
            return false;
    return true;
}

static void add_peer(void *context, const struct host_peer *peer)
{
    struct metrics_peers *peers = context;
    char id[PEER_ID_TEXT + 1];
    if (peers->n == peers->cap) {
        size_t cap = 2 * peers->cap + PEERS_MIN;
        struct metrics_peer *at = realloc(peers->at, cap * sizeof *at);
        peers->has_failed |= !at;
        if (!at)
            return;
        peers->at = at;
        peers->cap = cap;
    }
    struct metrics_peer *added = &peers->at[peers->n++];
    added->counts = *peer;
    snprintf(added->label, sizeof added->label, ",peer_id=\"%s\"", peer_id_text(&peer->id, id));
}

/* Each peer is looked at once: they are many, and lie far apart. */
static struct metrics_peers *list_peers(const struct metrics_node *nodes, size_t n)
{
    struct metrics_peers *peers = calloc(n + 1, sizeof *peers);
    for (size_t i = 0; peers && i < n; i++)
        if (nodes[i].host)
            host_peers(nodes[i].host, add_peer, &peers[i]);
    return peers;
}

/* True if some were left out. */
static bool forget_peers(struct metrics_peers *peers, size_t n)
{
    bool has_failed = false;
    for (size_t i = 0; i < n; i++) {
        has_failed |= peers[i].has_failed;
        free(peers[i].at);
    }
    free(peers);
    return has_failed;
}

enum err metrics_text(const struct metrics_node *nodes, size_t nodes_n, char **text, size_t *n)
{
    struct text out = {0};
    struct samples samples = {.out = &out};
    struct metrics_peers *peers = list_peers(nodes, nodes_n);
    if (!peers)
        return ERR_NO_MEMORY;
    for (size_t i = 0; i < nodes_n; i++)
        for (size_t k = 0; is_first_of_its_name(nodes, i) && k < metrics_table_n; k++)
            add_metric(&samples, &metrics_table[k], nodes, peers, nodes_n, i);
    out.has_failed |= forget_peers(peers, nodes_n);
    out.has_failed |= samples.name.has_failed || samples.labels.has_failed;
    text_free(&samples.name);
    text_free(&samples.labels);
    return text_take(&out, text, n);
}
