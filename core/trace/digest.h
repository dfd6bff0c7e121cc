/* A number that stands for bytes, to see whether they are the same or were damaged. Fast (a
 * multiplication for 8 bytes) and the same on every machine, but no protection against somebody who
 * looks for bytes with a given number. */
#ifndef TRACE_DIGEST_H
#define TRACE_DIGEST_H

#include "base/span.h"

uint64_t digest(struct span bytes);

#endif
