#include "book/reliability.h"

#include <math.h>

#include "book/inside.h"

#define FIRST_AGE_S 1000 /* a first dial speaks for this long before it */
#define TRIES_MAX 1e6F

static const double windows_s[BOOK_WINDOWS] = {
    2 * 3600, 8 * 3600, 24 * 3600, 7 * 24 * 3600, 30 * 24 * 3600};

static double fading(double age_s, enum book_window window)
{
    return age_s > 0 ? exp(-age_s / windows_s[window]) : 1;
}

void dials_note(struct book_dials *dials, struct now now, bool good)
{
    uint32_t now_s = book_seconds(now.wall_ms);
    double age_s = dials->last_s == 0 ? FIRST_AGE_S : (double)now_s - dials->last_s;
    for (unsigned i = 0; i < BOOK_WINDOWS; i++) {
        double left = fading(age_s, i);
        dials->good[i] = (float)(dials->good[i] * left + (good ? 1 - left : 0));
        dials->tries[i] = fminf((float)(dials->tries[i] * left + 1), TRIES_MAX);
    }
    if (dials->first_s == 0)
        dials->first_s = now_s;
    if (now_s > dials->last_s)
        dials->last_s = now_s;
}

struct book_reliability dials_reliability(
    const struct book_dials *dials, enum book_window window, struct now now)
{
    if (dials->last_s == 0)
        return (struct book_reliability){0};
    double span_s = (double)dials->last_s - dials->first_s + FIRST_AGE_S;
    double left = fading((double)book_seconds(now.wall_ms) - dials->last_s, window);
    double known = 1 - fading(span_s, window);
    return (struct book_reliability){
        .good = fmin(dials->good[window], known) * left,
        .known = known * left,
        .tries = dials->tries[window] * left,
    };
}

/* NaN becomes 0. */
static float clamped(float value, float max)
{
    return value > 0 ? (value < max ? value : max) : 0;
}

void dials_repair(struct book_dials *dials, struct now now)
{
    uint32_t now_s = book_seconds(now.wall_ms);
    if (dials->last_s > now_s)
        dials->last_s = now_s;
    if (dials->first_s == 0 || dials->first_s > dials->last_s)
        dials->first_s = dials->last_s;
    for (unsigned i = 0; i < BOOK_WINDOWS; i++) {
        dials->good[i] = clamped(dials->good[i], 1);
        dials->tries[i] = clamped(dials->tries[i], TRIES_MAX);
    }
    if (dials->last_s == 0)
        *dials = (struct book_dials){0};
}
