/* Full buckets of the book, where a policy decides them (P21, P22).
 *
 * It may have the entry that would leave dialed first: then the newcomer waits, at most one for
 * each of EVICT_TESTS_MAX entries, and enters if that dial fails. The dials are feelers: one at a
 * time, above the outbound maximum, closed once they have authenticated. */
#ifndef NODE_EVICT_H
#define NODE_EVICT_H

#include "addr/addr.h"
#include "base/now.h"

struct node;
struct step;

#define EVICT_TESTS_MAX 10
#define EVICT_TEST_LIFETIME_MS MINUTES_MS(10) /* then the newcomer is forgotten */
#define EVICT_RETRY_MS SECONDS_MS(1)          /* after dials that rates and limits held back */

/* One of those; all-zero (side 0): free. */
struct evict_test {
    uint8_t side; /* enum book_side; 0: free */
    bool dialing;
    struct addr victim;
    struct addr newcomer, source;
    int64_t since_ms;
};

struct evict {
    struct evict_test tests[EVICT_TESTS_MAX];
    unsigned n;       /* not free */
    int64_t retry_ms; /* a dial was held back: none is tried before */
};

/* The book asks `node` about full buckets from now on. */
void evict_init(struct node *node);
/* A feeler to this ID ended with ERR_OK or why not. */
void evict_tested(struct step *step, const struct peer_id *id, enum err err);
/* At the end of every step: dials the next entry to be tested, if a feeler is free and none was
 * held back lately; forgets tests that waited too long. */
void evict_after_step(struct step *step);

#endif
