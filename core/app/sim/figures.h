/* What is measured of a network, each figure once: its name for programs, its line in the table,
 * and what exactly it says. */
#ifndef APP_FIGURES_H
#define APP_FIGURES_H

#include "app/sim/scenario.h"

enum figure {
    FIGURE_TARGET_HALF,
    FIGURE_TARGET_90,
    FIGURE_TARGET_ALL,
    FIGURE_BELOW_TARGET,
    FIGURE_OUTBOUND_MIN,
    FIGURE_OUTBOUND_MEDIAN,
    FIGURE_OUTBOUND_MAX,
    FIGURE_INBOUND_MIN,
    FIGURE_INBOUND_MEDIAN,
    FIGURE_INBOUND_MAX,
    FIGURE_OUTBOUND_GROUPS,
    FIGURE_OUTBOUND_RTT,
    FIGURE_LARGEST_COMPONENT,
    FIGURE_PATH_MEAN,
    FIGURE_DIAMETER,
    FIGURE_BOOK_ENTRIES,
    FIGURE_BOOK_KNOWN,
    FIGURE_BOOK_OLD,
    FIGURE_BOOK_DEAD,
    FIGURE_DIALS,
    FIGURE_DIALS_FAILED,
    FIGURE_REQUESTS_SENT,
    FIGURE_REQUESTS_RECEIVED,
    FIGURE_ADDRESSES_RECEIVED,
    FIGURE_ATTACKERS_OUTBOUND,
    FIGURE_ATTACKERS_BOOK,
    FIGURE_ECLIPSED,
    FIGURES
};

struct figure_kind {
    const char *name;    /* in JSON */
    const char *heading; /* in the table: of this line and those behind it; NULL: as before */
    const char *label;   /* ... and of the line itself */
    const char *doc;
    int decimals;
    bool (*matters)(const struct scenario *scenario); /* has a line; NULL: always */
};

extern const struct figure_kind figure_kinds[FIGURES];

/* INFINITY: never happened; NAN: there is nothing to measure. */
struct figures {
    double of[FIGURES];
};

/* The same figures at several times, each as if the run ended then. */
struct series {
    struct figures *at; /* at[i]: after (i + 1) * every_s */
    size_t n;           /* 0: none are wanted */
    int64_t every_s;
};

/* What each says, as the last part of the command's help. */
void figures_help(void);

#endif
