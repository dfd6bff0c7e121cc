/* How reliably a peer could be reached, over several windows at once, in constant space: every dial
 * fades what was known before it by exp(-age / window), as DNS seeds of other networks do. */
#ifndef BOOK_RELIABILITY_H
#define BOOK_RELIABILITY_H

#include <stdbool.h>

#include "base/now.h"

enum book_window {
    BOOK_WINDOW_2H,
    BOOK_WINDOW_8H,
    BOOK_WINDOW_1D,
    BOOK_WINDOW_1W,
    BOOK_WINDOW_1M, /* 30 days */
    BOOK_WINDOWS,
};

/* As kept in an entry; all-zero: never dialed. Seconds are wall time. */
struct book_dials {
    uint32_t first_s, last_s;
    float good[BOOK_WINDOWS];  /* part of the window, up to last_s, that counts as reachable */
    float tries[BOOK_WINDOWS]; /* dials, each fading since */
};

/* What it says now. Time since the last dial says nothing: good and known fade alike, so good /
 * known is the share of successes among what is known. */
struct book_reliability {
    double good;  /* 0 .. known */
    double known; /* part of the window about which anything is known, 0 .. 1 */
    double tries; /* how many dials that rests on, older ones counting less */
};

void dials_note(struct book_dials *dials, struct now now, bool good);
struct book_reliability dials_reliability(
    const struct book_dials *dials, enum book_window window, struct now now);
/* Makes numbers that were read from elsewhere possible ones: in range, none ahead of the clock. */
void dials_repair(struct book_dials *dials, struct now now);

#endif
