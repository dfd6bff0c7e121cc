/* The places of a server's connections: how long each may take, and whose turn it is to go when
 * somebody else knocks and all are taken. No I/O.
 *
 * Who goes is of the origin that has the most places, so that one machine cannot keep others out;
 * of those, one that is not being answered, and of these the one whose step began first. An origin
 * is an IPv4 address or an IPv6 /64. */
#ifndef HTTP_PLACES_H
#define HTTP_PLACES_H

#include "addr/ip.h"
#include "base/now.h"

#define PLACES_MAX 32

struct place {
    int fd;              /* 0: this place is free */
    struct ip origin;    /* of IPv6 the first half, the rest 0 */
    bool is_cut;         /* its owner shut it down, and it is to be gone soon */
    bool is_answered;    /* a page is on its way; else a request is awaited */
    uint64_t step;       /* number of the step it is in: later steps have higher ones */
    int64_t deadline_ms; /* of this step */
};

/* All-zero: nobody is there. */
struct places {
    struct place all[PLACES_MAX];
    unsigned n; /* taken */
    uint64_t steps;
};

/* NULL: all are taken. Its first step is to be begun. */
struct place *places_take(struct places *places, int fd, const struct ip *from);
void places_leave(struct places *places, struct place *place);
/* The connection's next step, until deadline_ms. */
void places_step(struct places *places, struct place *place, bool is_answered, int64_t deadline_ms);
/* Who goes first, of those not cut off; NULL: nobody. */
struct place *places_weakest(struct places *places);
/* One that is late, of those not cut off; NULL: nobody is. */
struct place *places_late(struct places *places, int64_t now_ms);

#endif
