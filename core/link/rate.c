#include "link/rate.h"

#define CLOCK_MS 20
#define SAMPLE_MS 100

static int64_t clock_ms(int64_t now_ms)
{
    return (now_ms + CLOCK_MS / 2) / CLOCK_MS * CLOCK_MS;
}

static int64_t sample_budget(int64_t bytes_per_s)
{
    int64_t budget = bytes_per_s / 10 + (bytes_per_s % 10 >= 5);
    return budget > 0 ? budget : 1;
}

void rate_count(struct rate *rate, int64_t now_ms, size_t n)
{
    int64_t clock = clock_ms(now_ms);
    if (clock - rate->sample_start_ms >= SAMPLE_MS) {
        rate->sample_start_ms = clock;
        rate->sample_bytes = 0;
    }
    rate->sample_bytes += (int64_t)n;
}

int64_t rate_resume_ms(const struct rate *rate, int64_t bytes_per_s)
{
    if (bytes_per_s < 1 || rate->sample_bytes < sample_budget(bytes_per_s))
        return INT64_MIN;
    /* the first moment that rounds to the end of the sample */
    return rate->sample_start_ms + SAMPLE_MS - CLOCK_MS / 2;
}
