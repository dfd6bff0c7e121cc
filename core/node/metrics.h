/* What a node counts by cause, for those who watch it. Counters never fall; an index is an enum
 * err, whose err_name is the label. node_metrics hands them out. */
#ifndef NODE_METRICS_H
#define NODE_METRICS_H

#include "base/err.h"

#include <stdint.h>

struct node_metrics {
    uint64_t dials[ERR_COUNT];      /* that ended; ERR_OK: the ID was proven and the peer stayed */
    uint64_t seed_dials[ERR_COUNT]; /* those of them that went to seeds (R58) */
    uint64_t dials_held[ERR_COUNT]; /* not begun: in back-off, above a rate, connected already */
    uint64_t refused[ERR_COUNT];    /* accepted connections that did not become peers */
    uint64_t gone[ERR_COUNT];       /* peers that are no more */
    uint64_t bans[ERR_COUNT];       /* by what the peer did; ERR_BANNED: by an operator's wish */
    uint64_t addresses_refused[ERR_COUNT]; /* announced ones that the book did not take */
    struct {
        uint64_t passes;  /* that ended: every address was tried or skipped, and no dial is left */
        int64_t total_ms; /* of those */
        int64_t last_ms;
    } crawl;
};

#endif
