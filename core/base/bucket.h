/* Token bucket: `rate` tokens a second up to `burst`. All-zero is a full bucket. */
#ifndef BASE_BUCKET_H
#define BASE_BUCKET_H

#include <stdbool.h>
#include <stdint.h>

struct bucket {
    double used; /* tokens missing from a full bucket */
    int64_t at_ms;
};

/* Tokens available now. */
static inline double bucket_level(
    const struct bucket *bucket, int64_t mono_ms, double rate, double burst)
{
    double back = (double)(mono_ms - bucket->at_ms) * rate / 1000.0;
    double used = bucket->used > back ? bucket->used - back : 0;
    return burst - used;
}

/* Takes one token; false when there is none. */
static inline bool bucket_take(struct bucket *bucket, int64_t mono_ms, double rate, double burst)
{
    double level = bucket_level(bucket, mono_ms, rate, burst);
    if (level < 1)
        return false;
    *bucket = (struct bucket){.used = burst - level + 1, .at_ms = mono_ms};
    return true;
}

#endif
