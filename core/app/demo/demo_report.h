/* What happened in a demonstration, as text for people or as one JSON object. */
#ifndef APP_DEMO_REPORT_H
#define APP_DEMO_REPORT_H

#include "app/demo/demo_cast.h"
#include <stdio.h>

/* Taken while the nodes still run. */
struct demo_report {
    int64_t ran_ms;
    unsigned nodes;     /* without the seed, as all below */
    unsigned reached;   /* had an outbound peer at some time */
    unsigned connected; /* have a peer that is not the seed */
    unsigned on_target; /* had no outbound slot free, or nobody left to dial */
    struct node_counts sum;
    unsigned known_min, known_max; /* addresses in their books */
    uint64_t questions, policy_errors;
    double policy_s; /* time spent in policies */
};

struct demo_report demo_report_of(const struct demo_cast *cast);
/* Every node reached an outbound peer and is connected. */
bool demo_report_is_good(const struct demo_report *report);
void demo_report_text(const struct demo_report *report, const struct demo_cast *cast, FILE *out);
void demo_report_json(const struct demo_report *report, const struct demo_cast *cast, FILE *out);

#endif
