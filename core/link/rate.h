/* Flow limit of one direction (wire.md 5.5), after Go's flowrate monitor: bytes are counted per
 * sample of 100 ms on a clock rounded to 20 ms; once a sample's budget is used up, nothing moves
 * until the sample ends. What goes over the budget is not carried into the next sample. */
#ifndef LINK_RATE_H
#define LINK_RATE_H

#include <stddef.h>
#include <stdint.h>

struct rate {
    int64_t sample_start_ms; /* a multiple of 20 */
    int64_t sample_bytes;
};

/* Counts n bytes moved at now_ms. */
void rate_count(struct rate *rate, int64_t now_ms, size_t n);
/* The moment from which bytes may move again at bytes_per_s; when it is not later than now, now.
 * bytes_per_s < 1: no limit. */
int64_t rate_resume_ms(const struct rate *rate, int64_t bytes_per_s);

#endif
