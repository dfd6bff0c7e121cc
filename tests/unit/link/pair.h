/* What most link tests stand on: two sides, and a puppet with the key of the second. */
#ifndef TESTS_LINK_PAIR_H
#define TESTS_LINK_PAIR_H

#include "unit/link/peer.h"

static struct side a, b;
static struct puppet puppet;

static int setup(void **state)
{
    (void)state;
    side_init(&a, SEED_A);
    side_init(&b, SEED_B);
    puppet_init(&puppet, SEED_B);
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    side_close(&a);
    side_close(&b);
    return 0;
}

#endif
