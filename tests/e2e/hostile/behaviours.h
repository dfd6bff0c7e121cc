/* Everything a client may do to a node, by name: `serve` is the honest one. */
#ifndef HOSTILE_BEHAVIOURS_H
#define HOSTILE_BEHAVIOURS_H

#include "e2e/hostile/client.h"

extern const struct behaviour behaviours[];
extern const size_t behaviours_n;

/* NULL: none of that name. */
const struct behaviour *behaviour_find(const char *name);

#endif
