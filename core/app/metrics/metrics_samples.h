/* Samples of one metric and node on their way into the text: what the rows of metrics_table.c write
 * with. */
#ifndef APP_METRICS_SAMPLES_H
#define APP_METRICS_SAMPLES_H

#include "app/metrics/metrics.h"
#include "base/text.h"

#define PEER_LABEL_MAX (PEER_ID_TEXT + 16)

/* A connected peer, for all metrics that have one sample for each. */
struct metrics_peer {
    char label[PEER_LABEL_MAX]; /* ,peer_id=".." */
    struct host_peer counts;
};

struct metrics_peers {
    struct metrics_peer *at; /* heap */
    size_t n, cap;
    bool has_failed; /* some are missing, for want of memory */
};

struct samples {
    struct text *out;
    struct text name; /* NAMESPACE_NAME */
    struct text
        labels; /* {chain_id="..", with node_id where chain_id alone does not name the node */
    const struct metrics_peers *peers; /* of the node */
};

/* A label beside chain_id; all-zero: none. */
struct label {
    const char *name, *value;
};

static inline struct label label(const char *name, const char *value)
{
    return (struct label){name, value};
}

/* NAMESPACE_NAME{chain_id="..",labels} value */
void samples_count(const struct samples *samples, uint64_t value);
void samples_count1(const struct samples *samples, struct label a, uint64_t value);
void samples_count2(const struct samples *samples, struct label a, struct label b, uint64_t value);
/* more: labels after peer_id, such as ",a=\"b\"", or "". */
void samples_peer(const struct samples *samples, const struct metrics_peer *peer, const char *more,
    uint64_t value);
/* In seconds. */
void samples_time(const struct samples *samples, struct label a, int64_t ns);
/* Of a summary: NAME_sum and NAME_count. */
void samples_summary(const struct samples *samples, int64_t sum_ms, uint64_t n);

#endif
