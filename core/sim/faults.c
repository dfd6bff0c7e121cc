#include "sim/faults.h"

#include "sim/state.h"
#include <assert.h>
#include <stdlib.h>

#define ISLANDS 2

struct faults {
    struct faults_settings settings;
    struct rng rng;
    int64_t *back_ms; /* when each machine comes back */
    uint32_t *islands;
};

static uint32_t below(struct faults *faults, uint32_t n)
{
    return (uint32_t)rng_below(&faults->rng, n);
}

static int64_t random_ms(struct faults *faults, int64_t below_ms)
{
    return below_ms > 0 ? (int64_t)rng_below(&faults->rng, (uint64_t)below_ms) : 0;
}

static bool chance(struct faults *faults, unsigned percent)
{
    return below(faults, 100) < percent;
}

/* Plans the next fault of a kind, if it comes before the end. */
static void plan(struct sim *sim, struct faults *faults, int64_t every_ms,
    void (*fault)(void *context, struct sim *sim))
{
    int64_t at_ms = sim->now_ms + 1 + random_ms(faults, 2 * every_ms);
    if (every_ms > 0 && at_ms < faults->settings.until_ms)
        sim_at(sim, at_ms, fault, faults);
}

static int64_t ends_ms(const struct sim *sim, struct faults *faults, int64_t longest_ms)
{
    return earlier_ms(sim->now_ms + 1 + random_ms(faults, longest_ms), faults->settings.until_ms);
}

/* ---- machines ---- */

static void come_back(void *context, struct sim *sim)
{
    const struct faults *faults = context;
    for (uint32_t i = 0; i < faults->settings.machines_n; i++)
        if (!sim_is_on(sim, i) && faults->back_ms[i] <= sim->now_ms)
            sim_start(sim, i);
}

static void crash(void *context, struct sim *sim)
{
    struct faults *faults = context;
    const struct faults_settings *settings = &faults->settings;
    uint32_t i = below(faults, settings->machines_n);
    plan(sim, faults, settings->crash_every_ms, crash);
    if (!sim_is_on(sim, i))
        return;
    enum sim_end how = chance(faults, settings->stop_percent) ? SIM_STOP
        : chance(faults, settings->vanish_percent)            ? SIM_VANISH
                                                              : SIM_CRASH;
    sim_end(sim, i, how);
    if (chance(faults, settings->wipe_percent))
        sim_wipe(sim, i);
    faults->back_ms[i] = ends_ms(sim, faults, settings->down_max_ms);
    sim_at(sim, faults->back_ms[i], come_back, faults);
}

/* ---- the network ---- */

static void heal(void *context, struct sim *sim)
{
    (void)context;
    sim_heal(sim);
}

static void part(void *context, struct sim *sim)
{
    struct faults *faults = context;
    for (uint32_t i = 0; i < sim->machines_n; i++)
        faults->islands[i] = below(faults, ISLANDS);
    sim_partition(sim, faults->islands);
    sim_at(sim, ends_ms(sim, faults, faults->settings.apart_max_ms), heal, faults);
    plan(sim, faults, faults->settings.partition_every_ms, part);
}

static void reset(void *context, struct sim *sim)
{
    struct faults *faults = context;
    uint32_t i = below(faults, faults->settings.machines_n);
    sim_reset(sim, i, below(faults, 4));
    plan(sim, faults, faults->settings.reset_every_ms, reset);
}

/* ---- beginning and end ---- */

static void begin(void *context, struct sim *sim)
{
    struct faults *faults = context;
    sim_set_dial_loss(sim, faults->settings.dial_loss);
    plan(sim, faults, faults->settings.crash_every_ms, crash);
    plan(sim, faults, faults->settings.partition_every_ms, part);
    plan(sim, faults, faults->settings.reset_every_ms, reset);
}

static void end(void *context, struct sim *sim)
{
    sim_set_dial_loss(sim, 0);
    sim_heal(sim);
    come_back(context, sim);
}

struct faults *faults_new(struct sim *sim, const struct faults_settings *settings)
{
    assert(settings->machines_n > 0 && settings->machines_n <= sim->machines_n);
    struct faults *faults = need(calloc(1, sizeof *faults));
    faults->settings = *settings;
    rng_seed(&faults->rng, rng_next(&sim->rng));
    faults->back_ms = need(calloc(settings->machines_n, sizeof *faults->back_ms));
    faults->islands = need(calloc(sim->machines_n, sizeof *faults->islands));
    sim_at(sim, settings->from_ms, begin, faults);
    sim_at(sim, settings->until_ms, end, faults);
    return faults;
}

void faults_free(struct faults *faults)
{
    if (!faults)
        return;
    free(faults->back_ms);
    free(faults->islands);
    free(faults);
}
