#include "app/metrics/metrics_samples.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

/* ---- samples ---- */

static const struct label none = {NULL, NULL};

static void write_escaped(FILE *out, const char *text)
{
    for (; *text; text++) {
        if (*text == '\\' || *text == '"')
            fputc('\\', out);
        fputc((unsigned char)*text < ' ' ? '?' : *text, out);
    }
}

static void write_label(FILE *out, struct label given)
{
    if (!given.name)
        return;
    fprintf(out, ",%s=\"", given.name);
    write_escaped(out, given.value);
    fputc('"', out);
}

static void write_name(const struct samples *samples, const char *suffix)
{
    const char *namespace_ = samples->node->namespace_;
    fprintf(samples->out, "%s%s%s%s", namespace_, *namespace_ ? "_" : "", samples->metric->name,
        suffix);
}

/* NAMESPACE_NAME{chain_id="..",a=".."} - its value follows. */
static void write_series(
    const struct samples *samples, const char *suffix, struct label a, struct label b)
{
    write_name(samples, suffix);
    fputs("{chain_id=\"", samples->out);
    write_escaped(samples->out, samples->node->network);
    fputc('"', samples->out);
    write_label(samples->out, samples->node_id ? label("node_id", samples->node_id) : none);
    write_label(samples->out, a);
    write_label(samples->out, b);
    fputs("} ", samples->out);
}

void samples_count2(const struct samples *samples, struct label a, struct label b, uint64_t value)
{
    write_series(samples, "", a, b);
    fprintf(samples->out, "%" PRIu64 "\n", value);
}

void samples_count1(const struct samples *samples, struct label a, uint64_t value)
{
    samples_count2(samples, a, none, value);
}

void samples_count(const struct samples *samples, uint64_t value)
{
    samples_count2(samples, none, none, value);
}

void samples_time(const struct samples *samples, struct label a, int64_t ns)
{
    write_series(samples, "", a, none);
    fprintf(samples->out, "%" PRId64 ".%09" PRId64 "\n", ns / 1000000000, ns % 1000000000);
}

void samples_summary(const struct samples *samples, int64_t sum_ms, uint64_t n)
{
    write_series(samples, "_sum", none, none);
    fprintf(samples->out, "%" PRId64 ".%03" PRId64 "\n", sum_ms / 1000, sum_ms % 1000);
    write_series(samples, "_count", none, none);
    fprintf(samples->out, "%" PRIu64 "\n", n);
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

/* One metric of all nodes that share the namespace of node `first`. */
static void write_metric(FILE *out, const struct metric *metric, const struct metrics_node *nodes,
    size_t n, size_t first)
{
    struct samples samples = {out, metric, &nodes[first], NULL};
    fputs("# HELP ", out);
    write_name(&samples, "");
    fprintf(out, " %s\n# TYPE ", metric->help);
    write_name(&samples, "");
    fprintf(out, " %s\n", kind_names[metric->kind]);
    for (size_t i = first; i < n; i++) {
        char id[PEER_ID_TEXT + 1];
        if (!shares_name(&nodes[i], &nodes[first]))
            continue;
        samples.node = &nodes[i];
        samples.node_id = is_ambiguous(nodes, n, i) ? peer_id_text(&nodes[i].id, id) : NULL;
        metric->write(&samples, &nodes[i]);
    }
}

static bool is_first_of_its_name(const struct metrics_node *nodes, size_t i)
{
    for (size_t k = 0; k < i; k++)
        if (shares_name(&nodes[k], &nodes[i]))
            return false;
    return true;
}

enum err metrics_text(const struct metrics_node *nodes, size_t nodes_n, char **text, size_t *n)
{
    char *made = NULL;
    size_t made_n = 0;
    FILE *out = open_memstream(&made, &made_n);
    if (!out)
        return ERR_NO_MEMORY;
    for (size_t i = 0; i < nodes_n; i++)
        for (size_t k = 0; is_first_of_its_name(nodes, i) && k < metrics_table_n; k++)
            write_metric(out, &metrics_table[k], nodes, nodes_n, i);
    bool is_whole = !ferror(out);
    if (fclose(out) != 0 || !is_whole) {
        free(made);
        return ERR_NO_MEMORY;
    }
    *text = made;
    *n = made_n;
    return ERR_OK;
}
