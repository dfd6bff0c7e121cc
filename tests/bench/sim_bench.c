/* bench: sim
 *
 * What whole nodes on virtual time cost: N nodes that each know three others find their peers and
 * keep them.
 *
 *     bench_sim [--json] [NODES [MINUTES]]   (1000, 60) */
#include "sim/sim.h"
#include "unit/node/policy.h"

#include <malloc.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>

#define NODES 1000
#define MINUTES 60
#define KNOWN 3

static struct addr addr_of(uint32_t i)
{
    struct addr addr = {.at = {ip_of_v4((32u << 24) + (i << 8) + 1), 26656}};
    i++;
    memcpy(addr.id.bytes, &i, sizeof i);
    return addr;
}

static void add(struct sim *sim, uint32_t i, uint32_t nodes, struct policy *policy)
{
    struct sim_machine machine = sim_machine_default();
    struct addr known[KNOWN];
    for (uint32_t k = 0; k < KNOWN; k++)
        known[k] = addr_of((uint32_t)rng_below(sim_rng(sim), nodes));
    machine.node.id = addr_of(i).id;
    machine.node.book_save_interval_ms = HOURS_MS(1000000); /* images are not what is measured */
    machine.at = addr_of(i).at;
    machine.known = known;
    machine.known_n = KNOWN;
    machine.policy = policy;
    sim_add(sim, &machine);
}

static double cpu_seconds(const struct rusage *usage)
{
    return (double)(usage->ru_utime.tv_sec + usage->ru_stime.tv_sec) +
        (double)(usage->ru_utime.tv_usec + usage->ru_stime.tv_usec) / 1e6;
}

static void report(struct sim *sim, bool json, int64_t minutes)
{
    struct rusage usage;
    getrusage(RUSAGE_SELF, &usage);
    struct sim_counts counts = sim_counts(sim);
    uint64_t outbound = 0, nodes = sim_machines(sim);
    for (uint32_t i = 0; i < nodes; i++)
        outbound += node_counts(sim_node(sim, i)).outbound;
    double cpu_s = cpu_seconds(&usage);
    double kib = (double)usage.ru_maxrss / (double)nodes, mean = (double)outbound / (double)nodes;
    printf(json ? "{\"bench\":\"sim\",\"nodes\":%llu,\"minutes\":%lld,\"cpu_s\":%.3f,"
                  "\"kib_per_node\":%.0f,\"steps\":%llu,\"outbound\":%.2f}\n"
                : "%llu nodes, %lld virtual minutes: %.2f s of CPU, %.0f KiB a node, %llu steps, "
                  "%.1f outbound peers each\n",
        (unsigned long long)nodes, (long long)minutes, cpu_s, kib, (unsigned long long)counts.steps,
        mean);
}

/* glibc takes 128 KiB more than it was asked for, and calloc clears that for the next table, needed
 * or not: half a node more, or a fifth, by the order of what is taken. */
static void choose_memory(void)
{
    mallopt(M_TOP_PAD, 0);
}

int main(int argc, char **argv)
{
    bool json = argc > 1 && strcmp(argv[1], "--json") == 0;
    uint32_t nodes = argc > 1 + json ? (uint32_t)strtoul(argv[1 + json], NULL, 10) : NODES;
    int64_t minutes = argc > 2 + json ? strtoll(argv[2 + json], NULL, 10) : MINUTES;
    choose_memory();
    struct fake_policy *policy = calloc(1, sizeof *policy);
    struct sim_settings settings = sim_settings_default();
    struct sim *sim = sim_new(&settings);
    if (!policy || nodes == 0)
        return 2;
    policy->policy.ask = fake_ask;
    for (uint32_t i = 0; i < nodes; i++)
        add(sim, i, nodes, &policy->policy);
    for (uint32_t i = 0; i < nodes; i++)
        sim_start(sim, i);
    sim_run_until(sim, MINUTES_MS(minutes));
    report(sim, json, minutes);
    sim_free(sim);
    free(policy);
    return 0;
}
