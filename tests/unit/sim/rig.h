/* Small whole networks for the tests of this folder. Machine i has the ID with the bytes of i + 1
 * and its own /16, unless a test moves it. */
#ifndef TESTS_SIM_RIG_H
#define TESTS_SIM_RIG_H

#include "sim/sim.h"
#include "sim/watch.h"
#include "unit/node/policy.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>

#include <cmocka.h>

#define PORT 26656
#define RIG_MACHINES_MAX 64

struct rig {
    struct sim *sim;
    struct watch *watch;
    struct fake_policy policy; /* one for all: it remembers nothing but what it was asked */
};

static inline struct peer_id id_of(uint32_t i)
{
    struct peer_id id = {.bytes = {0x20}};
    for (int byte = 0; byte < 4; byte++)
        id.bytes[PEER_ID_SIZE - 1 - byte] = (uint8_t)((i + 1) >> (8 * byte));
    return id;
}

/* Routable, each in a /16 of its own for i < 4096. */
static inline struct endpoint endpoint_of(uint32_t i)
{
    uint32_t first = 32 + i / 256 % 64, second = i % 256, third = i / 16384;
    return (struct endpoint){ip_of_v4(first << 24 | second << 16 | third << 8 | 1), PORT};
}

static inline struct addr addr_of(uint32_t i)
{
    return (struct addr){id_of(i), endpoint_of(i)};
}

static inline struct addr_text text_of(const struct addr *addr)
{
    struct addr_text text = {.id = addr->id, .ip = addr->at.ip, .port = addr->at.port};
    ip_text(&addr->at.ip, text.host);
    return text;
}

static inline void rig_open(struct rig *rig, uint64_t seed)
{
    struct sim_settings settings = sim_settings_default();
    settings.seed = seed;
    *rig = (struct rig){
        .sim = sim_new(&settings), .policy = {.policy = {.ask = fake_ask, .wants = fake_wants}}};
}

/* Machine i as a test may still change it before sim_add. Books are small, so that many fit. */
static inline struct sim_machine machine_of(struct rig *rig, uint32_t i)
{
    struct sim_machine machine = sim_machine_default();
    machine.node.id = id_of(i);
    machine.at = endpoint_of(i);
    machine.policy = &rig->policy.policy;
    machine.book.new_buckets = 32;
    machine.book.old_buckets = 16;
    machine.book.new_bucket_size = machine.book.old_bucket_size = 32;
    machine.book.bans_max = 500;
    return machine;
}

/* From here on every step is checked. */
static inline void rig_start(struct rig *rig)
{
    rig->watch = watch_new(rig->sim, 1);
    for (uint32_t i = 0; i < sim_machines(rig->sim); i++)
        sim_start(rig->sim, i);
}

/* As rig_start, but only one: the others wait for sim_start. */
static inline void rig_start_only(struct rig *rig, uint32_t i)
{
    rig->watch = watch_new(rig->sim, 1);
    sim_start(rig->sim, i);
}

/* Lets time pass. */
static inline void rig_run(struct rig *rig, int64_t ms)
{
    sim_run_until(rig->sim, sim_now(rig->sim).mono_ms + ms);
}

static inline void rig_check(const struct rig *rig)
{
    const char *broken = rig->watch ? watch_broken(rig->watch) : NULL;
    if (broken)
        fail_msg("%s", broken);
}

static inline void rig_close(struct rig *rig)
{
    rig_check(rig);
    sim_free(rig->sim);
    watch_free(rig->watch);
}

static inline struct node_counts counts_of(const struct rig *rig, uint32_t i)
{
    return node_counts(sim_node(rig->sim, i));
}

struct wanted_peer {
    struct peer_id id;
    bool found, outbound;
};

static inline void find_peer(void *context, const struct node_peer *peer)
{
    struct wanted_peer *wanted = context;
    if (!peer_id_equal(&peer->id, &wanted->id))
        return;
    wanted->found = true;
    wanted->outbound = peer->outbound;
}

static inline bool is_connected(const struct sim *sim, uint32_t i, uint32_t j)
{
    struct wanted_peer wanted = {.id = sim_addr(sim, j).id};
    if (sim_node(sim, i))
        node_peers(sim_node(sim, i), find_peer, &wanted);
    return wanted.found;
}

/* Every machine that is on has every other for a peer. */
static inline bool all_connected(void *context, const struct sim *sim)
{
    (void)context;
    for (uint32_t i = 0; i < sim_machines(sim); i++)
        for (uint32_t j = 0; j < sim_machines(sim); j++)
            if (i != j && sim_is_on(sim, i) && sim_is_on(sim, j) && !is_connected(sim, i, j))
                return false;
    return true;
}

struct pair {
    uint32_t i, j;
};

static inline bool pair_connected(void *context, const struct sim *sim)
{
    const struct pair *pair = context;
    return is_connected(sim, pair->i, pair->j) && is_connected(sim, pair->j, pair->i);
}

static inline bool pair_apart(void *context, const struct sim *sim)
{
    const struct pair *pair = context;
    return !is_connected(sim, pair->i, pair->j) && !is_connected(sim, pair->j, pair->i);
}

/* Lets time pass until machines i and j are peers of each other; whether they are. */
static inline bool rig_connects(struct rig *rig, uint32_t i, uint32_t j, int64_t within_ms)
{
    struct pair pair = {i, j};
    return sim_run_until_true(
        rig->sim, sim_now(rig->sim).mono_ms + within_ms, 10, pair_connected, &pair);
}

static inline bool rig_parts(struct rig *rig, uint32_t i, uint32_t j, int64_t within_ms)
{
    struct pair pair = {i, j};
    return sim_run_until_true(
        rig->sim, sim_now(rig->sim).mono_ms + within_ms, 10, pair_apart, &pair);
}

#endif
