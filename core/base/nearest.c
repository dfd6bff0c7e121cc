#include "base/nearest.h"

#include <stdbool.h>
#include <string.h>

#define UNFINISHED_MIN 3

static unsigned least(unsigned a, unsigned b)
{
    return a < b ? a : b;
}

unsigned edit_distance(const char *a, const char *b, unsigned max)
{
    size_t a_n = strlen(a), b_n = strlen(b);
    if (a_n > NEAREST_NAME_MAX || b_n > NEAREST_NAME_MAX)
        return max + 1;
    unsigned rows[3][NEAREST_NAME_MAX + 1]; /* of i - 2, i - 1 and i letters of a */
    unsigned *before = rows[0], *last = rows[1], *row = rows[2];
    for (size_t j = 0; j <= b_n; j++)
        last[j] = (unsigned)j;
    for (size_t i = 1; i <= a_n; i++) {
        row[0] = (unsigned)i;
        for (size_t j = 1; j <= b_n; j++) {
            unsigned cost = a[i - 1] != b[j - 1];
            row[j] = least(least(last[j] + 1, row[j - 1] + 1), last[j - 1] + cost);
            if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1])
                row[j] = least(row[j], before[j - 2] + 1);
        }
        unsigned *oldest = before;
        before = last;
        last = row;
        row = oldest;
    }
    return least(last[b_n], max + 1);
}

unsigned nearest_slip_max(const char *name)
{
    size_t n = strlen(name);
    return n <= 5 ? 1 : n <= 10 ? 2 : 4;
}

/* Whether the name lacks only words at its end: "wait" of "wait_s". */
static bool is_unfinished(const char *name, const char *known)
{
    size_t n = strlen(name);
    return n >= UNFINISHED_MIN && strncmp(name, known, n) == 0 && known[n] == '_';
}

/* Every slip is nearer than an unfinished name, which is nearer than nothing. */
struct nearest nearest_to(const char *name)
{
    return (struct nearest){.name = name, .distance = nearest_slip_max(name) + 2};
}

void nearest_try(struct nearest *nearest, const char *known)
{
    unsigned slip_max = nearest_slip_max(nearest->name);
    unsigned distance = edit_distance(nearest->name, known, slip_max);
    if (distance > slip_max && !is_unfinished(nearest->name, known))
        return;
    if (distance > nearest->distance)
        return;
    if (distance == nearest->distance && strcmp(known, nearest->found) >= 0)
        return;
    nearest->distance = distance;
    nearest->found = known;
}
