/* What a wall clock that somebody sets does to a node: mono_ms orders everything inside a run. */
#include "node/state.h"

#define BACK_MIN_MS MINUTES_MS(1) /* less is a clock that is kept right */

static int64_t shown_ms(const struct node_clock *clock, int64_t mono_ms)
{
    return clock->shown.wall_ms + (mono_ms - clock->shown.mono_ms) / 2;
}

int64_t clock_shown_ms(const struct step *step)
{
    return shown_ms(&step->node->clock, step->now.mono_ms);
}

static void set_back(struct step *step)
{
    struct node *node = step->node;
    book_clock_set_back(node->book, step->now);
    log_write(&node->settings.log, LOG_INFO, "the clock was set back",
        LOG_NUMBER("seconds", (node->clock.last_wall_ms - step->now.wall_ms) / 1000));
}

void clock_begin_step(struct step *step)
{
    struct node_clock *clock = &step->node->clock;
    if (clock->last_wall_ms - step->now.wall_ms >= BACK_MIN_MS)
        set_back(step);
    clock->last_wall_ms = step->now.wall_ms;
    if (step->now.wall_ms >= shown_ms(clock, step->now.mono_ms))
        clock->shown = step->now;
}
