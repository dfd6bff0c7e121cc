/* What nodes count, as Prometheus text (format 0.0.4).
 *
 * One table says which metrics there are; the text, its HELP and TYPE lines and the tests follow
 * from it. Names are NAMESPACE_p2p_... as Go's (behaviour.md 6.1) and NAMESPACE_pex_... for what Go
 * does not count. Every sample carries chain_id; where two nodes of one namespace share it, node_id
 * too. Several nodes make one text: samples of a metric stand together. */
#ifndef APP_METRICS_H
#define APP_METRICS_H

#include "node/node.h"
#include "script/script.h"
#include "uv/host.h"

/* One node; everything is borrowed. host and script may be NULL: their metrics are left out. */
struct metrics_node {
    const char *namespace_; /* letters, digits and _; "": names begin with p2p_ and pex_ */
    const char *network;
    struct peer_id id;
    const struct node *node;
    const struct host *host;
    const struct script *script;
    struct now now;
};

enum metric_kind { METRIC_GAUGE, METRIC_COUNTER, METRIC_SUMMARY };

struct samples;
struct metric {
    const char *name; /* without the namespace: "p2p_peers" */
    enum metric_kind kind;
    const char *labels; /* beside chain_id, separated by commas: "peer_id,chID" */
    const char *help;   /* one sentence */
    void (*write)(struct samples *out, const struct metrics_node *node);
};

extern const struct metric metrics_table[];
extern const size_t metrics_table_n;

/* *text is heap, *n its length without terminator. ERR_NO_MEMORY. */
enum err metrics_text(const struct metrics_node *nodes, size_t nodes_n, char **text, size_t *n);

#endif
