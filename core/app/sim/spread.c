#include "app/sim/spread.h"

#include <math.h>
#include <stdlib.h>

static int by_size(const void *a, const void *b)
{
    double left = *(const double *)a, right = *(const double *)b;
    return (left > right) - (left < right);
}

/* What is left of them, in order. */
static size_t sort_values(double *values, size_t n)
{
    size_t kept = 0;
    for (size_t i = 0; i < n; i++)
        if (!isnan(values[i]))
            values[kept++] = values[i];
    if (kept > 0)
        qsort(values, kept, sizeof *values, by_size);
    return kept;
}

struct spread spread_of(double *values, size_t n)
{
    n = sort_values(values, n);
    if (n == 0)
        return (struct spread){NAN, NAN, NAN};
    return (struct spread){values[0], (values[(n - 1) / 2] + values[n / 2]) / 2, values[n - 1]};
}

double spread_reach(double *values, size_t n, double share)
{
    n = sort_values(values, n);
    return n == 0 ? NAN : values[(size_t)ceil(share * (double)n - 1e-9) - 1];
}
