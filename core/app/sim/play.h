/* One run: a player in a network made from a number, from beginning to end. */
#ifndef APP_PLAY_H
#define APP_PLAY_H

#include "app/sim/figures.h"
#include "app/sim/player.h"
#include "sim/sim.h"

#define PLAY_WHY_MAX SCRIPT_ERROR_TEXT_MAX

struct outcome {
    struct figures figures;
    uint64_t log_hash;
    struct sim_counts counts;
    uint64_t errors;        /* questions that the policy failed at; its base answered */
    char why[PLAY_WHY_MAX]; /* the first of these, or which rule of the core was broken */
};

enum play_end {
    PLAY_UNDONE, /* it has not ended */
    PLAY_DONE,
    PLAY_BROKEN,  /* a node broke a rule that holds whatever a policy says: a bug of luapex */
    PLAY_REFUSED, /* the policy does not load */
};

struct play {
    const struct scenario *scenario;
    const struct player *player;
    uint64_t seed;
    struct series series;      /* filled in while it runs */
    volatile int64_t *done_ms; /* how far it is */
};

enum play_end play_run(const struct play *play, struct outcome *outcome);

#endif
