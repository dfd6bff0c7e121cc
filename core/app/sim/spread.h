/* Several values as one: where their middle is, and their ends.
 *
 * INFINITY stands for what never happened, behind all else; NAN for what could not be measured, and
 * is left out. */
#ifndef APP_SPREAD_H
#define APP_SPREAD_H

#include <stddef.h>

struct spread {
    double low, median, high; /* NAN: there is no value */
};

/* Puts the values in order. The median of an even number is the mean of the two in the middle. */
struct spread spread_of(double *values, size_t n);
/* The smallest value that so large a share of all is not above, 0 < share <= 1. Puts them in
 * order. NAN: there is none. */
double spread_reach(double *values, size_t n, double share);

#endif
