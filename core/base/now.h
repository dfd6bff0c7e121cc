/* Time, always handed in by the host; the core never reads a clock.
 *
 * mono_ms never goes back and orders everything inside a run: deadlines, ages, intervals.
 * wall_ms (Unix milliseconds) is only for what outlives the process: files and what people read.
 */
#ifndef BASE_NOW_H
#define BASE_NOW_H

#include <stdint.h>

struct now {
    int64_t mono_ms;
    int64_t wall_ms;
};

/* A deadline that never comes. */
#define NEVER_MS INT64_MAX

#define SECONDS_MS(n) ((int64_t)(n)*1000)
#define MINUTES_MS(n) SECONDS_MS((int64_t)(n)*60)
#define HOURS_MS(n) MINUTES_MS((int64_t)(n)*60)

static inline int64_t earlier_ms(int64_t a, int64_t b)
{
    return a < b ? a : b;
}

#endif
