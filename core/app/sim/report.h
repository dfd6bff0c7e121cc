/* What several runs came to: a table with a column for each player, or a JSON object a run. */
#ifndef APP_REPORT_H
#define APP_REPORT_H

#include "app/sim/play.h"

struct result {
    int64_t run; /* from 1 */
    uint64_t seed;
    volatile int64_t done_ms;
    enum play_end end;
    struct outcome outcome;
};

/* One object, in a line. */
void report_result(const struct scenario *scenario, const struct player *player,
    const struct result *result, const struct series *series);

struct table {
    const struct scenario *scenario;
    const struct player *players;
    size_t players_n;
    const struct result *results; /* all players' of the first run, of the second ... */
    size_t runs;
};

/* Lines of at most 80 columns: players that do not fit beside each other follow below. */
void report_table(const struct table *table);

#endif
