/* Samples of one metric and node on their way into the text: what the rows of metrics_table.c write
 * with. */
#ifndef APP_METRICS_SAMPLES_H
#define APP_METRICS_SAMPLES_H

#include "app/metrics/metrics.h"
#include "base/text.h"

struct samples {
    struct text *out;
    struct text name; /* NAMESPACE_NAME */
    struct text
        labels; /* {chain_id="..", with node_id where chain_id alone does not name the node */
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
/* In seconds. */
void samples_time(const struct samples *samples, struct label a, int64_t ns);
/* Of a summary: NAME_sum and NAME_count. */
void samples_summary(const struct samples *samples, int64_t sum_ms, uint64_t n);

#endif
