#include "sim/network.h"

#include "sim/conn.h"
#include <assert.h>
#include <stdlib.h>

static_assert(sizeof(struct endpoint) == 18, "an endpoint is a key of 18 bytes");

void network_init(struct sim *sim)
{
    sim->pair_seed = rng_next(&sim->rng);
    map_init(&sim->by_endpoint, sizeof(struct endpoint), rng_next(&sim->rng));
    map_init(&sim->reaches, sizeof(struct endpoint), rng_next(&sim->rng));
}

void network_free(struct sim *sim)
{
    map_free(&sim->by_endpoint);
    map_free(&sim->reaches);
    free(sim->names);
}

void network_add(struct sim *sim, const struct machine *machine)
{
    const struct endpoint *at = &machine->settings.at;
    assert(map_get(&sim->by_endpoint, at) == MAP_NONE);
    if (!map_put(&sim->by_endpoint, at, machine->index))
        need(NULL);
}

/* ---- distances ---- */

/* Drawn from the pair itself, so nothing has to be remembered; the square favours the near. */
static int64_t rtt_between(const struct sim *sim, uint64_t i, uint64_t j)
{
    struct rng rng;
    rng_seed(&rng, sim->pair_seed ^ (i < j ? i << 32 | j : j << 32 | i));
    double unit = rng_unit(&rng);
    int64_t span_ms = sim->settings.rtt_max_ms - sim->settings.rtt_min_ms;
    return sim->settings.rtt_min_ms + (int64_t)((double)span_ms * unit * unit);
}

int64_t sim_rtt_ms(const struct sim *sim, uint32_t i, uint32_t j)
{
    return rtt_between(sim, i, j);
}

/* ---- addresses ---- */

void sim_set_reach(struct sim *sim, const struct endpoint *at, enum sim_reach reach)
{
    if (!map_put(&sim->reaches, at, (uint32_t)reach))
        need(NULL);
}

void sim_set_dial_loss(struct sim *sim, double share)
{
    sim->settings.dial_loss = share;
}

static bool is_lost(struct sim *sim)
{
    double loss = sim->settings.dial_loss;
    return loss > 0 && rng_unit(&sim->rng) < loss;
}

struct answer network_dial(struct sim *sim, const struct machine *from, const struct endpoint *to)
{
    uint32_t index = map_get(&sim->by_endpoint, to);
    uint32_t reach = map_get(&sim->reaches, to);
    struct answer answer = {.patience_ms = sim->settings.dial_timeout_ms, .err = ERR_TIMEOUT};
    int64_t rtt_ms = rtt_between(sim, from->index, index);
    answer.one_way_ms = rtt_ms / 2;
    if (is_lost(sim))
        return answer;
    if (index != MAP_NONE) {
        answer.machine = sim->machines[index];
    } else if (reach == SIM_REFUSES && rtt_ms < answer.patience_ms) {
        answer.err = ERR_REFUSED;
        answer.patience_ms = rtt_ms;
    } else if (reach == SIM_UNREACHABLE) {
        answer.err = ERR_UNREACHABLE;
        answer.patience_ms = 0;
    }
    return answer;
}

/* ---- names ---- */

static struct host_name *find_name(const struct sim *sim, const char *host)
{
    for (size_t i = 0; i < sim->names_n; i++)
        if (strcmp(sim->names[i].text, host) == 0)
            return &sim->names[i];
    return NULL;
}

void sim_set_name(struct sim *sim, const char *host, const struct ip *ips, size_t n)
{
    assert(n <= RESOLVED_MAX && strlen(host) <= HOST_MAX);
    struct host_name *name = find_name(sim, host);
    if (!name) {
        sim->names = need(realloc(sim->names, (sim->names_n + 1) * sizeof *sim->names));
        name = &sim->names[sim->names_n++];
        *name = (struct host_name){0};
        memcpy(name->text, host, strlen(host) + 1);
    }
    name->ips_n = n;
    if (n > 0)
        memcpy(name->ips, ips, n * sizeof *ips);
}

size_t network_resolve(const struct sim *sim, const char *host, struct ip *ips)
{
    const struct host_name *name = find_name(sim, host);
    if (!name || name->ips_n == 0)
        return 0;
    memcpy(ips, name->ips, name->ips_n * sizeof *ips);
    return name->ips_n;
}

/* ---- faults ---- */

void sim_partition(struct sim *sim, const uint32_t *islands)
{
    for (uint32_t i = 0; i < sim->machines_n; i++)
        sim->machines[i]->island = islands[i];
    conn_islands_changed(sim);
}

void sim_heal(struct sim *sim)
{
    for (uint32_t i = 0; i < sim->machines_n; i++)
        sim->machines[i]->island = 0;
    conn_islands_changed(sim);
}

bool sim_reset(struct sim *sim, uint32_t i, uint32_t nth)
{
    struct side *side = sim->machines[i]->first;
    for (; side; side = side->next)
        if (side->state == SIDE_OPEN && side_other(side)->state == SIDE_OPEN && nth-- == 0)
            break;
    if (side)
        conn_reset(side);
    return side != NULL;
}
