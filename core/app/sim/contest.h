/* All runs of a command line: every player in every network, and what is told of them. */
#ifndef APP_CONTEST_H
#define APP_CONTEST_H

#include "app/sim/report.h"

struct contest {
    struct scenario scenario;
    struct player players[PLAYERS_MAX];
    size_t players_n;
    int64_t runs, seed; /* the first network is made from seed, the next from the next number */
    unsigned jobs;      /* runs at a time; they do not change what comes out */
    bool as_json;
    int64_t every_s; /* a sample of each run's series, in JSON; 0: none */
};

#define CONTEST_SAMPLES_MAX 1000 /* of a run */

/* Plays, prints a table or JSON, and tells what went wrong. Returns an exit status. */
int contest_run(const struct contest *contest, const struct flags *flags);
/* As many runs at a time as this machine has cores and memory for. */
unsigned contest_jobs(const struct scenario *scenario);

/* The command line by which a run is seen again, alone; NULL: out of memory. For free(). */
char *contest_again(
    const struct flags *flags, const struct player *player, const struct result *result);

#endif
