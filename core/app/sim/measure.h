/* Measures a stage while it plays. It looks once a second, and counts what nodes do at each step;
 * it believes no number of theirs. */
#ifndef APP_MEASURE_H
#define APP_MEASURE_H

#include "app/sim/figures.h"
#include "app/sim/stage.h"

struct measured_node;

struct measure {
    const struct stage *stage;
    struct measured_node *nodes;
    uint32_t nodes_n;
};

/* Borrows the stage, which has not begun. */
void measure_open(struct measure *measure, const struct stage *stage);
void measure_close(struct measure *measure);
/* Every second of the run. */
void measure_second(struct measure *measure);
struct figures measure_end(const struct measure *measure);

#endif
